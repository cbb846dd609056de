#include "proxy/upstreams/room_board.h"

namespace frontdoor {

void RoomBoard::join(Member& member) {
  const std::lock_guard lock(mutex_);
  members_.push_back(&member);
}

void RoomBoard::leave(Member& member) {
  const std::lock_guard lock(mutex_);
  std::erase(members_, &member);
}

bool RoomBoard::ask(const Member& asking) {
  const std::lock_guard lock(mutex_);
  bool asked = false;
  for (Member* member : members_) {
    if (member == &asking) continue;
    member->room_wanted();
    asked = true;
  }
  return asked;
}

void RoomBoard::announce() {
  const std::lock_guard lock(mutex_);
  if (!awaited_.exchange(false, std::memory_order_seq_cst)) return;
  for (Member* member : members_) member->room_came();
}

}  // namespace frontdoor
