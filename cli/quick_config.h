// The config that a command line stands for: `proxy` and `demo` write TOML and load it like everybody else's,
// so that there is one way into the program and `config show` could print what they meant. Pure.

#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cli/arguments.h"

namespace frontdoor::cli {

// An address that was wrong names its option: "--to :70000: port 70000 is out of range".
boost::system::result<std::string, UsageError> proxy_config(const ProxyCommand& command);

// One pool of instances; its access log is off, since the instances' own lines are what one watches.
enum class Restarts : std::uint8_t { AsEver, Never };  // whether an instance that has ended is started again
boost::system::result<std::string, UsageError> run_config(const QuickRun& run, Restarts restarts = Restarts::AsEver);

// One pool of instances of this program itself, probed twice a second.
inline constexpr unsigned kDemoInstances = 3;
// `token`: for the buttons of the dashboard.
std::string demo_config(std::string_view listen, std::string_view token);

}  // namespace frontdoor::cli
