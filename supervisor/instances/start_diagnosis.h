// Why an instance is not ready: what its processes listen on, compared with where they were asked to. Values. Pure.

#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
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
  bool refused = false;                        // a connect to `expected` is refused
  std::string other_holder = {};               // who else listens there: "pid 77 (nginx)"
  std::string last_probe = {};                 // what the last probe has found
};

struct StartDiagnosis {
  std::string text;
  bool certain = false;  // it will not get better by waiting
};

StartDiagnosis diagnose_start(const StartSight& sight);

// What the last words of one that has ended early tell of PORT: an app that listens where it always did finds frontdoor
// there, or the instance before it. "" when they tell nothing. A text for the end of a sentence.
std::string address_in_use(std::string_view last_words, const Endpoint& expected);

}  // namespace frontdoor
