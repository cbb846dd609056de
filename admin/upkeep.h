// What the admin API asks of the program to keep it in order: the config anew, the logs anew. Implemented where everything
// is wired. Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "base/time.h"

namespace frontdoor {

// What has become of the config's file, or would.
struct AdminReload {
  std::string error = {};                 // one word for programs; "" = it is good
  std::string message = {};               // a sentence, with an error
  std::string file = {};
  std::uint64_t generation = 0;           // that runs now
  std::vector<std::string> diagnostics = {};  // errors and warnings with their positions
  std::vector<std::string> changes = {};      // what is other than before
  std::vector<std::string> waiting = {};      // of these, what a reload can not change
  std::vector<std::string> failed = {};       // pools that serve as before a change that did not come up: sentences
  std::vector<std::string> at_run_time = {};  // upstreams that operators have added or removed, and what becomes of that
};

// How an upgrade went. `error` "": another process serves, and this one finishes what it has begun.
struct AdminUpgrade {
  std::string error = {};    // one word for programs
  std::string message = {};  // a sentence, with an error
  std::string version = {};  // of the new one
  int pid = -1;              // of the one that serves now
  Millis drain{0};           // how long the old one may take
};

class AdminUpkeep {
 public:
  virtual ~AdminUpkeep() = default;

  // Waits until what it changes has been replaced, or has not come up.
  virtual boost::asio::awaitable<AdminReload> reload(std::string by) = 0;
  // Another program, of another version perhaps, in this one's place. Waits until it serves or has failed.
  virtual boost::asio::awaitable<AdminUpgrade> upgrade(std::string by, Millis within) = 0;
  virtual AdminReload compare() = 0;  // with what runs; changes nothing
  // The access log's and the instances', after a rotation. False: none of them is a file.
  virtual bool reopen_logs(const std::string& by) = 0;
};

}  // namespace frontdoor
