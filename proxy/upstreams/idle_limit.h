// How long an idle upstream connection may wait for its next request. An upstream closes idle connections after a time
// of its own (Node: 5 s), and a request that is on its way at that moment is lost unless it may be sent twice. So a
// connection is given up before: the limit is learned from what the upstream says (Keep-Alive: timeout=) or does
// (closes that were seen), and kept below.
// Pure. One worker.

#pragma once

#include <optional>
#include <string_view>

#include "base/time.h"

namespace frontdoor {

// `learned`: zero = nothing yet.
Duration idle_limit(Millis configured, Millis learned);

// Keep-Alive: timeout=5 (RFC 2068 §19.7.1.1; whole seconds, so 0 is less than one). Nothing: it does not say.
std::optional<Millis> keep_alive_timeout(std::string_view value);

// Watches idle connections being closed by the upstream. One close proves nothing: a restart closes everything at any
// age. Two at the same age, at different moments, are a rule.
class ObservedCloses {
 public:
  // `idle`: for how long the connection had waited when it was closed. The limit, once it is certain.
  std::optional<Millis> note(Duration idle, TimePoint now);

 private:
  Duration last_idle_{};
  TimePoint last_at_{};
};

}  // namespace frontdoor
