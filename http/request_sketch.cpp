#include "http/request_sketch.h"

#include "http/syntax.h"

namespace frontdoor::http {
namespace {

constexpr std::size_t kLongestMethod = 32;
constexpr std::size_t kLongestTarget = 1024;

// Takes the line off the front of `text`, without its end; all of it when the end has not come.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

std::string_view without_blanks(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

RequestSketch sketch_request(std::string_view bytes) {
  RequestSketch sketch;
  const auto begin = bytes.find_first_not_of("\r\n");
  if (begin == std::string_view::npos) return sketch;
  bytes.remove_prefix(begin);

  const std::string_view line = take_line(bytes);
  const auto method_end = line.substr(0, kLongestMethod + 1).find(' ');
  if (method_end == std::string_view::npos || !syntax::is_token(line.substr(0, method_end))) return sketch;
  const std::string_view rest = without_blanks(line.substr(method_end));
  if (rest.empty()) return sketch;
  const std::string_view target = rest.substr(0, rest.find(' '));
  sketch.method = line.substr(0, method_end);
  sketch.target = target.substr(0, kLongestTarget);
  if (rest.ends_with(" HTTP/1.0")) sketch.version = Version::Http10;
  if (rest.ends_with(" HTTP/2.0")) sketch.version = Version::Http2;

  while (!bytes.empty() && sketch.host.empty()) {
    const std::string_view field = take_line(bytes);
    const auto colon = field.find(':');
    if (colon != std::string_view::npos && equal_ignoring_case(without_blanks(field.substr(0, colon)), "host"))
      sketch.host = without_blanks(field.substr(colon + 1)).substr(0, kLongestTarget);
  }
  return sketch;
}

}  // namespace frontdoor::http
