#include "service/orders/subject.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

TEST(Subjects, ArePoolsAndInstances) {
  const struct {
    const char* word;
    std::vector<std::string> pools;
    const char* meaning;
  } cases[] = {
      {"app", {"app"}, "app"},
      {"app.2", {"app"}, "app 2"},
      {"app.2", {"app", "app.2"}, "app.2"},
      {"app.2.3", {"app.2"}, "app.2 3"},
      {"app.x", {"app"}, "there is no pool \"app.x\", did you mean \"app\"?"},
      {"app.", {"app"}, "there is no pool \"app.\", did you mean \"app\"?"},
      {"app.99999999999", {"app"}, "there is no pool \"app.99999999999\", did you mean \"app\"?"},
      {"wbe", {"app", "web"}, "there is no pool \"wbe\", did you mean \"web\"?"},
      {"wbe.3", {"app", "web"}, "there is no pool \"wbe\", did you mean \"web.3\"?"},
      {"shop", {"app", "web"}, "there is no pool \"shop\", only \"app\" and \"web\""},
      {"shop", {}, "there is no pool \"shop\""},
      {"", {"app"}, "there is no pool \"\", only \"app\""},
  };
  for (const auto& c : cases) {
    const auto found = find_subject(c.word, c.pools);
    const std::string meaning = !found ? found.error().message
                                       : found->pool + (found->number ? ' ' + std::to_string(*found->number) : "");
    EXPECT_EQ(meaning, c.meaning) << c.word;
  }
}

}  // namespace
}  // namespace frontdoor
