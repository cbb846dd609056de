#include "cli/nearest.h"

#include <algorithm>
#include <cstddef>

namespace frontdoor::cli {
namespace {

// Optimal string alignment: like Levenshtein's, but two neighbours that changed places are one mistake.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) {
    for (std::size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = i + j;
        continue;
      }
      const std::size_t replaced = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

std::size_t dashes(std::string_view word) { return std::min(word.find_first_not_of('-'), word.size()); }

}  // namespace

std::string_view find_nearest(std::string_view typed, const std::vector<std::string_view>& known) {
  const std::string_view bare = typed.substr(dashes(typed));
  std::string_view nearest;
  std::size_t least = 0;
  for (const std::string_view word : known) {
    const std::string_view candidate = word.substr(dashes(word));
    const bool begins = !bare.empty() && candidate.starts_with(bare);
    const std::size_t mistakes = begins ? 0 : distance(bare, candidate);
    // A third of the word may be wrong; more, and the suggestion would be a guess.
    if (!begins && mistakes > std::max<std::size_t>(1, candidate.size() / 3)) continue;
    if (nearest.empty() || mistakes < least) {
      nearest = word;
      least = mistakes;
    }
  }
  return nearest;
}

}  // namespace frontdoor::cli
