// Who the client is when proxies stand between it and us: each adds the address it was spoken to from at the
// right end of X-Forwarded-For or Forwarded (RFC 7239), so the list is true from the right as far as we trust
// who wrote it. Pure, without allocation.

#pragma once

#include <string_view>

#include "base/cidr.h"
#include "http/head.h"

namespace frontdoor::http {

// The right-most hop that is no trusted proxy; when all are trusted, the left-most. `last_hop` is who sent us
// the request, and is trusted. A hop that is not named ("unknown", "_hidden") or malformed ends what we know:
// the client is the one next to it. X-Forwarded-For counts where it is there, else Forwarded.
IpAddress client_behind(const Fields& fields, const IpAddress& last_hop, const Cidrs& trusted);

// What of X-Forwarded-For or Forwarded may be passed on: all behind its last malformed element. What is
// further left came from somebody whom we do not understand, and so may an app; what is further right was
// written by those we trust. A client can not get rid of that by sending nonsense before it. Views into the
// fields.
class SoundChain {
 public:
  SoundChain(const Fields& fields, FieldId id);

  // What of this line of the field belongs to it; may be empty.
  std::string_view of(const Field& line) const {
    if (&line > broken_) return line.value;
    return &line == broken_ ? rest_ : std::string_view();
  }

 private:
  const Field* broken_ = nullptr;  // the line with the last malformed element; null: none is
  std::string_view rest_;          // of that line, behind the element
};

}  // namespace frontdoor::http
