// A certificate that nobody vouches for: for trying TLS out, and for development. Any thread.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace frontdoor::tls {

struct SelfSigned {
  std::string cert;  // PEM
  std::string key;   // PEM, P-256
};

// `names`: host names, wildcards and addresses; not empty. Valid from an hour before `now` (seconds since 1970) for `days`.
SelfSigned make_self_signed(const std::vector<std::string>& names, std::int64_t now, unsigned days);

}  // namespace frontdoor::tls
