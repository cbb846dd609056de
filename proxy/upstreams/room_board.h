// Where workers tell each other about room under a limit that they share: one that has a client waiting and
// no place for it asks the others to make room, and whoever gives a place back tells those who wait. Costs
// one load where nobody waits. Any thread.

#pragma once

#include <atomic>
#include <mutex>
#include <vector>

namespace frontdoor {

class RoomBoard {
 public:
  // Both run on any thread with the board locked: they may only post to their own. Neither may throw.
  class Member {
   public:
    virtual void room_wanted() noexcept = 0;  // another one has a client waiting
    virtual void room_came() noexcept = 0;    // it may be worth while to try again

   protected:
    ~Member() = default;
  };

  void join(Member& member);  // throws std::bad_alloc
  void leave(Member& member);

  bool ask(const Member& asking);  // the others to make room; false: there are none
  // From now on the next freed() calls room_came() of all. Look once more after it: a place may have come
  // before.
  void await() { awaited_.store(true, std::memory_order_seq_cst); }
  void freed() {
    if (awaited_.load(std::memory_order_seq_cst)) announce();
  }

 private:
  void announce();

  std::atomic<bool> awaited_{false};
  std::mutex mutex_;
  std::vector<Member*> members_;
};

}  // namespace frontdoor
