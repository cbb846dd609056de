#include "supervisor/file_watch.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <chrono>
#include <utility>

#include "base/signals_blocked.h"
#include "supervisor/watch_rolls.h"

namespace frontdoor {

namespace {

constexpr Duration kRoots = std::chrono::seconds(1);
constexpr Duration kPoll = std::chrono::seconds(2);
constexpr int kShareOfPolling = 10;  // a look that takes long is the more seldom

}  // namespace

FileWatch::FileWatch(WatchPatterns patterns, FileTreeOptions options, std::shared_ptr<FileWatchListener> listener)
    : stop_(::eventfd(0, EFD_CLOEXEC)) {
  const SignalsBlocked blocked;
  try {
    thread_ = std::thread([this, patterns = std::move(patterns), options = std::move(options),
                           listener = std::move(listener)] { run(patterns, options, *listener); });
  } catch (...) {
    ::close(stop_);
    throw;
  }
}

FileWatch::~FileWatch() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto told = ::write(stop_, &one, sizeof one);
  thread_.join();
  ::close(stop_);
}

void FileWatch::run(WatchPatterns patterns, FileTreeOptions options, FileWatchListener& listener) const {
  ::pthread_setname_np(::pthread_self(), "watch");
  FileTree tree(std::move(patterns), std::move(options));
  const auto tell_troubles = [&] {
    for (std::string& what : tree.take_troubles()) listener.trouble(std::move(what));
  };
  TimePoint began = Clock::now();
  tree.look();
  tell_troubles();
  listener.watching(tree.files(), tree.directories());

  Settling settling;
  TimePoint roots_at = Clock::now() + kRoots;
  TimePoint poll_at = Clock::now() + std::max(kPoll, (Clock::now() - began) * kShareOfPolling);
  for (;;) {
    TimePoint wake = std::min(roots_at, settling.due().value_or(TimePoint::max()));
    if (tree.polls()) wake = std::min(wake, poll_at);
    const auto wait = std::chrono::ceil<Millis>(std::max(wake - Clock::now(), Duration::zero()));
    std::array<pollfd, 2> wanted = {{{stop_, POLLIN, 0}, {tree.fd(), POLLIN, 0}}};
    ::poll(wanted.data(), wanted.size(), static_cast<int>(wait.count()));
    if (wanted[0].revents != 0) return;

    const TimePoint now = Clock::now();
    if (tree.take_events()) settling.changed(now);
    if (now >= roots_at) {
      roots_at = now + kRoots;
      if (tree.check_roots()) settling.changed(now);
    }
    const bool by_poll = tree.polls() && now >= poll_at;
    if (by_poll) tree.look_everywhere();
    if (!by_poll && (!settling.due() || now < *settling.due())) continue;

    settling.settled();
    began = Clock::now();
    std::vector<std::string> changed = tree.look();
    const TimePoint looked = Clock::now();
    if (by_poll) poll_at = looked + std::max(kPoll, (looked - began) * kShareOfPolling);
    tell_troubles();
    if (!changed.empty()) listener.changed(std::move(changed));
  }
}

}  // namespace frontdoor
