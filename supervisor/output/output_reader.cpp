#include "supervisor/output/output_reader.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <new>
#include <utility>

#include "base/detached.h"
#include "base/quietly.h"
#include "base/unix_time.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kReadBlock = 16 * 1024;             // read at once
constexpr std::size_t kMostInPipe = 1024 * 1024;      // what an unprivileged process may make of a pipe
constexpr Millis kEndOfLine{1'000};                   // then the beginning is given out
constexpr Millis kLookAtDestination{10};                           // whether a destination has caught up
constexpr OutputPace::Rates kRates{.fast = 16.0 * 1024 * 1024, .slow = 1024.0 * 1024};
constexpr std::chrono::minutes kTellAgain{1};
constexpr Millis kUntilThereIsMemory{100};
constexpr Millis kFollowAgain{500};
constexpr std::chrono::seconds kSlowedFor{1};  // of waiting in a minute: then it is told

}  // namespace

OutputReader::OutputReader(asio::io_context& control, Log& log, AppOutput& output, InstanceLogs& logs,
                           std::shared_ptr<InstanceLog> lines)
    : control_(control),
      log_(log),
      output_(output),
      logs_(logs),
      lines_(std::move(lines)),
      pool_(output.of(lines_->pool)),
      pace_(kRates, Clock::now()) {
  output_.add_name(lines_->instance);
}

void OutputReader::follow(pid_t pid, OwnedFd output, OwnedFd errors) {
  pipes_.clear();
  ++followed_;
  const auto begin = [&](OwnedFd fd, OutputStream stream) {
    if (!fd.valid()) return;
    const std::string problem = watch(fd, pid, stream);
    if (problem.empty()) return;
    log_.warn("what an instance writes cannot be read for now, and it is tried again",
              {{"instance", lines_->instance}, {"pid", pid}, {"reason", problem}});
    asio::co_spawn(control_, watch_later(shared_from_this(), std::move(fd), pid, stream), or_end);
  };
  begin(std::move(output), OutputStream::Output);
  begin(std::move(errors), OutputStream::Errors);
}

// "", or why the kernel gives no more watches; then the descriptor is still the caller's.
std::string OutputReader::watch(OwnedFd& fd, pid_t pid, OutputStream stream) {
  try {
    pipes_.push_back(std::make_shared<Pipe>(control_, fd.get(), pid, stream));
  } catch (const boost::system::system_error& error) {
    return error.code().message();
  }
  fd.release();
  asio::co_spawn(control_, read(shared_from_this(), pipes_.back()), or_end);  // what nobody reads stands still
  return "";
}

// The launcher holds the pipe, too: an app whose pipe is full would wait for ever. Until another process is followed here.
asio::awaitable<void> OutputReader::watch_later([[maybe_unused]] std::shared_ptr<OutputReader> self, OwnedFd fd, pid_t pid,
                                                OutputStream stream) {
  const std::uint64_t mine = followed_;
  asio::steady_timer pause(control_);
  do {
    pause.expires_after(kFollowAgain);
    co_await pause.async_wait(quietly);
  } while (mine == followed_ && !watch(fd, pid, stream).empty());
}

void OutputReader::drain() {
  for (const PipePointer& pipe : pipes_) {
    // Bounded, for what an app has left behind may still be writing.
    for (std::size_t taken = 0; pipe->open && taken < kMostInPipe;) {
      const std::size_t size = take_some(*pipe);
      if (size == 0) break;
      taken += size;
    }
    pass_on(*pipe, [&](auto line) { pipe->splitter.finish(line); });
  }
}

void OutputReader::yield() {
  ++followed_;
  for (const PipePointer& pipe : std::exchange(pipes_, {})) {
    pipe->late.cancel();
    pass_on(*pipe, [&](auto line) { pipe->splitter.give_what_there_is(line); });
    pipe->open = false;
    pipe->descriptor.close();
  }
}

asio::awaitable<void> OutputReader::read([[maybe_unused]] std::shared_ptr<OutputReader> self, PipePointer pipe) {
  while (pipe->open) {
    auto [error] = co_await pipe->descriptor.async_wait(asio::posix::stream_descriptor::wait_read, quietly);
    if (error) break;
    bool no_memory = false;
    try {
      take_some(*pipe);
      if (pipe->open) await_end_of_line(pipe);
    } catch (const std::bad_alloc&) {
      no_memory = true;  // a line is lost; the app must not stand still for it, and nobody else end
    }
    if (!pipe->open) break;
    if (no_memory) {
      asio::steady_timer pause(control_, kUntilThereIsMemory);
      co_await pause.async_wait(quietly);
    }
    co_await keep_pace();
  }
  pipe->late.cancel();
  pass_on(*pipe, [&](auto line) { pipe->splitter.finish(line); });
  pipe->descriptor.close();
}

std::size_t OutputReader::take_some(Pipe& pipe) {
  std::array<char, kReadBlock> block;
  const ssize_t size = ::read(pipe.descriptor.native_handle(), block.data(), block.size());
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (size <= 0) {
    pipe.open = false;
    return 0;
  }
  const auto bytes = static_cast<std::size_t>(size);
  const std::size_t lines = pass_on(pipe, [&](auto line) { pipe.splitter.feed({block.data(), bytes}, line); });
  const TimePoint now = Clock::now();
  pace_.read(bytes, lines, now, pool_->behind() != nullptr);
  output_.pace().read(bytes, lines, now, false);
  return bytes;
}

// `split` is called with what takes the lines. Returns how many there were.
template <class Split>
std::size_t OutputReader::pass_on(const Pipe& pipe, Split split) {
  std::size_t count = 0;
  const std::int64_t now = unix_now_millis();
  const OutputBlock block{*lines_, pipe.stream, pipe.pid, now};
  split([&](std::string_view text, bool goes_on) {
    if (count++ == 0) pool_->begin(block);
    logs_.add(*lines_, {.unix_millis = now, .pid = pipe.pid, .stream = pipe.stream, .goes_on = goes_on}, text);
    pool_->add(text, goes_on);
  });
  if (count != 0) pool_->end();
  return count;
}

// A prompt is shown though its line has not ended.
void OutputReader::await_end_of_line(const PipePointer& pipe) {
  pipe->late.cancel();
  if (!pipe->splitter.waits()) return;
  pipe->late.expires_after(kEndOfLine);
  pipe->late.async_wait([self = shared_from_this(), pipe](boost::system::error_code cancelled) {
    if (!cancelled) self->pass_on(*pipe, [&](auto line) { pipe->splitter.give_what_there_is(line); });
  });
}

asio::awaitable<void> OutputReader::keep_pace() {
  asio::steady_timer pause(control_);
  for (;;) {
    const OutputWriter* const behind = pool_->behind();
    const TimePoint now = Clock::now();
    const Duration wait = std::max(pace_.wait(now, behind != nullptr), output_.pace().wait(now, false));
    if (wait < Millis{1}) co_return;  // not worth a timer; it is owed
    pause.expires_after(std::min<Duration>(wait, kLookAtDestination));
    co_await pause.async_wait(quietly);
    tell_slowed(Clock::now() - now, behind, Clock::now());
  }
}

void OutputReader::tell_slowed(Duration waited, const OutputWriter* behind, TimePoint now) {
  if (now - slowed_since_ > kTellAgain) {
    slowed_since_ = now;
    waited_ = {};
  }
  waited_ += waited;
  if (waited_ < kSlowedFor || now < tell_again_) return;
  tell_again_ = now + kTellAgain;
  log_.warn("instance writes more than is taken and is slowed",
            {{"pool", lines_->pool},
             {"instance", lines_->instance},
             {"reason", behind ? behind->what() + " is slow" : "16 MiB a second are read at most"}});
}

}  // namespace frontdoor
