// The rotation as tables: weights and who is eligible in, the sequence of picks out.

#include "balancer/round_robin.h"

#include <gtest/gtest.h>

#include <numeric>
#include <optional>
#include <string>
#include <vector>

namespace frontdoor {
namespace {

// Picks `count` times and writes members as letters, '-' for nothing. `skipped` are letters that are not
// eligible.
std::string sequence(RoundRobin& rotation, const std::vector<unsigned>& weights, std::size_t count,
                     const std::string& skipped = "") {
  std::string out;
  for (std::size_t n = 0; n < count; ++n) {
    const auto picked = rotation.pick(
        weights.size(), [&](std::size_t i) { return weights[i]; },
        [&](std::size_t i) { return skipped.find(static_cast<char>('a' + i)) == std::string::npos; });
    out += picked ? static_cast<char>('a' + *picked) : '-';
  }
  return out;
}

TEST(RoundRobin, SpreadsByWeightWithoutBursts) {
  struct {
    std::vector<unsigned> weights;
    const char* skipped;
    const char* picks;
  } cases[] = {
      {{1, 1, 1}, "", "abcabcabc"},
      {{5, 1, 1}, "", "aabacaaaabacaa"},  // the classic sequence, twice
      {{1, 2}, "", "babbab"},
      {{3, 2, 1}, "", "abacbaabacba"},
      {{1, 1, 1}, "b", "acacac"},  // tried already or down
      {{5, 1, 1}, "a", "bcbcbc"},
      {{1, 1}, "ab", "---"},  // nobody is available
      {{}, "", "--"},
      {{7}, "", "aaa"},
      {{0, 1}, "", "bbb"},  // weight 0 takes no traffic
      {{0, 0}, "", "--"},
  };
  for (const auto& c : cases) {
    RoundRobin rotation;
    EXPECT_EQ(sequence(rotation, c.weights, std::string(c.picks).size(), c.skipped), c.picks);
  }
}

TEST(RoundRobin, WorkersStartWithDifferentMembers) {
  std::string first;
  for (std::size_t worker = 0; worker < 5; ++worker) {
    RoundRobin rotation(worker);
    first += sequence(rotation, {1, 1, 1}, 1);
  }
  EXPECT_EQ(first, "abcab");
}

TEST(RoundRobin, AMemberThatReturnsGetsItsShareAndNoBurst) {
  RoundRobin rotation;
  sequence(rotation, {1, 1, 1}, 100, "b");
  const std::string after = sequence(rotation, {1, 1, 1}, 9);
  for (const char member : {'a', 'b', 'c'})
    EXPECT_EQ(std::count(after.begin(), after.end(), member), 3) << after;
  EXPECT_EQ(after.find("bb"), std::string::npos) << after;
}

TEST(RoundRobin, AChangedMembershipStartsANewRotation) {
  RoundRobin rotation;
  sequence(rotation, {5, 1, 1}, 3);
  EXPECT_EQ(sequence(rotation, {1, 1}, 4), "abab");
  EXPECT_EQ(sequence(rotation, {5, 1, 1}, 7), "aabacaa");
}

// A reload after every pick: each rotation lives for one pick only.
TEST(RoundRobin, ResumedItGoesOnWhereItStood) {
  const std::vector<unsigned> weights = {5, 1, 1};
  RoundRobin whole;
  const std::string expected = sequence(whole, weights, 21);
  std::string picks;
  RoundRobin last;
  for (int n = 0; n < 21; ++n) {
    RoundRobin next;
    next.resume({last.credit(0), last.credit(1), last.credit(2)}, 7);
    picks += sequence(next, weights, 1);
    last = next;
  }
  EXPECT_EQ(picks, expected);
}

TEST(RoundRobin, WhoJoinsOrLeavesGivesNobodyABurst) {
  using Credits = std::vector<std::optional<std::int64_t>>;
  struct {
    Credits credits;
    std::vector<unsigned> weights;
    const char* picks;
  } cases[] = {
      {{0, 0, std::nullopt}, {1, 1, 1}, "abcabc"},
      {{1, -1, std::nullopt}, {1, 1, 1}, "acbacb"},     // b's turn was last
      {{900, 900, std::nullopt}, {1, 1, 1}, "abcabc"},  // credits of members that were removed
      {{-900, -900, std::nullopt}, {1, 1, 1}, "abcabc"},
      {{-900, 900}, {1, 1}, "bbabab"},  // of other, larger weights
      {{std::nullopt, std::nullopt}, {1, 1}, "abab"},
      {{}, {}, "--"},
  };
  for (const auto& c : cases) {
    RoundRobin rotation;
    rotation.resume(c.credits, std::accumulate(c.weights.begin(), c.weights.end(), std::int64_t{0}));
    const std::string picks = sequence(rotation, c.weights, std::string(c.picks).size());
    EXPECT_EQ(picks, c.picks);
  }
}

TEST(RoundRobin, RetriesThatExcludeMembersKeepTheWeightsOverTime) {
  RoundRobin rotation;
  std::string picks;
  for (int n = 0; n < 700; ++n) {
    picks += sequence(rotation, {5, 1, 1}, 1);
    sequence(rotation, {5, 1, 1}, 1, std::string(1, picks.back()));  // the retry of the same request
  }
  EXPECT_GT(std::count(picks.begin(), picks.end(), 'a'), 350);
  EXPECT_GT(std::count(picks.begin(), picks.end(), 'b'), 10);
  EXPECT_GT(std::count(picks.begin(), picks.end(), 'c'), 10);
}

}  // namespace
}  // namespace frontdoor
