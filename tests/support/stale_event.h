// The moment in which Asio's word that a descriptor is ready is meant for another one (base/ready_now.h).

#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <boost/asio.hpp>
#include <cstdlib>
#include <functional>
#include <memory>
#include <utility>

namespace frontdoor::test {

// When the loop runs next, `open` is called: the first descriptor that it gives Asio inherits an event of one that has just been
// closed, and a wait for it returns within the same turn.
inline void with_stale_event(boost::asio::io_context& io, std::function<void()> open) {
  using Descriptor = boost::asio::posix::stream_descriptor;
  struct Two {
    Two(boost::asio::io_context& context, std::function<void()> next)
        : ends{Descriptor(context, ended_pipe()), Descriptor(context, ended_pipe())}, open(std::move(next)) {}
    static int ended_pipe() {
      int both[2];
      if (::pipe2(both, O_CLOEXEC) != 0) std::abort();
      ::close(both[1]);
      return both[0];
    }
    std::array<Descriptor, 2> ends;
    std::function<void()> open;
  };
  // Both have ended, and so both their events are in the queue when the first is looked at.
  const auto two = std::make_shared<Two>(io, std::move(open));
  for (std::size_t i = 0; i < two->ends.size(); ++i)
    two->ends[i].async_wait(Descriptor::wait_read, [two, i](const boost::system::error_code& closed) {
      if (closed) return;
      two->ends[1 - i].close();
      two->open();
    });
}

}  // namespace frontdoor::test
