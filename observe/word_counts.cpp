#include "observe/word_counts.h"

#include <algorithm>

namespace frontdoor {

void add_words(WordTotals& totals, std::string_view word, std::uint64_t count) {
  const auto known = std::find_if(totals.begin(), totals.end(), [&](const WordTotal& total) { return total.word == word; });
  if (known == totals.end())
    totals.push_back({std::string(word), count});
  else
    known->count += count;
}

std::uint64_t count_of(const WordTotals& totals, std::string_view word) {
  for (const WordTotal& total : totals)
    if (total.word == word) return total.count;
  return 0;
}

}  // namespace frontdoor
