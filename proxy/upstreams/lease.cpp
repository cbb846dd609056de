#include "proxy/upstreams/lease.h"

#include <utility>

#include "proxy/upstreams/local_snapshot.h"

namespace frontdoor {

void Lease::take(LocalUpstream& upstream, Slot slot) {
  answered_ = false;
  upstream_ = &upstream;
  slot_ = slot;
  upstream.shared->begin_request(upstream.worker);
  upstream.leases.push_back(*this);
}

void Lease::give_back() {
  if (!upstream_) return;
  unlink();
  if (!answered_) upstream_->shared->count_answer(upstream_->worker, 0);
  upstream_->shared->end_request(upstream_->worker);
  return_slot();
  upstream_ = nullptr;
}

void Lease::answered(std::uint16_t status) {
  if (!upstream_ || std::exchange(answered_, true)) return;
  upstream_->shared->count_answer(upstream_->worker, status);
}

void Lease::return_slot() {
  if (upstream_ && std::exchange(slot_, Slot::None) == Slot::Taken) upstream_->shared->return_slot();
}

}  // namespace frontdoor
