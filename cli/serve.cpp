#include "cli/serve.h"

#include <iostream>

namespace frontdoor {

int serve(const config::Config&, const ServeOptions&) {
  std::cerr << "not wired yet\n";
  return 1;
}

}  // namespace frontdoor
