// Runs one row of the table through a whole worker, with a scripted client and a scripted upstream on
// loopback, and says what was not as it should be. An upstream whose script is at its end answers every
// complete request with "200 OK" and the body "ok".

#pragma once

#include <string>
#include <vector>

#include "conformance/case.h"

namespace frontdoor::conformance {

struct CaseResult {
  std::vector<std::string> failures;
  bool gave_up = false;  // something expected had not come when patience ended
  std::string seen_by_client;
  std::string seen_by_upstream;
};

// `patience`: turns of the loop, at least a millisecond each when nothing happens, that something expected
// may take.
CaseResult run_case(const Case& row, int patience);

}  // namespace frontdoor::conformance
