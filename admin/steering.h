// What the admin API asks of the program when an operator takes upstreams out of a pool, brings them back, or gives them
// another weight. Implemented where everything is wired. Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/system/result.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admin/reply.h"

namespace frontdoor {

// What an order may say; as much as the state file takes.
inline constexpr std::size_t kLongestMaintenancePage = std::size_t{64} << 10;
inline constexpr std::size_t kLongestReason = 200;
inline constexpr std::uint32_t kMostRetryAfterSeconds = 86'400;
inline constexpr std::uint32_t kHeaviestUpstream = 1'000;  // as in the config

struct AdminOrder {
  enum class Verb : std::uint8_t { Ready, Drain, Maintenance, Weight };
  Verb verb = Verb::Ready;
  std::string pool = {};      // or an instance: "app.2"
  std::string upstream = {};  // "" = the whole pool
  bool force = false;         // also when it is the last one that is up
  std::optional<std::uint32_t> weight = {};  // Weight; nothing = what the config says
  // Maintenance of a whole pool
  std::string page = {};
  std::string content_type = {};
  std::uint32_t retry_after_seconds = 0;
  std::string by = {};      // who asks
  std::string reason = {};  // in the operator's words
};

struct AdminOrderOutcome {
  std::string pool = {};
  std::vector<std::string> upstreams = {};  // that it is about
  std::string unchanged = {};               // why the order changes nothing, as a sentence; "" = it does
  std::string before = {};                  // what held before: "ready", "drain by root", "weight 3 by uid 7"
  std::uint64_t in_flight = 0;              // requests on them now
  std::string warning = {};                 // what the operator may not have thought of; "" = nothing
  std::string not_kept = {};                // why it will not survive a restart; "" = it will
};

class AdminSteering {
 public:
  virtual ~AdminSteering() = default;

  virtual std::optional<AdminProblem> why_not(const AdminOrder& order) const = 0;
  // After why_not() has found nothing. It holds at once; the wait is for the disk.
  virtual boost::asio::awaitable<AdminOrderOutcome> carry_out(AdminOrder order) = 0;
};

}  // namespace frontdoor
