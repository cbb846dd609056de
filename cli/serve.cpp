#include "cli/serve.h"

#include <csignal>

#include "cli/service.h"

namespace frontdoor {

int serve(const config::Config& config, const ServeOptions& options) {
  std::signal(SIGPIPE, SIG_IGN);  // a hang-up is a return value
  raise_descriptor_limit();
  Service service(config, options);
  return service.run();
}

}  // namespace frontdoor
