// `run --detach`: starts the same command line in the background and waits until all that it runs is up. One that does
// not come up is ended again, so that 1 means that nothing was left running. Main thread, before anything else runs.

#pragma once

#include <string>
#include <vector>

#include "cli/program.h"
#include "config/config.h"

namespace frontdoor::cli {

struct DetachedRun {
  const config::Config& config;
  std::vector<std::string> words;     // the command line, without --detach
  const std::string* stdin_text;      // the config, where it came from standard input; or null
};

int run_detached(const DetachedRun& run, const Streams& streams);

// The name of the file its output goes to, below the state directory: by the first address it listens on, which no
// other has. Pure.
std::string output_file_name(const config::Config& config);

}  // namespace frontdoor::cli
