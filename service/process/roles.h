// Which part a process plays when the config has processes to start: the one that the user started becomes the
// launcher, which starts the front door as a process of its own (docs/adr/0015). Main thread, before anything
// else runs.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "config/config.h"

namespace frontdoor {

bool has_instances(const config::Config& config);
// It has, or checks that are commands: only a launcher starts processes.
bool needs_launcher(const config::Config& config);

// The descriptor of the launcher that has started this process, taken out of the environment; nothing without
// one.
std::optional<int> take_launcher_socket();

// A variable that was meant for this process and for none that it starts.
std::optional<std::string> take_variable(const char* name);
std::optional<int> take_number(const char* name);

// Executes this program again as the launcher of these words. Returns only when that fails, with the reason.
// `text`: a config that came from standard input and can not be read from there once more.
enum class Hangup : std::uint8_t { Ends, Reloads };  // what SIGHUP means
std::string become_launcher(const std::vector<std::string>& words, const std::string* text, Hangup hangup);

// A config that was made of other files by the process that becomes the launcher, kept for each front door that it
// starts: after a crash the same apps are started again, whatever the files have become.
void keep_text(const std::string& text);
std::optional<std::string> take_kept_text();  // nothing: this is no front door of a launcher that has kept one

// In that program: something once, and then it is a launcher's turn.
std::optional<Hangup> take_launcher_role();
int run_as_launcher(const std::vector<std::string>& words, Hangup hangup);
// Whether these words ask if this program could take over from a launcher of before; and the exit status that says so.
std::optional<int> check_launcher_state(const std::vector<std::string>& words);

}  // namespace frontdoor
