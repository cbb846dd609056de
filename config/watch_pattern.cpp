#include "config/watch_pattern.h"

#include <algorithm>

#include "config/suggest.h"
#include "config/values.h"

namespace frontdoor::config {
namespace {

using Kind = Value::Kind;

constexpr std::size_t most_alternatives = 100;  // of one pattern; {a,b}{c,d}… doubles with each pair
constexpr std::size_t most_patterns = 100;      // each is compared with each file that changes

// The brace that closes the one at `open`; npos without one. Braces within braces are no part of this language.
std::size_t closing(std::string_view pattern, std::size_t open) { return pattern.find('}', open); }

std::size_t count_alternatives(std::string_view pattern) {
  std::size_t count = 1;
  for (auto open = pattern.find('{'); open != std::string_view::npos && count <= most_alternatives;) {
    const auto close = closing(pattern, open);
    if (close == std::string_view::npos) break;
    const auto inside = pattern.substr(open, close - open);
    count *= 1 + static_cast<std::size_t>(std::count(inside.begin(), inside.end(), ','));
    open = pattern.find('{', close);
  }
  return count;
}

std::string bracket_problem(std::string_view pattern) {
  for (auto open = pattern.find('['); open != std::string_view::npos;) {
    // The first character inside may be a ] that is meant.
    const auto close = pattern.find(']', open + (pattern.substr(open).starts_with("[!") ? 3 : 2));
    if (close == std::string_view::npos) return "the [ is not closed";
    open = pattern.find('[', close);
  }
  for (auto open = pattern.find('{'); open != std::string_view::npos;) {
    const auto close = closing(pattern, open);
    if (close == std::string_view::npos) return "the { is not closed";
    if (pattern.substr(open + 1, close - open - 1).find('{') != std::string_view::npos)
      return "a { stands inside of another one";
    open = pattern.find('{', close);
  }
  if (count_alternatives(pattern) > most_alternatives) return "its braces stand for more than 100 patterns";
  return "";
}

std::string common_problem(std::string_view pattern) {
  if (pattern.find('\0') != std::string_view::npos) return "a path has no NUL byte";
  if (auto problem = bracket_problem(pattern); !problem.empty()) return problem;
  bool wild = false;
  while (!pattern.empty()) {
    const auto part = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(std::min(part.size() + 1, pattern.size()));
    if (part == ".." && wild) return "\"..\" can not stand behind a *";
    const auto stars = part.find("**");
    if (stars != std::string_view::npos && part != "**") {
      std::string instead(part);
      instead.insert(stars + 2, "/*");
      if (stars != 0) instead.insert(stars, "/");
      return "** stands alone between slashes: write " + quote(instead);
    }
    wild = wild || has_wildcard(part);
  }
  return "";
}

}  // namespace

bool has_wildcard(std::string_view text) { return text.find_first_of("*?[{") != std::string_view::npos; }

std::vector<std::string> expand_braces(std::string_view pattern) {
  const auto open = pattern.find('{');
  const auto close = open == std::string_view::npos ? open : closing(pattern, open);
  if (close == std::string_view::npos) return {std::string(pattern)};
  const std::vector<std::string> ends = expand_braces(pattern.substr(close + 1));
  std::vector<std::string> expanded;
  std::string_view inside = pattern.substr(open + 1, close - open - 1);
  for (;;) {
    const auto comma = inside.find(',');
    for (const std::string& end : ends)
      expanded.push_back(std::string(pattern.substr(0, open)) + std::string(inside.substr(0, comma)) + end);
    if (comma == std::string_view::npos) return expanded;
    inside.remove_prefix(comma + 1);
  }
}

std::string watch_pattern_problem(std::string_view pattern) {
  if (pattern.empty()) return "write \".\" for all of the pool's directory";
  if (pattern.front() == '!') return "what is not to be watched stands in watch_ignore";
  return common_problem(pattern);
}

std::string watch_ignore_problem(std::string_view pattern) {
  if (pattern.empty()) return "write the name of a file or directory, or a pattern as in \"*.log\"";
  if (pattern.front() == '!') return "what is to be watched stands in watch";
  return common_problem(pattern);
}

void read_patterns(const schema::Key& key, const Value& value, std::vector<std::string>& patterns,
                   Diagnostics& diagnostics) {
  const std::string name = std::string(key.name) + ": ";
  patterns.clear();  // a profile's come after the pool's
  if (value.is(Kind::Text))
    return diagnostics.error(value.at, name + "this is a list: write [" + quote(value.text) + ']');
  if (value.is(Kind::Boolean))
    return diagnostics.error(value.at, name + "write which files, as in [\".\"] for all of the pool's directory");
  if (!value.is(Kind::List)) return wrong_type(key.name, "a list as in [\"src/**/*.js\"]", value, diagnostics);
  for (const auto& item : value.items) {
    if (!item.is(Kind::Text)) {
      wrong_type(key.name, "a list as in [\"src/**/*.js\"]", item, diagnostics);
      continue;
    }
    if (auto problem = key.problem(item.text); !problem.empty())
      diagnostics.error(item.at, name + quote(item.text) + " will not do: " + problem);
    else
      patterns.push_back(item.text);
  }
  if (value.items.size() > most_patterns)
    diagnostics.error(value.at, name + "at most 100 patterns can be watched");
}

}  // namespace frontdoor::config
