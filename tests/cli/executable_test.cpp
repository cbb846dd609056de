#include "cli/executable.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "config/suggest.h"
#include "tests/support/temporary_directory.h"

namespace frontdoor::cli {
namespace {

ExecutableSurroundings machine() {
  ExecutableSurroundings surroundings;
  surroundings.path = "/usr/bin:/opt/bin::";
  surroundings.look = [](const std::string& path) {
    static const std::map<std::string, FileKind> files{{"/opt/bin/node", FileKind::Executable},
                                                       {"/usr/bin/notes", FileKind::NotExecutable},
                                                       {"./here", FileKind::Executable},
                                                       {"here", FileKind::Executable},
                                                       {"server.js", FileKind::NotExecutable},
                                                       {"./server.js", FileKind::NotExecutable},
                                                       {"tool.py", FileKind::Executable},
                                                       {"/srv/app", FileKind::NotExecutable}};
    const auto found = files.find(path);
    return found == files.end() ? FileKind::None : found->second;
  };
  surroundings.list = [](const std::string& directory) {
    return directory == "/opt/bin" ? std::vector<std::string>{"node", "npm"} : std::vector<std::string>{"python3"};
  };
  return surroundings;
}

TEST(Executable, IsFoundAsAShellFindsIt) {
  struct {
    const char* command;
    int status;
    const char* what;
  } const cases[] = {
      {"node", 0, ""},
      {"here", 0, ""},  // an empty entry of PATH is this directory
      {"./here", 0, ""},
      {"nod", 127, "command not found: nod, did you mean -- node?"},
      {"quux", 127, "command not found: quux"},
      {"server.js", 126, "not executable: server.js, did you mean -- node server.js?"},
      {"./server.js", 126, "not executable: ./server.js, did you mean -- node ./server.js?"},
      {"/srv/app", 126, "not executable: /srv/app"},
      {"/srv/nothing", 127, "command not found: /srv/nothing"},
      {"notes", 126, "not executable: notes"},
  };
  for (const auto& c : cases) {
    const auto problem = why_not_executable({c.command, "--port", "1"}, machine());
    EXPECT_EQ(problem ? problem->status : 0, c.status) << c.command;
    EXPECT_EQ(problem ? problem->what : "", c.what);
  }
  ExecutableSurroundings surroundings = machine();
  surroundings.path = "/usr/bin";
  EXPECT_EQ(why_not_executable({"here"}, surroundings)->what, "command not found: here, did you mean -- ./here?");
  EXPECT_EQ(why_not_executable({"server.js"}, surroundings)->what,
            "command not found: server.js, did you mean -- node server.js?");
  EXPECT_EQ(why_not_executable({"tool.py"}, surroundings)->what, "command not found: tool.py, did you mean -- python3 tool.py?");
}

TEST(Executable, OfAConfigIsNamedAsItStandsThere) {
  struct {
    const char* command;
    const char* problem;
  } const cases[] = {
      {"node", ""},
      {"./here", ""},
      {"nod", "\"nod\" is not found in PATH, did you mean \"node\"?"},
      {"quux", "\"quux\" is not found in PATH"},
      {"server.js", "\"server.js\" is not executable, did you mean \"node server.js\"?"},
      {"/srv/app", "\"/srv/app\" is not executable"},
      {"/srv/nothing", "\"/srv/nothing\" does not exist"},
  };
  for (const auto& c : cases) EXPECT_EQ(command_problem({c.command, "--port", "1"}, machine()), c.problem);
}

TEST(Executable, OfAConfigIsLookedForAsItsProcessWould) {
  const frontdoor::test::TemporaryDirectory directory;
  const std::string program = directory.path() + "/app";
  std::ofstream(program) << "#!/bin/sh\n";
  std::filesystem::create_directory(directory.path() + "/below");
  config::Process process;
  EXPECT_EQ(command_problem_of(process, {"sh"}), "");
  EXPECT_EQ(command_problem_of(process, {program}), config::quote(program) + " is not executable");
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  EXPECT_EQ(command_problem_of(process, {program}), "");
  EXPECT_EQ(command_problem_of(process, {"./app"}), "\"./app\" does not exist");
  process.directory = directory.path();
  EXPECT_EQ(command_problem_of(process, {"./app"}), "") << "from its directory";
  EXPECT_EQ(directory_problem_of(process), "");
  process.env = {{"PATH", "."}};
  EXPECT_EQ(command_problem_of(process, {"app"}), "") << "by its own PATH";
  EXPECT_EQ(command_problem_of(process, {"sh"}), "\"sh\" is not found in PATH");
  process.user = "somebody else";
  EXPECT_EQ(command_problem_of(process, {"./app"}), "") << "whoever that is";
  EXPECT_EQ(command_problem_of(process, {"./below"}), "\"./below\" is not executable");
  process.directory = program;
  EXPECT_EQ(directory_problem_of(process), config::quote(program) + " is no directory");
  process.directory = "/no/such";
  EXPECT_EQ(directory_problem_of(process), "\"/no/such\" does not exist");
  process.directory = "no-such";
  EXPECT_EQ(directory_problem_of(process), "\"no-such\" does not exist in " + std::filesystem::current_path().string() +
                                               ", where frontdoor would be started");
}

TEST(Executable, OfThisMachine) {
  const auto surroundings = ExecutableSurroundings::of_this_process();
  EXPECT_FALSE(why_not_executable({"sh"}, surroundings));
  EXPECT_FALSE(why_not_executable({"/bin/sh"}, surroundings));
  EXPECT_EQ(why_not_executable({"/"}, surroundings)->status, 126) << "a directory";
  EXPECT_EQ(why_not_executable({"/no/such/file"}, surroundings)->status, 127);
}

}  // namespace
}  // namespace frontdoor::cli
