// The keys that session tickets are sealed with: each listener has its own, and all of its workers the same, so that a
// client may come back to any of them. A key makes tickets for one period and opens them for one more; then it is gone,
// and with it what could decrypt the sessions that TLS 1.2 had resumed by it (docs/adr/0025).
// Any thread; asked once a handshake.

#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>

#include "base/time.h"

namespace frontdoor::tls {

struct TicketKey {
  std::array<std::uint8_t, 16> name{};  // as the ticket carries it
  std::array<std::uint8_t, 32> cipher{};
  std::array<std::uint8_t, 32> mac{};
};

class TicketKeys {
 public:
  explicit TicketKeys(Duration period) : period_(period) {}
  ~TicketKeys();

  TicketKey newest(TimePoint now);  // to seal a ticket with
  struct Found {
    TicketKey key;
    bool newest = false;  // false: the client should get another ticket
  };
  std::optional<Found> find(std::span<const std::uint8_t, 16> name, TimePoint now);

 private:
  void rotate(TimePoint now);

  const Duration period_;
  std::mutex mutex_;
  TimePoint born_{};
  bool has_newest_ = false;
  bool has_previous_ = false;
  TicketKey newest_;
  TicketKey previous_;
};

}  // namespace frontdoor::tls
