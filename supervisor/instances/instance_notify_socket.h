// Where one process and what it has started say READY=1 and its like: NOTIFY_SOCKET, a unix datagram socket in a
// directory that only its user may enter, with the sender's word checked against the tree. A sender that floods it is
// slowed by its own full queue. Lives on in its coroutine until closed. Control thread.

#pragma once

#include <sys/types.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "supervisor/instances/notify_message.h"
#include "supervisor/launcher/launch_request.h"
#include "supervisor/launcher/launcher_message.h"

namespace frontdoor {

class InstanceNotifySocket : public std::enable_shared_from_this<InstanceNotifySocket> {
 public:
  // Binds it, in a directory that is not yet the owner's; invalid, and errno, when that fails.
  static OwnedFd bind_at(const std::string& path, const std::optional<ProcessIdentity>& owner);

  // Of a bound socket, perhaps one that a front door has left that crashed. Throws where the kernel can not watch it (asio), and
  // then leaves it to the caller.
  InstanceNotifySocket(boost::asio::io_context& control, OwnedFd&& socket);

  struct Listener {
    std::function<bool(pid_t sender, uid_t user)> belongs;  // to the tree
    std::function<void(const NotifyMessage&)> said;
    std::function<void(pid_t sender)> stranger;  // who does not belong; once
    std::function<void()> flooded;               // once
  };
  void listen(Listener listener);
  void close();

  int fd() { return socket_.native_handle(); }
  std::string path();

 private:
  boost::asio::awaitable<void> run(std::shared_ptr<InstanceNotifySocket> self);
  bool take_one();  // false: there was none

  boost::asio::io_context& control_;
  boost::asio::posix::stream_descriptor socket_;
  Listener listener_;
  bool told_of_stranger_ = false;
  bool told_of_flood_ = false;
};

}  // namespace frontdoor
