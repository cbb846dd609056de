// "Did you mean" speaks up for likely slips and stays silent otherwise.

#include "config/suggest.h"

#include <array>

namespace frontdoor::config {
namespace {

constexpr std::array<std::string_view, 8> words = {"interval", "interval_down", "timeout",      "rise",
                                                   "fall",     "path",          "health_check", "warn"};

TEST(Nearest, FindsLikelySlips) {
  struct {
    const char *word, *meant;
  } cases[] = {{"intervall", "interval"},
               {"intreval", "interval"},
               {"timout", "timeout"},
               {"Path", "path"},
               {"paht", "path"},
               {"warning", "warn"},
               {"healthcheck", "health_check"},
               {"health-check", "health_check"},
               {"interval_dwon", "interval_down"}};
  for (const auto& c : cases) EXPECT_EQ(nearest(c.word, words).value_or("none"), c.meant) << c.word;
}

TEST(Nearest, StaysSilentOtherwise) {
  for (const char* word : {"", "x", "colour", "balance", "wall-clock", "pa"})
    EXPECT_FALSE(nearest(word, words)) << word;
  EXPECT_FALSE(nearest(std::string(10'000, 'a'), words));
}

TEST(Quote, CutsAndEscapes) {
  EXPECT_EQ(quote("a\"b"), "\"a\\\"b\"");
  EXPECT_EQ(quote(std::string(200, 'x')), '"' + std::string(80, 'x') + "…\"");
  EXPECT_EQ(quote_list(std::array<std::string_view, 3>{"a", "b", "c"}, "or"), R"("a", "b" or "c")");
}

}  // namespace
}  // namespace frontdoor::config
