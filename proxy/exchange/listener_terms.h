// What holds for all connections and requests that come by one listener. Values; fixed when it is opened.

#pragma once

#include <cstdint>
#include <string>

#include "config/config.h"

namespace frontdoor {

struct ListenerTerms {
  config::Protocols protocols = {};
  std::uint16_t index = 0;  // among the listeners, in the config's order
  bool via = true;
  std::string request_id_header = {};  // "" = none
  std::string hsts = {};               // Strict-Transport-Security; "" = none
  std::uint16_t redirect_port = 0;     // by https, for every request; 0 = requests are served
};

}  // namespace frontdoor
