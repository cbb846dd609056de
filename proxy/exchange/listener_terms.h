// What holds for the connections and requests that come by one listener. Values; a reload makes others, for connections
// that come from then on.

#pragma once

#include <cstdint>
#include <string>

#include "config/config.h"

namespace frontdoor {

struct ListenerTerms {
  config::Protocols protocols = {};
  std::uint16_t index = 0;  // that its requests are counted under; its own for good
  bool via = true;
  bool server_timing = false;
  config::Listener::ProxyStatus proxy_status = config::Listener::ProxyStatus::Off;
  std::string request_id_header = {};  // "" = none
  std::string hsts = {};               // Strict-Transport-Security; "" = none
  std::uint16_t redirect_port = 0;     // by https, for every request; 0 = requests are served
};

}  // namespace frontdoor
