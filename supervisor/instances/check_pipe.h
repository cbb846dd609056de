// What one stream of a check is read from, and forgotten, but for its last line. Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <memory>

#include "supervisor/launcher/launcher_message.h"
#include "supervisor/output/last_line.h"

namespace frontdoor {

struct CheckPipe {
  CheckPipe(boost::asio::io_context& control, int fd) : descriptor(control, fd) {}

  // Reads it from now on. Null: the kernel gives no more watches, and it has to do without its words.
  static std::shared_ptr<CheckPipe> follow(boost::asio::io_context& control, OwnedFd fd);

  std::size_t take_some();  // 0: there is nothing now, or never again
  void finish();            // reads what is there and no more, for what the check has left behind may still be writing

  boost::asio::posix::stream_descriptor descriptor;
  LastLine line;
  bool open = true;
};

}  // namespace frontdoor
