// docs/reference/config.md says what the schema says. After a change: FRONTDOOR_UPDATE=1
// build/dev/tests/config_test

#include "config/reference.h"

#include <cstdlib>
#include <fstream>
#include <iterator>

namespace frontdoor::config {
namespace {

constexpr const char* file = FRONTDOOR_SOURCE_DIR "/docs/reference/config.md";

TEST(Reference, FileIsCurrent) {
  if (std::getenv("FRONTDOOR_UPDATE") != nullptr)
    std::ofstream(file, std::ios::binary) << reference_markdown();
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  EXPECT_EQ(text, reference_markdown())
      << "run this test with FRONTDOOR_UPDATE=1 and commit docs/reference/config.md";
}

}  // namespace
}  // namespace frontdoor::config
