#include "importer/shell_command.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "config/shell_words.h"

namespace frontdoor::importer {
namespace {

bool is_name_char(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t'; }

// The length of NAME= at the front; 0 when there is none.
std::size_t assignment_at_front(std::string_view word) {
  if (word.empty() || std::isdigit(static_cast<unsigned char>(word.front())) != 0) return 0;
  std::size_t end = 0;
  while (end < word.size() && is_name_char(word[end])) ++end;
  return end > 0 && end < word.size() && word[end] == '=' ? end + 1 : 0;
}

// A shell does these itself, so that there is no program to execute in its place.
constexpr auto builtins = std::to_array<std::string_view>(
    {".",    ":",     "[",      "alias", "bg",    "break", "builtin", "cd",   "command", "continue", "declare",
     "echo", "eval",  "exec",   "exit",  "export", "false", "fg",      "hash", "jobs",    "kill",     "let",
     "local", "printf", "pwd",   "read",  "readonly", "return", "set",   "shift", "source", "test",    "times",
     "trap", "true",  "type",   "typeset", "ulimit", "umask", "unalias", "unset", "wait"});

// With one of these a line has a structure that its separators do not show.
constexpr auto keywords = std::to_array<std::string_view>(
    {"!", "{", "}", "[[", "case", "coproc", "do", "done", "elif", "else", "esac", "eval", "fi", "for", "function", "if",
     "in", "select", "then", "time", "trap", "until", "while"});

template <std::size_t N>
bool is_one_of(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// One simple command of a line, as offsets.
struct Segment {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// The commands between `&&`, `||` and `;`; nothing when the line has more of a shell in it than these, so that where
// its last command begins can not be told.
std::vector<Segment> simple_commands(std::string_view line) {
  std::vector<Segment> segments(1);
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == '\\' && quote == '"') ++i;
      if (c == '`' && quote == '"') return {};
      if (c == quote) quote = 0;
      continue;
    }
    const char before = i == 0 ? ' ' : line[i - 1];
    const char next = i + 1 < line.size() ? line[i + 1] : ' ';
    const bool word_start = is_blank(before) || before == ';' || before == '&' || before == '|';
    if (c == '\\') {
      ++i;
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '`' || c == '(' || c == ')' || c == '\n' || (c == '<' && next == '<')) {
      return {};
    } else if ((c == '#' || c == '{' || c == '}') && word_start) {
      return {};
    } else if (c == '&' && (before == '>' || before == '<')) {
      continue;  // 2>&1
    } else if (c == ';' || ((c == '&' || c == '|') && next == c)) {
      segments.back().end = i;
      if (c != ';') ++i;
      segments.push_back({i + 1, 0});
    } else if (c == '&' || c == '|') {
      return {};  // in the background, or a pipe
    }
  }
  if (quote != 0) return {};
  segments.back().end = line.size();
  return segments;
}

// Where the command's own word begins, behind blanks and assignments.
std::size_t command_word(std::string_view line, Segment segment) {
  std::size_t at = segment.begin;
  for (;;) {
    while (at < segment.end && is_blank(line[at])) ++at;
    if (assignment_at_front(line.substr(at, segment.end - at)) == 0) return at;
    char quote = 0;
    for (; at < segment.end && (quote != 0 || !is_blank(line[at])); ++at) {
      if (quote == 0 && (line[at] == '\'' || line[at] == '"')) quote = line[at];
      else if (line[at] == quote) quote = 0;
      else if (line[at] == '\\' && quote != '\'') ++at;
    }
    at = std::min(at, segment.end);  // a backslash at the very end
  }
}

std::string_view word_at(std::string_view line, std::size_t at, std::size_t end) {
  std::size_t stop = at;
  while (stop < end && !is_blank(line[stop])) ++stop;
  return line.substr(at, stop - at);
}

// `env` and `cross-env NODE_ENV=production node server.js`: all that they do is what the assignment in front does here.
bool only_assigns(const std::vector<std::string>& words) {
  return words.size() > 1 && (words.front() == "cross-env" || words.front() == "env") && !words[1].starts_with('-');
}

// Takes the assignments in front of the command, until its own word is in front.
void take_assignments(std::vector<std::string>& words, ShellCommand& command) {
  while (!words.empty()) {
    const std::string front = words.front();
    const std::size_t length = assignment_at_front(front);
    if (length == 0 && !only_assigns(words)) return;
    words.erase(words.begin());
    if (length == 0) continue;
    const std::string name = front.substr(0, length - 1);
    if (name == "PORT") command.port = front.substr(length);
    else assign(command.env, name, front.substr(length));
  }
}

}  // namespace

bool assigns(std::string_view line, std::string_view name) {
  const std::string wanted = std::string(name) + '=';
  for (auto at = line.find(wanted); at != line.npos; at = line.find(wanted, at + 1))
    if (at == 0 || (!is_name_char(line[at - 1]) && line[at - 1] != '$' && line[at - 1] != '-')) return true;
  return false;
}

std::string with_exec(std::string_view line) {
  const auto segments = simple_commands(line);
  if (segments.empty()) return std::string(line);
  for (const Segment& segment : segments) {
    const std::size_t at = command_word(line, segment);
    if (is_one_of(keywords, word_at(line, at, segment.end))) return std::string(line);
  }
  const Segment last = segments.back();
  const std::size_t at = command_word(line, last);
  if (at >= last.end || is_one_of(builtins, word_at(line, at, last.end)) || line[at] == '<' || line[at] == '>')
    return std::string(line);
  return std::string(line.substr(0, at)) + "exec " + std::string(line.substr(at));
}

std::vector<std::string> shell_argv(std::string_view text) { return {"/bin/sh", "-c", std::string(text)}; }

boost::system::result<ShellCommand, std::string> to_command(std::string_view line) {
  ShellCommand command;
  auto words = split_shell_words(line);
  const bool needs_a_shell = !words && words.error().what.find("needs a shell") != std::string::npos;
  if (!words && !needs_a_shell) return words.error().what;
  if (words) {
    if (words->front() == "exec" && words->size() > 1) words->erase(words->begin());
    take_assignments(*words, command);
    if (words->empty()) return std::string("there is no command in it");
    if (!is_one_of(builtins, words->front()) && !is_one_of(keywords, words->front())) {
      command.words = std::move(*words);
      return command;
    }
    command = {};
  }
  command.by_shell = true;
  command.sets_port = assigns(line, "PORT");
  command.words = shell_argv(with_exec(line));
  return command;
}

}  // namespace frontdoor::importer
