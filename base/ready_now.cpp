#include "base/ready_now.h"

#include <poll.h>

namespace frontdoor {

bool ready_now(int fd, short events) {
  pollfd watched{fd, events, 0};
  return ::poll(&watched, 1, 0) > 0;
}

}  // namespace frontdoor
