// A config that is written in JavaScript, executed by the node that is installed: whoever can write the file can do
// here what the caller can do. The child has a time limit and may hand over only so much, so that a file that never
// ends, or never stops talking, costs seconds. Main thread, before anything else runs.

#pragma once

#include <chrono>
#include <string>

namespace frontdoor::cli {

struct JsConfig {
  std::string json;   // what the file exports
  std::string error;  // non-empty: there is none, and why
};

inline constexpr std::chrono::milliseconds js_config_limit{10'000};

// It runs in the file's directory; what it prints goes to our standard error.
JsConfig run_js_config(const std::string& path, std::chrono::milliseconds limit = js_config_limit);

}  // namespace frontdoor::cli
