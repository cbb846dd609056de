#include "tls/ticket_keys.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <new>

namespace frontdoor::tls {

namespace {

void forget(TicketKey& key) { OPENSSL_cleanse(&key, sizeof key); }

template <std::size_t Size>
void fill(std::array<std::uint8_t, Size>& bytes) {
  // It fails where the kernel gives no randomness: then no ticket is better than one that can be guessed.
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) throw std::bad_alloc();
}

}  // namespace

TicketKeys::~TicketKeys() {
  forget(newest_);
  forget(previous_);
}

void TicketKeys::rotate(TimePoint now) {
  if (has_newest_ && now < born_ + period_) return;
  const bool just_now = has_newest_ && now < born_ + 2 * period_;
  TicketKey fresh;
  fill(fresh.name), fill(fresh.cipher), fill(fresh.mac);
  forget(previous_);
  has_previous_ = just_now;
  if (just_now) previous_ = newest_;
  newest_ = fresh;
  forget(fresh);
  has_newest_ = true;
  born_ = now;
}

TicketKey TicketKeys::newest(TimePoint now) {
  const std::lock_guard lock(mutex_);
  rotate(now);
  return newest_;
}

std::optional<TicketKeys::Found> TicketKeys::find(std::span<const std::uint8_t, 16> name, TimePoint now) {
  const std::lock_guard lock(mutex_);
  rotate(now);
  const auto is_named = [&](const TicketKey& key) { return std::equal(name.begin(), name.end(), key.name.begin()); };
  if (is_named(newest_)) return Found{newest_, true};
  if (has_previous_ && is_named(previous_)) return Found{previous_, false};
  return std::nullopt;
}

}  // namespace frontdoor::tls
