// What a reload can not change while the program runs, said once for each key. Compared with what runs, not with the
// file that was loaded last: a change that was taken back needs no restart. Pure.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "config/config.h"

namespace frontdoor {

// What was fixed at the start.
struct Running {
  unsigned workers = 1;
  std::uint64_t header_bytes_max = 0;  // the largest head that the buffers have room for
  config::Admin admin = {};
  bool launcher = false;  // there is one, so that processes can be started
};

struct AwaitsRestart {
  std::string key;   // as in the file
  std::string runs;  // what holds until then
  std::string file;  // what the file says
};

// `workers`: what the file comes to, once "auto" is a number.
std::vector<AwaitsRestart> awaits_restart(const Running& running, const config::Config& next,
                                          unsigned workers);

}  // namespace frontdoor
