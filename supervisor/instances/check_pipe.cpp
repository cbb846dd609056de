#include "supervisor/instances/check_pipe.h"

#include <unistd.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <utility>

#include "base/quietly.h"
#include "base/time.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kReadAtOnce = 16 * 1024;    // and once in kBetweenReads: a flood costs us no more than this
constexpr Millis kBetweenReads{1};
constexpr std::size_t kMostToDrain = 1024 * 1024;  // what an unprivileged process may make of a pipe

asio::awaitable<void> read_on(asio::io_context& control, std::shared_ptr<CheckPipe> pipe) {
  asio::steady_timer pause(control);
  while (pipe->open) {
    auto [error] = co_await pipe->descriptor.async_wait(asio::posix::stream_descriptor::wait_read, quietly);
    if (error) co_return;
    pipe->take_some();
    pause.expires_after(kBetweenReads);
    co_await pause.async_wait(quietly);
  }
}

}  // namespace

std::shared_ptr<CheckPipe> CheckPipe::follow(asio::io_context& control, OwnedFd fd) {
  try {
    const auto pipe = std::make_shared<CheckPipe>(control, fd.get());
    fd.release();
    asio::co_spawn(control, read_on(control, pipe), asio::detached);
    return pipe;
  } catch (const boost::system::system_error&) {
    return nullptr;
  }
}

std::size_t CheckPipe::take_some() {
  std::array<char, kReadAtOnce> block;
  const ssize_t size = ::read(descriptor.native_handle(), block.data(), block.size());
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (size <= 0) {
    open = false;
    return 0;
  }
  line.feed({block.data(), static_cast<std::size_t>(size)});
  return static_cast<std::size_t>(size);
}

void CheckPipe::finish() {
  for (std::size_t taken = 0; open && taken < kMostToDrain;) {
    const std::size_t size = take_some();
    if (size == 0) break;
    taken += size;
  }
  open = false;
  boost::system::error_code ignored;
  descriptor.close(ignored);
}

}  // namespace frontdoor
