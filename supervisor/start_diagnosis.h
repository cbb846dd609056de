// Why an instance is not ready: what its processes listen on, compared with where they were asked to. Values. Pure.

#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/address.h"
#include "base/listening_sockets.h"
#include "config/config.h"

namespace frontdoor {

struct StartSight {
  Endpoint expected = {};  // no address: it is to listen nowhere
  config::Launch::Port port = config::Launch::Port::Auto;
  config::Launch::Ready ready = config::Launch::Ready::HealthCheck;
  bool said_ready = false;
  std::vector<pid_t> tree = {};                // the process that was started, then those that it has started
  std::vector<ListeningSocket> sockets = {};   // of all of these
  bool refused = false;                        // who connects to `expected` finds nobody
  std::string other_holder = {};               // who else listens there: "pid 77 (nginx)"
  std::string last_probe = {};                 // what the last probe has found
};

struct StartDiagnosis {
  std::string text;
  bool certain = false;  // it will not get better by waiting
};

StartDiagnosis diagnose_start(const StartSight& sight);

}  // namespace frontdoor
