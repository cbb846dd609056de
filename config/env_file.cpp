#include "config/env_file.h"

#include <algorithm>
#include <optional>

#include "base/trimmed.h"

namespace frontdoor::config {
namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool is_name_start(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name(std::string_view text) {
  return !text.empty() && is_name_start(text.front()) && std::all_of(text.begin(), text.end(), [](char c) {
    return is_name_start(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
  });
}

// Up to a # that stands at the beginning or behind a blank.
std::string_view without_comment(std::string_view text) {
  for (std::size_t at = 0; at < text.size(); ++at)
    if (text[at] == '#' && (at == 0 || is_blank(text[at - 1]))) return text.substr(0, at);
  return text;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);  // some editors begin a file so
  }

  boost::system::result<Variables, EnvFileError> parse() {
    Variables variables;
    while (!rest_.empty()) {
      if (auto error = parse_line(variables)) return *error;
    }
    return variables;
  }

 private:
  std::optional<EnvFileError> parse_line(Variables& variables) {
    ++line_;
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    const std::string_view line = rest_.substr(0, end);
    if (const auto text = trimmed(line); text.empty() || text.front() == '#') {
      leave(end);
      return std::nullopt;
    }
    const std::size_t sign = line.find('=');
    std::string_view name = trimmed(line.substr(0, sign));
    if (name.starts_with("export") && name.size() > 6 && is_blank(name[6])) name = trimmed(name.substr(6));
    if (sign == std::string_view::npos) return EnvFileError(line_, "a line is NAME=value, and this one has no =");
    if (!is_name(name))
      return EnvFileError(line_, "the name before the = has letters, digits, \"_\", \".\" and \"-\", and no digit first");
    std::string value;
    rest_.remove_prefix(sign + 1);
    while (!rest_.empty() && is_blank(rest_.front())) rest_.remove_prefix(1);
    if (auto error = parse_value(std::string(name), value)) return error;
    if (value.find('\0') != std::string::npos) return EnvFileError(line_, std::string(name) + " has a NUL in its value");
    set_variable(variables, std::string(name), value);
    return std::nullopt;
  }

  std::optional<EnvFileError> parse_value(const std::string& name, std::string& value) {
    const char quote = rest_.empty() ? '\n' : rest_.front();
    if (quote != '"' && quote != '\'') {
      const std::size_t end = std::min(rest_.find('\n'), rest_.size());
      value = trimmed(without_comment(rest_.substr(0, end)));
      leave(end);
      return std::nullopt;
    }
    const std::size_t first = line_;
    std::size_t at = 1;
    for (; at < rest_.size() && rest_[at] != quote; ++at) {
      if (rest_[at] == '\n') ++line_;
      if (quote == '"' && rest_[at] == '\\' && at + 1 < rest_.size())
        append_escape(rest_[++at], value);
      else
        value += rest_[at];
    }
    if (at >= rest_.size())
      return EnvFileError(first, std::string("the quote ") + quote + " of " + name + " is not closed");
    rest_.remove_prefix(at + 1);
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    if (!trimmed(without_comment(rest_.substr(0, end))).empty())
      return EnvFileError(line_, std::string("there is something behind the closing ") + quote + " of " + name);
    leave(end);
    return std::nullopt;
  }

  // One that is none stays as it stands: a path of Windows, a regular expression.
  void append_escape(char c, std::string& value) {
    switch (c) {
      case 'n': value += '\n'; return;
      case 'r': value += '\r'; return;
      case 't': value += '\t'; return;
      case '"':
      case '\\':
      case '$': value += c; return;
      default: break;
    }
    if (c == '\n') ++line_;
    value += '\\';
    value += c;
  }

  void leave(std::size_t end) { rest_.remove_prefix(std::min(end + 1, rest_.size())); }

  std::string_view rest_;
  std::size_t line_ = 0;
};

}  // namespace

boost::system::result<Variables, EnvFileError> parse_env_file(std::string_view text) { return Parser(text).parse(); }

void set_variable(Variables& variables, const std::string& name, const std::string& value) {
  const auto known =
      std::find_if(variables.begin(), variables.end(), [&](const auto& variable) { return variable.first == name; });
  if (known == variables.end())
    variables.emplace_back(name, value);
  else
    known->second = value;
}

}  // namespace frontdoor::config
