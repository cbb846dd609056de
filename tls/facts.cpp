#include "tls/facts.h"

#include "tls/certificate.h"
#include "tls/names.h"

namespace frontdoor::tls {

bool Facts::may_ask_for(std::string_view host) const {
  if (server_name.empty() || host == server_name) return true;
  if (normal_name(host) == server_name) return true;
  return certificate && certificate->covers(host);
}

}  // namespace frontdoor::tls
