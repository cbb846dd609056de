// What a serving process is told by the command that starts it, and whom it calls back.

#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"

namespace frontdoor {

class Instance;

// A frontdoor that has a port already, and the command that ends it.
struct OtherFrontdoor {
  std::string pid, command, directory, stop;
};

struct ServeOptions {
  std::string config_file;  // "" = in-memory config: SIGHUP re-reads nothing
  std::string profile = {};  // --env, which a reload keeps
  std::string ready_file;
  std::optional<std::uint32_t> workers;  // the command line's word, which no file changes
  bool watch_config = false;             // --watch: a change of the file is a reload
  std::string config_text;               // used when config_file is "" or "-"
  std::string files_read = {};           // the config with all its files, for the front door behind a crash (service/files/last_config.h)
  std::string refused = {};              // the first error of the file, where this is what served before a crash; "" = it has none
  bool exit_with_child = false;          // ends when its instances have, with their exit status
  std::string output_file = {};                // that standard output and error go to and that is kept small; "" = none
  std::vector<std::string> command_line = {};  // as the program was started, for status
  std::optional<int> launcher;           // the socket to it; without one no instance can be started
  // Called on the control thread when a listener's address is in use; nothing when it is no frontdoor that has it.
  std::function<std::optional<OtherFrontdoor>(std::uint16_t port)> find_other_frontdoor = {};
  // Called on the control thread whenever an instance is in another state.
  std::function<void(const Instance&)> on_instance;
  // Called once on the control thread when every listener listens.
  std::function<void(const std::vector<Endpoint>&)> on_ready;
  // Called once on the control thread, before on_ready: where the dashboard is, "127.0.0.1:9900"; not where there is none.
  std::function<void(const std::string&)> on_admin_address = {};
  // Called on the control thread before its loop runs, and when it is about to end: what a command runs
  // beside serving.
  std::function<void(boost::asio::io_context&)> on_start;
  std::function<void()> on_stop;
};

}  // namespace frontdoor
