// Distances are taken between normal forms (lower case, no "_" and "-"), since those slips are no slips of
// spelling.

#include "config/suggest.h"

#include <algorithm>
#include <cstddef>
#include <vector>

#include "base/json.h"

namespace frontdoor::config {
namespace {

constexpr std::size_t longest_word = 64;  // nothing of ours is longer; keeps hostile input cheap
constexpr std::size_t longest_quote = 80;

// Damerau-Levenshtein (optimal string alignment): letters inserted, deleted, replaced, or swapped with the
// next one.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before, above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before = above;
    above = row;
  }
  return above[b.size()];
}

// "health_checks", "Health-Check" and "healthcheck" all mean the same word.
std::string normal(std::string_view word) {
  std::string result;
  for (const char c : word)
    if (c != '_' && c != '-') result += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return result;
}

std::size_t allowed(std::size_t length) { return length < 3 ? 0 : length < 6 ? 1 : length < 10 ? 2 : 3; }

}  // namespace

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> words) {
  if (word.empty() || word.size() > longest_word) return std::nullopt;
  const std::string wanted = normal(word);
  std::optional<std::string_view> best;
  std::size_t best_distance = longest_word;
  for (const auto candidate : words) {
    const std::string name = normal(candidate);
    const bool begins_alike =
        wanted.size() >= 3 && name.size() >= 3 && (wanted.starts_with(name) || name.starts_with(wanted));
    const std::size_t steps = distance(wanted, name);
    if (steps > allowed(std::max(wanted.size(), name.size())) && !begins_alike) continue;
    if (steps < best_distance) {
      best = candidate;
      best_distance = steps;
    }
  }
  return best;
}

std::string quote(std::string_view text) {
  std::string result;
  append_json_string(result, text.substr(0, longest_quote));
  if (text.size() > longest_quote) result.insert(result.size() - 1, "…");
  return result;
}

std::string quote_list(std::span<const std::string_view> words, std::string_view last) {
  std::string result;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) result += i + 1 == words.size() ? ' ' + std::string(last) + ' ' : ", ";
    result += quote(words[i]);
  }
  return result;
}

}  // namespace frontdoor::config
