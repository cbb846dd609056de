// Where this program is, as it was started: what an upgrade executes. Kept as it was said, links and all, so that a link
// that points to another release by then leads there. Main thread, at the start.

#pragma once

#include <functional>
#include <string>

namespace frontdoor {

// Handed on from the process that the user started to each front door, which takes it out of its environment.
inline constexpr const char* kProgramVariable = "FRONTDOOR_PROGRAM";

struct ProgramSurroundings {
  std::string directory = {};  // where it was started
  std::string path = {};       // PATH
  std::string itself = {};     // where the kernel says that it is, perhaps with " (deleted)" behind
  std::function<bool(const std::string& path)> is_itself = {};  // whether that file is the one that runs
};

// `said`: argv[0]. Pure.
std::string program_path(const std::string& said, const ProgramSurroundings& surroundings);

// Puts it into the environment, unless it is there.
void remember_program(const char* said);

}  // namespace frontdoor
