#include "proxy/exchange/likeness.h"

#include <gtest/gtest.h>

#include <string>

namespace frontdoor {
namespace {

Likeness of(std::string_view target, std::string_view method = "GET", std::string_view route = "") {
  return likeness_of({method, target, "", route});
}

TEST(Likeness, APathWithoutItsDigitsAndIdsIsItsKind) {
  struct {
    const char* one;
    const char* other;
    bool same;
  } cases[] = {
      {"/die", "/die", true},
      {"/die?x=1", "/die?x=2", true},
      {"/die", "/die?x", true},
      {"/item/17", "/item/4711", true},
      {"/item/17/edit", "/item/18/edit", true},
      {"/item/17", "/item/abc", false},
      {"/die17", "/die18", true},
      {"/v1/die", "/v2/die", true},
      {"/u/3f2504e0-4f89-11d3-9a0c-0305e82c3301", "/u/6ba7b810-9dad-11d1-80b4-00c04fd430c8", true},
      {"/u/3f2504e0-4f89-11d3-9a0c-0305e82c3301", "/u/17", true},
      {"/blob/da39a3ee5e6b4b0d3255bfef95601890afd80709", "/blob/0beec7b5ea3f0fdbc95d0dd47f3c5bc275da8a33", true},
      {"/die", "/live", false},
      {"/die", "/die/", false},
      {"/feedface", "/deadbeef", false},  // words, for want of a digit
      {"/", "/a", false},
      {"/a/b", "/ab", false},
      {"/item/17", "/item//17", false},
      {"*", "/", false},
  };
  for (const auto& c : cases) EXPECT_EQ(of(c.one).kind == of(c.other).kind, c.same) << c.one << " " << c.other;
}

TEST(Likeness, AMethodOrARouteMakesAnotherKind) {
  EXPECT_NE(of("/die").kind, of("/die", "PUT").kind);
  EXPECT_NE(of("/die").exact, of("/die", "PUT").exact);
  EXPECT_NE(of("/die", "GET", "/a").kind, of("/die", "GET", "/b").kind);
}

TEST(Likeness, ExactlySoIsTheWholeTarget) {
  EXPECT_EQ(of("/item/17?a").exact, of("/item/17?a").exact);
  EXPECT_NE(of("/item/17?a").exact, of("/item/17?b").exact);
  EXPECT_NE(of("/item/17").exact, of("/item/18").exact);
  for (const char* target : {"/", "*", "/a/b/c", "/die?x"}) EXPECT_NE(of(target).exact, of(target).kind) << target;
}

TEST(Likeness, APathForTheLogHasNoQueryAndAnEnd) {
  EXPECT_EQ(path_of("/die?password=1"), "/die");
  EXPECT_EQ(path_of("*"), "*");
  EXPECT_EQ(path_of("/" + std::string(5'000, 'x')).size(), 200u);
}

}  // namespace
}  // namespace frontdoor
