#include "supervisor/triggers/file_watch.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

#include "base/signals_blocked.h"
#include "supervisor/triggers/watch_rolls.h"

namespace frontdoor {

namespace {

constexpr Duration kRoots = std::chrono::seconds(1);
constexpr Duration kPoll = std::chrono::seconds(2);
constexpr int kShareOfPolling = 10;  // a look that takes long is the more seldom

}  // namespace

// Shared with the thread, which may outlive the watch: on a network file system that hangs it returns when that does.
struct FileWatch::State {
  const int stop = ::eventfd(0, EFD_CLOEXEC);
  std::atomic<bool> stopped = false;
  std::mutex mutex;
  std::shared_ptr<FileWatchListener> listener;  // none: nobody listens any more

  ~State() { ::close(stop); }
  template <class Call>
  void tell(Call call) {
    const std::lock_guard lock(mutex);
    if (listener && !stopped) call(*listener);
  }
};

FileWatch::FileWatch(WatchPatterns patterns, FileTreeOptions options, std::shared_ptr<FileWatchListener> listener)
    : state_(std::make_shared<State>()) {
  state_->listener = std::move(listener);
  options.go_on = [stopped = std::weak_ptr<State>(state_), more = std::move(options.go_on)] {
    const auto state = stopped.lock();
    return state && !state->stopped && (!more || more());
  };
  const SignalsBlocked blocked;
  std::thread([state = state_, patterns = std::move(patterns), options = std::move(options)] {
    run(*state, patterns, options);
  }).detach();
}

// No join: whoever owns this must not wait for a disk.
FileWatch::~FileWatch() {
  state_->stopped = true;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto told = ::write(state_->stop, &one, sizeof one);
  const std::lock_guard lock(state_->mutex);
  state_->listener = nullptr;
}

void FileWatch::run(State& state, WatchPatterns patterns, FileTreeOptions options) {
  ::pthread_setname_np(::pthread_self(), "watch");
  FileTree tree(std::move(patterns), std::move(options));
  const auto tell_troubles = [&] {
    for (std::string& what : tree.take_troubles())
      state.tell([&](FileWatchListener& listener) { listener.trouble(std::move(what)); });
  };
  TimePoint began = Clock::now();
  tree.look();
  tell_troubles();
  state.tell([&](FileWatchListener& listener) { listener.watching(tree.files(), tree.directories()); });

  Settling settling;
  TimePoint roots_at = Clock::now() + kRoots;
  TimePoint poll_at = Clock::now() + std::max(kPoll, (Clock::now() - began) * kShareOfPolling);
  for (;;) {
    TimePoint wake = std::min(roots_at, settling.due().value_or(TimePoint::max()));
    if (tree.polls()) wake = std::min(wake, poll_at);
    const auto wait = std::chrono::ceil<Millis>(std::max(wake - Clock::now(), Duration::zero()));
    std::array<pollfd, 2> wanted = {{{state.stop, POLLIN, 0}, {tree.fd(), POLLIN, 0}}};
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
    if (!changed.empty()) state.tell([&](FileWatchListener& listener) { listener.changed(std::move(changed)); });
  }
}

}  // namespace frontdoor
