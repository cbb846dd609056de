#include "admin/path.h"

namespace frontdoor {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
      if (low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) return std::nullopt;
    result += c;
  }
  return result;
}

// Takes what stands before `mark` off the front; all of it when there is none.
std::string_view take_until(std::string_view& text, char mark) {
  const auto end = text.find(mark);
  const std::string_view piece = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return piece;
}

}  // namespace

std::optional<AdminPath> parse_admin_path(std::string_view target) {
  if (!target.starts_with('/')) return std::nullopt;
  std::string_view query = target;
  std::string_view path = take_until(query, '?');
  AdminPath result;
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = path.find('/');
    auto segment = decoded(path.substr(0, end));
    if (!segment) return std::nullopt;
    result.segments.push_back(std::move(*segment));
    path.remove_prefix(end == std::string_view::npos ? path.size() : end);
  }
  while (!query.empty()) {
    std::string_view value = take_until(query, '&');
    const auto name = decoded(take_until(value, '='));
    const auto text = decoded(value);
    if (!name || !text) return std::nullopt;
    if (!name->empty()) result.parameters.insert_or_assign(*name, *text);
  }
  return result;
}

}  // namespace frontdoor
