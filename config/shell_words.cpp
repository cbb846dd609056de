#include "config/shell_words.h"

#include <optional>
#include <utility>

namespace frontdoor {

namespace {

ShellWordsError error_at(std::size_t at, std::string what) {
  ShellWordsError error;  // member by member: g++ 12 warns of an overread that is not there otherwise
  error.what = std::move(what);
  error.at = at;
  return error;
}

ShellWordsError needs_a_shell(std::size_t at, char c) {
  return error_at(at, std::string(1, c) + " needs a shell: [\"sh\", \"-c\", \"…\"]");
}

constexpr std::string_view kBlanks = " \t\r\n";
// Unquoted, each of these means something to a shell.
constexpr std::string_view kNeedsShell = "|&;<>()$`*?[]{}~#!";

bool needs_shell(char c, bool at_word_start) {
  if (c == '#' || c == '~' || c == '!' || c == '{' || c == '[')
    return at_word_start;  // harmless inside a word
  if (c == '}' || c == ']') return false;
  return kNeedsShell.find(c) != std::string_view::npos;
}

}  // namespace

boost::system::result<std::vector<std::string>, ShellWordsError> split_shell_words(std::string_view text) {
  std::vector<std::string> words;
  std::optional<std::string> word;  // the one under way; '' is one, too
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (kBlanks.find(c) != std::string_view::npos) {
      if (word) words.push_back(*std::exchange(word, std::nullopt));
      continue;
    }
    const bool first = !word;
    if (first) word.emplace();
    if (c == '\\') {
      if (++i == text.size()) return error_at(i - 1, "a \\ with nothing behind it");
      *word += text[i];
    } else if (c == '\'' || c == '"') {
      const std::size_t opened = i;
      while (++i < text.size() && text[i] != c) {
        // Between double quotes a \ only escapes what would mean something there.
        const bool escapes = c == '"' && text[i] == '\\' && i + 1 < text.size() &&
                             std::string_view("\"\\$`").find(text[i + 1]) != std::string_view::npos;
        if (c == '"' && !escapes && (text[i] == '$' || text[i] == '`')) return needs_a_shell(i, text[i]);
        if (escapes) ++i;
        *word += text[i];
      }
      if (i >= text.size()) return error_at(opened, std::string("the quote ") + c + " is not closed");
    } else if (needs_shell(c, first)) {
      return needs_a_shell(i, c);
    } else {
      *word += c;
    }
  }
  if (word) words.push_back(*word);
  if (words.empty()) return error_at(0, "there is no command in it");
  return words;
}

}  // namespace frontdoor
