// Which file an upgrade executes.

#include "service/process/program_path.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

TEST(ProgramPath, IsTheOneThatWasSaidAsItWasSaid) {
  struct {
    const char* what;
    const char* said;
    const char* itself;   // as the kernel has it
    const char* running;  // under which name the file that runs can be found
    const char* expected;
  } const cases[] = {
      {"a whole path", "/usr/bin/frontdoor", "/usr/bin/frontdoor", "/usr/bin/frontdoor", "/usr/bin/frontdoor"},
      {"a link, which may lead elsewhere later", "/srv/current/frontdoor", "/srv/1/frontdoor", "/srv/current/frontdoor",
       "/srv/current/frontdoor"},
      {"from a directory", "./frontdoor", "/home/me/frontdoor", "/home/me/./frontdoor", "/home/me/./frontdoor"},
      {"of PATH", "frontdoor", "/usr/bin/frontdoor", "/usr/bin/frontdoor", "/usr/bin/frontdoor"},
      {"of PATH, behind others of its name", "frontdoor", "/opt/frontdoor", "/opt/frontdoor", "/opt/frontdoor"},
      {"called otherwise", "sh", "/usr/bin/frontdoor", "/usr/bin/frontdoor", "/usr/bin/frontdoor"},
      {"called nothing", "", "/usr/bin/frontdoor", "", "/usr/bin/frontdoor"},
      {"replaced already", "/usr/bin/frontdoor", "/usr/bin/frontdoor (deleted)", "", "/usr/bin/frontdoor"},
      {"not known", "frontdoor", "", "", ""},
  };
  for (const auto& c : cases) {
    const ProgramSurroundings surroundings{"/home/me", "bin:/usr/bin::/opt", c.itself,
                                           [&](const std::string& path) { return path == c.running; }};
    EXPECT_EQ(program_path(c.said, surroundings), c.expected) << c.what;
  }
}

}  // namespace
}  // namespace frontdoor
