#include "base/connect_failure.h"

#include <cerrno>

namespace frontdoor {

ConnectFailure connect_failure(int error, bool is_unix) {
  switch (error) {
    case ECONNREFUSED:
      return ConnectFailure::Refused;
    case ENOENT:
      return is_unix ? ConnectFailure::Refused : ConnectFailure::Unreachable;  // no socket file: nobody yet
    case EAGAIN:
      return is_unix ? ConnectFailure::Full : ConnectFailure::OurFault;  // TCP: out of local ports
    case ETIMEDOUT:
      return ConnectFailure::TimedOut;
    case EMFILE:
    case ENFILE:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
    case ENOBUFS:
    case ENOMEM:
    case ENOSPC:  // epoll: max_user_watches
    case EACCES:
    case EPERM:
      return ConnectFailure::OurFault;
    default:
      return ConnectFailure::Unreachable;
  }
}

}  // namespace frontdoor
