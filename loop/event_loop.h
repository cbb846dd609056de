// One worker's loop: epoll for sockets, a wheel for timers, a queue for what other threads post. A turn has two
// halves. First everything that happened is marked (socket flags, expired timers) and what waits for it is put on the
// ready list; then the ready list runs. Nothing is destroyed in the first half, so an event never meets a dead
// socket, and several events for one exchange wake it once.
//
// Sockets are registered once, edge-triggered (docs/adr/0003): no further system call arms a wait, a hang-up is told
// without being asked, and closing a socket ends its registration.
//
// Owned by one worker; only post() and stop() may be called from elsewhere.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/time.h"
#include "loop/intrusive_list.h"
#include "loop/socket_ops.h"
#include "loop/timer_wheel.h"

namespace frontdoor {

// Something to run in the second half of a turn.
class Runnable : public Listed<class ReadyTag> {
 public:
  virtual void run() = 0;

 protected:
  ~Runnable() = default;
};

// Where a handler stands in its loop's table: the loop's matter.
class LoopEntry {
  friend class EventLoop;
  std::uint32_t index_ = 0;  // 0 = nowhere
};

// Something registered with epoll. on_events only marks; it runs in the first half of a turn.
class EpollHandler {
 public:
  virtual void on_events(std::uint32_t events) = 0;
  LoopEntry entry;

 protected:
  ~EpollHandler() = default;
};

// Where a loop's time comes from; tests substitute one that they move.
class TimeSource {
 public:
  virtual ~TimeSource() = default;
  virtual TimePoint now() { return Clock::now(); }
};

class EventLoop {
 public:
  EventLoop(TimeSource& time, SocketOps& ops);
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  void run();                      // until stop()
  void run_once(Millis max_wait);  // one turn; waits at most this long for something to happen

  // Any thread.
  void stop();
  void post(std::function<void()> work);

  // The loop's own thread.
  TimePoint now() const { return now_; }              // of this turn
  std::uint64_t turn() const { return turn_; }        // how many there were
  TimePoint clock() { return time_.now(); }           // right now
  SocketOps& ops() { return ops_; }
  // Room for whoever needs some until its call returns: one for all of a worker's connections, and it is kept warm.
  std::string& scratch() { return scratch_; }
  void arm(Timer& timer, TimePoint due) { wheel_.arm(timer, due); }
  void enqueue(Runnable& runnable) {
    if (!runnable.linked()) ready_.push_back(runnable);
  }
  // Once, behind all that runs in this turn: what many have written in it leaves with one call.
  void run_last(Runnable& runnable) {
    if (!runnable.linked()) last_.push_back(runnable);
  }
  bool watch(int fd, std::uint32_t events, EpollHandler& handler);  // false: errno says why
  void watch_for(int fd, std::uint32_t events, EpollHandler& handler);  // from now on; it is watched already
  void unwatch(int fd, EpollHandler& handler);                          // the descriptor stays open
  // Whose descriptor is closed next: that ends the registration, and spares a system call. Where a copy of the
  // descriptor lives on, in a process that is being spawned and has not come to its exec, epoll goes on telling its
  // events; nobody hears them.
  void forget(EpollHandler& handler);
  std::size_t watched() const { return watched_; }
  // How long the longest turn has taken since the last time that this was asked: what came meanwhile had to wait so long.
  Duration take_longest_turn() { return std::exchange(longest_turn_, Duration{}); }
  std::uint64_t wakes() const { return wakes_; }  // how often others had to write to be heard, so far

 private:
  class Mailbox final : public EpollHandler {
   public:
    explicit Mailbox(EventLoop& loop) : loop_(loop) {}
    void on_events(std::uint32_t) override { loop_.mail_ = true; }

   private:
    EventLoop& loop_;
  };

  // What epoll gives back with an event: an entry, and the registration that it is meant for. A handler must not be
  // found by its address, since epoll may know a registration longer than its handler lives.
  struct Entry {
    EpollHandler* handler = nullptr;  // null: free
    std::uint32_t generation = 0;     // how many registrations it has had
    std::uint32_t next_free = 0;
  };

  void tell(std::uint64_t registration, std::uint32_t events);
  std::uint32_t take_entry(EpollHandler& handler);
  std::uint64_t registration_of(const EpollHandler& handler) const;
  int wait_limit_ms(Millis max_wait) const;
  void run_posted();
  void run_ready();
  void wake();

  TimeSource& time_;
  SocketOps& ops_;
  const int epoll_fd_;
  const int event_fd_;
  TimePoint now_;
  std::uint64_t turn_ = 0;
  Duration longest_turn_{};
  TimerWheel wheel_;
  List<Runnable, Listed<class ReadyTag>> ready_;
  List<Runnable, Listed<class ReadyTag>> last_;  // of this turn
  Mailbox mailbox_{*this};
  bool mail_ = false;
  std::vector<Entry> entries_{1};  // the first is never used: 0 means none
  std::uint32_t first_free_ = 0;
  std::size_t watched_ = 0;
  std::string scratch_;
  std::uint64_t wakes_ = 0;
  std::atomic<bool> stopped_{false};
  std::atomic<bool> woken_{false};  // the eventfd has been written and its reader has not come to it yet
  std::mutex posted_mutex_;
  std::vector<std::function<void()>> posted_;
};

}  // namespace frontdoor
