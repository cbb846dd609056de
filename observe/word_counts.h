// How often each of a few words has been said: the outcomes, rules and results of what does not go the usual way. The
// words are literals of the program, never a client's or an upstream's, so that their number is bounded; should there
// ever be more than places, the rest is counted together as "other". One thread writes, anybody reads.

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/single_writer_count.h"

namespace frontdoor {

struct WordTotal {
  std::string word;
  std::uint64_t count = 0;
  bool operator==(const WordTotal&) const = default;
};
using WordTotals = std::vector<WordTotal>;  // in no order; a word that was never said is not there

// Adds to the one for `word`, which it makes if there is none.
void add_words(WordTotals& totals, std::string_view word, std::uint64_t count);
std::uint64_t count_of(const WordTotals& totals, std::string_view word);  // 0: never

template <std::size_t Places>
class WordCounts {
 public:
  // The one writer. `word` must live as long as the program.
  void add(std::string_view word) {
    const std::size_t used = used_.load(std::memory_order_relaxed);
    std::size_t i = 0;
    while (i < used && words_[i].word != word) ++i;
    if (i == Places) return others_.add();
    words_[i].count.add();
    if (i < used) return;
    words_[i].word = word;
    used_.store(used + 1, std::memory_order_release);  // readers see the word with its place
  }

  void add_to(WordTotals& totals) const {  // any thread
    const std::size_t used = used_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < used; ++i) add_words(totals, words_[i].word, words_[i].count.get());
    if (others_.get() != 0) add_words(totals, "other", others_.get());
  }

 private:
  struct Place {
    std::string_view word;
    SingleWriterCount count;
  };
  std::array<Place, Places> words_{};
  std::atomic<std::size_t> used_{0};
  SingleWriterCount others_;
};

}  // namespace frontdoor
