#include "config/unclosed_string.h"

namespace frontdoor::config {
namespace {

// A place in the text; knows its line and column.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  bool at_line_end() const { return at_end() || rest_.front() == '\n' || rest_.starts_with("\r\n"); }
  bool at(std::string_view what) const { return rest_.starts_with(what); }
  char front() const { return rest_.front(); }
  UnclosedString here(std::size_t quotes) const { return {line_, column_, rest_.substr(0, quotes)}; }

  void skip(std::size_t bytes = 1) {
    for (; bytes > 0 && !at_end(); --bytes) {
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      if (byte == '\n') {
        ++line_;
        column_ = 1;
      } else if (rest_.empty() || (static_cast<unsigned char>(rest_.front()) & 0xc0) != 0x80) {
        ++column_;  // with the last byte of a character
      }
    }
  }

 private:
  std::string_view rest_;
  std::uint32_t line_ = 1, column_ = 1;
};

// Stands on the opening quotes; false: they are not closed.
bool skip_string(Cursor& cursor, std::string_view quotes) {
  const bool escapes = quotes.front() == '"';
  const bool one_line = quotes.size() == 1;
  cursor.skip(quotes.size());
  while (!cursor.at_end()) {
    if (cursor.at(quotes)) {
      cursor.skip(quotes.size());
      while (!one_line && cursor.at(quotes.substr(0, 1)))
        cursor.skip();  // """" ends with a quote of the text
      return true;
    }
    if (one_line && cursor.at_line_end()) return false;
    if (escapes && cursor.at("\\")) cursor.skip();
    if (one_line && cursor.at_line_end()) return false;
    cursor.skip();
  }
  return false;
}

}  // namespace

std::optional<UnclosedString> find_unclosed_string(std::string_view text) {
  Cursor cursor(text);
  while (!cursor.at_end()) {
    if (cursor.at("#")) {
      while (!cursor.at_line_end()) cursor.skip();
    } else if (cursor.at("\"") || cursor.at("'")) {
      const bool three = cursor.at("\"\"\"") || cursor.at("'''");
      const auto begin = cursor.here(three ? 3 : 1);
      if (!skip_string(cursor, begin.quote)) return begin;
    } else {
      cursor.skip();
    }
  }
  return std::nullopt;
}

}  // namespace frontdoor::config
