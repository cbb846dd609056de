// What the page shows of the program, put into the live document: a key for what changes together. Slow things (names,
// states, processes) and fast ones (numbers) have keys of their own, so that traffic sends numbers and nothing else. Pure.
//
//   top                 the sentence, and how bad it is
//   lately              what the last five minutes were like
//   door                the program itself
//   order               what there is, in the order of the config
//   listener/N, route/N, certificate/N
//   pace/N              how many requests a second a route takes; not there when it takes none
//   lane/N/P            how many requests a second come by a listener for a pool; not there when none do
//   pool/P, flow/P      a pool, and its traffic
//   waits/P             how many of its requests have been held since the start, half and 95 of 100 of them up to so many ms
//   up/P/U              an upstream: its state, and its process
//   now/P/U             its numbers
//   probe/P/U           its last probes

#pragma once

#include <string>

#include "admin/status.h"
#include "dashboard/live_document.h"
#include "dashboard/meter.h"
#include "observe/totals.h"

namespace frontdoor {

struct Picture {
  const AdminStatus& status;  // with the processes
  const Totals& totals;
  const Meters& meters;  // fed with parts_of()
  bool may_write = false;
  std::string lately = {};  // Lately::sentence()
};

void draw(LiveDocument& document, const Picture& picture);

// A spark as the page gets it: [requests, errors, p95_ms].
std::string to_json(const SparkPoint& spark);
// A number with as many digits as a page shows; what is no number is null.
std::string json_number(double value);

}  // namespace frontdoor
