// What is stored with the launcher about each process, and found again after a crash of the front door: whose it is,
// and what it was started with. Values.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"
#include "config/config.h"

namespace frontdoor {

struct InstanceMemo {
  std::string pool = {};
  unsigned number = 0;
  Endpoint place = {};      // where it listens
  std::string life = {};    // what its children carry in their environment
  std::string launch = {};  // as launch_text() wrote it

  bool operator==(const InstanceMemo&) const = default;
};

// Two of them are the same when the processes were started with the same.
std::string launch_text(const config::Launch& launch);
// Nothing: launch_text() of this program has not written it.
std::optional<config::Launch> parse_launch(std::string_view text);
// "command, env": the keys of the file in which they differ.
std::string differing_keys(const config::Launch& one, const config::Launch& other);

std::string to_text(const InstanceMemo& memo);
std::optional<InstanceMemo> parse_memo(std::string_view text);

}  // namespace frontdoor
