#include "config/process_values.h"

#include <charconv>
#include <csignal>
#include <cstring>

#include "config/patterns.h"
#include "config/shell_words.h"
#include "config/suggest.h"
#include "config/values.h"

namespace frontdoor::config {

namespace {

using Kind = Value::Kind;

std::string variable_problem(std::string_view name) {
  if (name.empty() || name.find_first_of(std::string_view("=\0", 2)) != std::string_view::npos)
    return "the name of a variable has no =";
  return "";
}

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

}  // namespace

void read_command(const schema::Key& key, const Value& value, std::vector<std::string>& command,
                  Diagnostics& diagnostics) {
  const std::string name = std::string(key.name) + ": ";
  command.clear();  // a profile's comes after the pool's
  if (value.is(Kind::Text)) {
    const auto words = split_shell_words(value.text);
    if (words)
      command = *words;
    else
      diagnostics.error(value.at, name + quote(value.text) + " will not do: " + words.error().what);
  } else if (value.is(Kind::List)) {
    for (const auto& word : value.items) {
      if (word.is(Kind::Text))
        command.push_back(word.text);
      else
        wrong_type(key.name, "a list of words as in [\"node\", \"server.js\"]", word, diagnostics);
    }
    if (value.items.empty() || (!command.empty() && command.front().empty()))
      diagnostics.error(value.at, name + "there is no command in it");
  } else {
    return wrong_type(key.name, "a command as in \"node server.js\"", value, diagnostics);
  }
  for (const auto& word : command)
    if (has_nul(word)) diagnostics.error(value.at, name + "a word of a command has no NUL in it");
}

std::string format_command(const std::vector<std::string>& command) {
  std::string text;
  for (const auto& word : command) text += (text.empty() ? "" : ", ") + toml_string(word);
  return '[' + text + ']';
}

void read_variables(const schema::Key& key, const Value& value,
                    std::vector<std::pair<std::string, std::string>>& variables, Diagnostics& diagnostics) {
  if (!value.is(Kind::Table))
    return wrong_type(key.name, "a table as in { NODE_ENV = \"production\" }", value, diagnostics);
  for (const auto& entry : value.entries) {
    const std::string problem = variable_problem(entry.key);
    if (!problem.empty())
      diagnostics.error(entry.at,
                        std::string(key.name) + ": " + quote(entry.key) + " will not do: " + problem);
    else if (!entry.value.is(Kind::Text))
      wrong_type(std::string(key.name) + "." + entry.key, "text", entry.value, diagnostics);
    else if (has_nul(entry.value.text))
      diagnostics.error(entry.value.at,
                        std::string(key.name) + "." + entry.key + ": a variable has no NUL in it");
    else
      variables.emplace_back(entry.key, entry.value.text);
  }
}

// Values may be secrets: a config that is printed shows the names alone.
std::string format_variables(const std::vector<std::pair<std::string, std::string>>& variables) {
  std::string text;
  for (const auto& [name, value] : variables)
    text += (text.empty() ? " " : ", ") + toml_key(name) + " = \"***\"";
  return '{' + text + (text.empty() ? "}" : " }");
}

std::optional<int> parse_signal(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size())
    return number > 0 && number < NSIG ? std::optional(number) : std::nullopt;
  if (text.starts_with("SIG")) text.remove_prefix(3);
  for (int signal = 1; signal < NSIG; ++signal) {
    const char* const name = ::sigabbrev_np(signal);
    if (name && text == name) return signal;
  }
  return std::nullopt;
}

std::string umask_problem(std::string_view text) {
  const bool octal = text.size() <= 4 && text.find_first_not_of("01234567") == std::string_view::npos;
  const bool permissions = text.size() < 4 || text.front() == '0';
  return octal && permissions ? "" : "write it in octal, as in \"022\", up to \"777\"";
}

std::string stop_signal_problem(std::string_view text) {
  if (!parse_signal(text)) return "write the name of a signal, as in \"SIGTERM\" or \"SIGINT\"";
  return "";
}

std::string hung_signal_problem(std::string_view text) { return text.empty() ? "" : stop_signal_problem(text); }

}  // namespace frontdoor::config
