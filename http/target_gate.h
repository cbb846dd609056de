// Whom a request is for: the form of its target and its Host. Part of the framing gate. RFC 9112 §3.2, §3.3.

#pragma once

#include <string>

#include "http/framing_gate.h"

namespace frontdoor::http::gate {

// `hosts` is how many Host fields were seen, `host` the first of them or null. Sets head.authority and
// head.target and replaces the Host field's value when the target is in absolute-form.
Verdict settle_target(RequestHead& head, unsigned hosts, Field* host, std::string& scratch);

}  // namespace frontdoor::http::gate
