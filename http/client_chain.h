// Who the client is when proxies stand between it and us: each adds the address it was spoken to from at the
// right end of X-Forwarded-For or Forwarded (RFC 7239), so the list is true from the right as far as we trust
// who wrote it. Pure, without allocation.

#pragma once

#include "base/cidr.h"
#include "http/head.h"

namespace frontdoor::http {

// The right-most hop that is no trusted proxy; when all are trusted, the left-most. `last_hop` is who sent us
// the request, and is trusted. A hop that is not named ("unknown", "_hidden") ends what we know: the client
// is the one next to it. X-Forwarded-For counts where it is there, else Forwarded; one that is malformed is
// not believed at all, and the client is the last hop.
IpAddress client_behind(const Fields& fields, const IpAddress& last_hop, const Cidrs& trusted);

// Whether all lines of the field together are a list in order; also when there is none.
bool x_forwarded_for_is_sound(const Fields& fields);
bool forwarded_is_sound(const Fields& fields);

}  // namespace frontdoor::http
