#include "loop/event_loop.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace frontdoor {

namespace {

int require(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return fd;
}

}  // namespace

EventLoop::EventLoop(TimeSource& time, SocketOps& ops)
    : time_(time),
      ops_(ops),
      epoll_fd_(require(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      event_fd_(require(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      now_(time.now()),
      wheel_(now_) {
  watch(event_fd_, EPOLLIN, mailbox_);
}

EventLoop::~EventLoop() {
  ::close(event_fd_);
  ::close(epoll_fd_);
}

std::uint32_t EventLoop::take_entry(EpollHandler& handler) {
  std::uint32_t index = first_free_;
  if (index == 0) {
    index = static_cast<std::uint32_t>(entries_.size());
    entries_.emplace_back();
  }
  Entry& entry = entries_[index];
  first_free_ = entry.next_free;
  entry.handler = &handler;
  ++entry.generation;
  return index;
}

std::uint64_t EventLoop::registration_of(const EpollHandler& handler) const {
  return std::uint64_t{entries_[handler.entry.index_].generation} << 32 | handler.entry.index_;
}

bool EventLoop::watch(int fd, std::uint32_t events, EpollHandler& handler) {
  handler.entry.index_ = take_entry(handler);
  ++watched_;
  epoll_event event{};
  event.events = events;
  event.data.u64 = registration_of(handler);
  if (::epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0) return true;
  const int error = errno;
  forget(handler);
  errno = error;
  return false;
}

void EventLoop::watch_for(int fd, std::uint32_t events, EpollHandler& handler) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = registration_of(handler);
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event);  // allocates nothing: it can only fail by a mistake of ours
}

void EventLoop::unwatch(int fd, EpollHandler& handler) {
  if (handler.entry.index_ == 0) return;
  ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr);
  forget(handler);
}

void EventLoop::forget(EpollHandler& handler) {
  const std::uint32_t index = std::exchange(handler.entry.index_, 0);
  if (index == 0) return;
  entries_[index].handler = nullptr;
  entries_[index].next_free = std::exchange(first_free_, index);
  --watched_;
}

void EventLoop::tell(std::uint64_t registration, std::uint32_t events) {
  const Entry& entry = entries_[registration & 0xffff'ffff];
  if (entry.handler && entry.generation == registration >> 32) entry.handler->on_events(events);
}

void EventLoop::run() {
  while (!stopped_.load(std::memory_order_acquire)) run_once(Millis{60'000});
}

void EventLoop::run_once(Millis max_wait) {
  const bool first = turn_++ == 0;
  std::array<epoll_event, 256> events;
  const TimePoint began = now_;
  const bool sleeps = ready_.empty();
  // Before a sleep: the last turn may have been a long one, and a timer must not be late by it.
  if (sleeps) now_ = time_.now();
  const int count = ::epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()), wait_limit_ms(max_wait));
  const TimePoint woken = time_.now();
  if (!first) longest_turn_ = std::max(longest_turn_, (sleeps ? now_ : woken) - began);
  now_ = woken;
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = events[static_cast<std::size_t>(i)];
    tell(event.data.u64, event.events);
  }
  wheel_.advance(now_);
  if (mail_) run_posted();
  run_ready();
}

int EventLoop::wait_limit_ms(Millis max_wait) const {
  if (!ready_.empty() || !last_.empty()) return 0;
  Duration limit = max_wait;
  if (const auto sleep = wheel_.sleep_limit(now_)) limit = std::min(limit, *sleep);
  return static_cast<int>(std::chrono::ceil<Millis>(limit).count());
}

void EventLoop::run_ready() {
  // Only what is ready now: a task that yields runs in the next turn, after the sockets have been asked
  // again.
  List<Runnable, Listed<class ReadyTag>> batch;
  batch.take_all(ready_);
  while (!batch.empty()) batch.pop_front().run();
  while (!last_.empty()) last_.pop_front().run();
}

void EventLoop::post(std::function<void()> work) {
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(work));
  }
  wake();
}

void EventLoop::run_posted() {
  mail_ = false;
  std::uint64_t writes = 0;
  if (::read(event_fd_, &writes, sizeof writes) == sizeof writes) wakes_ += writes;
  // In this order: read, say so, take the work. A post before the flag falls writes nothing, and its work is in the
  // queue already, which is taken below. A later one writes again: its work may be taken now, and then a turn
  // finds an empty queue; or it is not, and then that write wakes the turn that takes it. An exchange and no plain
  // store, on both sides: seeing a poster's flag means seeing what it did before, also where that was a stop().
  woken_.exchange(false, std::memory_order_acq_rel);
  std::vector<std::function<void()>> work;
  {
    const std::lock_guard lock(posted_mutex_);
    work.swap(posted_);
  }
  for (auto& item : work) item();
}

void EventLoop::stop() {
  stopped_.store(true, std::memory_order_release);
  wake();
}

void EventLoop::wake() {
  // Ten thousand posts to a busy loop are one write: it comes to all of them when it comes to the first.
  if (woken_.exchange(true, std::memory_order_acq_rel)) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto ignored = ::write(event_fd_, &one, sizeof one);  // full counter: already awake
}

}  // namespace frontdoor
