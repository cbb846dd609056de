// The place of one request on an upstream: counted in flight, in the list by which eviction and drain reach it, and with
// a slot where the pool has `max_in_flight`. Given back when it ends, however that comes. One worker.

#pragma once

#include <cstdint>

#include "loop/intrusive_list.h"
#include "proxy/upstreams/on_upstream.h"

namespace frontdoor {

struct LocalUpstream;

class Lease final : public Listed<class LeaseTag> {
 public:
  enum class Slot : bool { None, Taken };

  explicit Lease(OnUpstream& holder) : holder_(holder) {}
  ~Lease() { give_back(); }

  // `slot`: whether the pick has taken one. Before, nothing is held.
  void take(LocalUpstream& upstream, Slot slot);
  bool held() const { return upstream_ != nullptr; }
  void give_back();
  void return_slot();  // earlier than the rest
  // The upstream has answered it, with this status. One that is given back without has got no answer.
  void answered(std::uint16_t status);

  OnUpstream& holder() { return holder_; }

 private:
  OnUpstream& holder_;
  LocalUpstream* upstream_ = nullptr;  // while it is held; outlives that
  Slot slot_ = Slot::None;
  bool answered_ = false;
};

}  // namespace frontdoor
