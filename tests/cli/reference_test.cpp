// docs/reference/command-line.md says what the table of commands says. After a change: FRONTDOOR_UPDATE=1
// build/dev/tests/cli_test, then scripts/manual.

#include "cli/reference.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "cli/commands.h"
#include "service/process/exit_codes.h"

namespace frontdoor::cli {
namespace {

constexpr const char* kFile = FRONTDOOR_SOURCE_DIR "/docs/reference/command-line.md";

TEST(CommandLineReference, FileIsCurrent) {
  if (std::getenv("FRONTDOOR_UPDATE") != nullptr)
    std::ofstream(kFile, std::ios::binary) << reference_markdown();
  std::ifstream stream(kFile, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  EXPECT_EQ(text, reference_markdown())
      << "run this test with FRONTDOOR_UPDATE=1, then scripts/manual, and commit what they change";
}

TEST(CommandLineReference, ExitStatusesAreThoseOfTheProgram) {
  std::string documented, real;
  for (const ExitStatus& status : exit_statuses()) documented += std::string(status.number) + ' ';
  for (const int status : {kExitOk, kExitFailure, kExitUsage, kExitBadConfig, kExitNotExecutable, kExitNotFound})
    real += std::to_string(status) + ' ';
  EXPECT_EQ(documented, real);
}

}  // namespace
}  // namespace frontdoor::cli
