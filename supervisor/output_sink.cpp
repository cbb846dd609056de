#include "supervisor/output_sink.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/time.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kEnough = 64 * 1024;  // then the apps wait
constexpr Millis kLook{10};
constexpr Millis kPatience{1'000};
constexpr std::array kInks{"36", "33", "35", "32", "34", "96", "93", "95"};  // SGR colours, one after another

// Never more at once than a pipe takes as a whole when it says that it has room, and whole lines where they
// fit: others write there, too.
std::size_t next_piece(const std::string& pending) {
  if (pending.size() <= PIPE_BUF) return pending.size();
  const std::size_t newline = pending.rfind('\n', PIPE_BUF - 1);
  return newline == std::string::npos ? PIPE_BUF : newline + 1;
}

}  // namespace

OutputSink::OutputSink(asio::io_context& control, Log& log, int fd, bool coloured)
    : control_(control), log_(log), fd_(fd), coloured_(coloured) {}

std::string OutputSink::prefix_of(const std::string& instance) {
  const std::size_t ink = inks_.try_emplace(instance, inks_.size() % kInks.size()).first->second;
  widest_ = std::max(widest_, instance.size());
  const std::string name = instance + std::string(widest_ - instance.size(), ' ') + " |";
  return coloured_ ? std::string("\x1b[") + kInks[ink] + "m" + name + "\x1b[0m " : name + ' ';
}

void OutputSink::write(const std::string& instance, std::string_view line) {
  pending_ += prefix_of(instance);
  pending_ += line;
  pending_ += '\n';
  flush();
}

void OutputSink::flush() {
  while (!pending_.empty()) {
    pollfd ready{fd_, POLLOUT, 0};
    if (::poll(&ready, 1, 0) != 1) return;
    const ssize_t written = ::write(fd_, pending_.data(), next_piece(pending_));
    if (written > 0) {
      pending_.erase(0, static_cast<std::size_t>(written));
      told_ = false;
      continue;
    }
    if (errno == EINTR || errno == EAGAIN) return;
    return give_up();  // nobody reads it any more, the disk is full, …
  }
}

asio::awaitable<void> OutputSink::room() {
  asio::steady_timer pause(control_);
  const TimePoint latest = Clock::now() + kPatience;
  while (pending_.size() > kEnough) {
    pause.expires_after(kLook);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    flush();
    if (Clock::now() >= latest && pending_.size() > kEnough) give_up();
  }
}

void OutputSink::give_up() {
  const auto lines = static_cast<std::uint64_t>(std::count(pending_.begin(), pending_.end(), '\n'));
  lost_ += lines;
  pending_.clear();
  if (std::exchange(told_, true)) return;
  log_.warn("output of instances is lost", {{"lines", lines}, {"reason", "standard output takes nothing"}});
}

}  // namespace frontdoor
