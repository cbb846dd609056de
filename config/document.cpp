// The only file that includes toml++. It also says in people's words what the parser says in a parser's.

#include "config/document.h"

#include <toml++/toml.h>

#include <algorithm>
#include <tuple>

#include "base/trimmed.h"
#include "config/unclosed_string.h"

namespace frontdoor::config {
namespace {

// toml++ limits nested brackets but not "a.a.a.…", which it and we walk recursively.
constexpr int max_dots = 100;

Position position(const toml::source_region& source, std::uint32_t file) {
  return {file, source.begin.line, source.begin.column};
}

bool before(Position a, Position b) { return std::tie(a.line, a.column) < std::tie(b.line, b.column); }

Value convert(const toml::node& node, std::uint32_t file);

void convert_table(const toml::table& table, std::uint32_t file, Value& value) {
  value.kind = Value::Kind::Table;
  for (const auto& [key, node] : table)
    value.entries.push_back({std::string(key.str()), position(key.source(), file), convert(node, file)});
  std::stable_sort(value.entries.begin(), value.entries.end(),
                   [](const Entry& a, const Entry& b) { return before(a.at, b.at); });
}

void convert_list(const toml::array& list, std::uint32_t file, Value& value) {
  value.kind = Value::Kind::List;
  for (const auto& node : list) value.items.push_back(convert(node, file));
}

Value convert(const toml::node& node, std::uint32_t file) {
  Value value;
  value.at = position(node.source(), file);
  if (const auto* table = node.as_table()) {
    convert_table(*table, file, value);
  } else if (const auto* list = node.as_array()) {
    convert_list(*list, file, value);
  } else if (const auto* text = node.as_string()) {
    value.kind = Value::Kind::Text;
    value.text = text->get();
  } else if (const auto* integer = node.as_integer()) {
    value.kind = Value::Kind::Integer;
    value.integer = integer->get();
  } else if (const auto* number = node.as_floating_point()) {
    value.kind = Value::Kind::Float;
    value.number = number->get();
  } else if (const auto* boolean = node.as_boolean()) {
    value.kind = Value::Kind::Boolean;
    value.boolean = boolean->get();
  } else {
    value.kind = Value::Kind::Date;
  }
  return value;
}

// What follows the string that opens with text's first character, a quote. An unclosed one ends with its line, or with
// the text: the parser stops there too.
std::string_view after_string(std::string_view text) {
  const char quote = text.front();
  const std::string_view three = text.substr(0, 3);
  const bool lines = three == R"(""")" || three == "'''";
  const std::string_view close = lines ? three : three.substr(0, 1);
  text.remove_prefix(close.size());
  while (!text.empty() && !text.starts_with(close)) {
    if (!lines && text.front() == '\n') return text;
    text.remove_prefix(quote == '"' && text.front() == '\\' ? std::min<std::size_t>(2, text.size()) : 1);
  }
  text.remove_prefix(std::min(close.size(), text.size()));
  // The string of several lines may end with one or two quotes of its own.
  for (int own = 0; lines && own < 2 && text.starts_with(quote); ++own) text.remove_prefix(1);
  return text;
}

// Dots within strings and comments separate no keys.
bool nested_too_deeply(std::string_view text) {
  int dots = 0;
  while (!text.empty()) {
    const char c = text.front();
    if (c == '"' || c == '\'') {
      text = after_string(text);
      continue;
    }
    if (c == '#') {
      text.remove_prefix(std::min(text.find('\n'), text.size()));
      continue;
    }
    if (c == '.' && ++dots > max_dots) return true;
    if (std::string_view("=,[]{}\n").find(c) != std::string_view::npos) dots = 0;
    text.remove_prefix(1);
  }
  return false;
}

std::string_view line_of(std::string_view text, std::uint32_t number) {
  for (std::uint32_t line = 1; line < number; ++line) {
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return {};
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

// The mistake people make most, in their own words: interval = 2s, listen = :8080, format = json.
std::string quotes_hint(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return "";
  const auto key = trimmed(line.substr(0, equals));
  const auto value = trimmed(line.substr(equals + 1));
  if (value.find("\xE2\x80\x9C") != std::string_view::npos ||
      value.find("\xE2\x80\x9D") != std::string_view::npos)
    return "; these quotes are curly, write straight ones: \"";
  if (value.starts_with('[') && value.find_first_of("\"'") == std::string_view::npos)
    return "; each text in a list needs quotes: [\"one\", \"two\"]";
  if (key.empty() || value.empty() || value.find_first_of("\"'[]{},") != std::string_view::npos) return "";
  return "; text needs quotes: " + std::string(key) + " = \"" + std::string(value) + '"';
}

// toml++ opens with "Error while parsing string: " and may quote a line break.
std::string syntax_message(std::string_view description, std::string_view line) {
  constexpr std::string_view opening = "Error while ";
  if (description.starts_with(opening)) description.remove_prefix(opening.size());
  std::string message = "this is not TOML: ";
  for (const char c : description)
    if (static_cast<unsigned char>(c) >= ' ') message += c;
  if (message.find("redefine") != std::string::npos) return message;
  return message + quotes_hint(line);
}

// A string that has no end, which the parser calls a control character or the end of the file; and the quote
// that is missing somewhere, which it takes for whatever follows.
bool explain_quotes(std::string_view text, Position at, Diagnostics& diagnostics, std::string& hint) {
  const auto open = find_unclosed_string(text);
  if (!open) return false;
  const Position begin{at.file, open->line, open->column};
  const std::string quote(open->quote);
  if (before(begin, at)) {
    diagnostics.error(
        begin, quote.size() == 1
                   ? "the string that begins here has no closing " + quote + " on its line"
                   : "the string that begins here has no closing " + quote + " before the end of the file");
    return true;
  }
  if (begin.line == at.line) hint = "; is a " + quote + " missing on this line?";
  return false;
}

}  // namespace

Value Value::invalid(Position at) {
  Value value;
  value.at = at;
  return value;
}

Value Value::empty_table(Position at) {
  Value value = invalid(at);
  value.kind = Kind::Table;
  return value;
}

const Value* Value::find(std::string_view key) const {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.key == key; });
  return found == entries.end() ? nullptr : &found->value;
}

std::string_view name_of(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::Text:
      return "a string";
    case Value::Kind::Integer:
      return "an integer";
    case Value::Kind::Float:
      return "a number with a point";
    case Value::Kind::Boolean:
      return "true or false";
    case Value::Kind::Date:
      return "a date or time";
    case Value::Kind::List:
      return "a list";
    case Value::Kind::Table:
      return "a table";
    case Value::Kind::Invalid:
      break;
  }
  return "nothing";
}

bool parse_document(std::string_view text, std::uint32_t file, Value& root, Diagnostics& diagnostics) {
  root = Value::empty_table({file, 1, 1});
  if (nested_too_deeply(text)) {
    diagnostics.error({file, 0, 0},
                      "a key with more than " + std::to_string(max_dots) + " dots is not supported");
    return false;
  }
  try {
    convert_table(toml::parse(text), file, root);
    return true;
  } catch (const toml::parse_error& error) {
    const auto at = position(error.source(), file);
    std::string hint;
    if (!explain_quotes(text, at, diagnostics, hint))
      diagnostics.error(at, syntax_message(error.description(), line_of(text, at.line)) + hint);
    return false;
  }
}

}  // namespace frontdoor::config
