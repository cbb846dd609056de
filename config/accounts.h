// Who "user" and "group" of a pool are, in this machine's user database. Looked up when a config is loaded and never
// later: a database behind a network may take its time. Control thread.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frontdoor::config {

// Whom a process runs as, and what such a user expects to find in its environment.
struct Account {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  std::vector<std::uint32_t> groups = {};  // all that the user is in
  std::string name = {};                   // "" when only the group is another one
  std::string home = {};
  std::string shell = {};
  bool operator==(const Account&) const = default;
};

struct AccountLookup {
  std::optional<Account> account = {};
  std::string problem = {};       // why there is none
  bool problem_of_group = false;  // with `group`, not with `user`
};

// Why nobody was found; `error` is errno when the database itself failed, else 0.
std::string unknown_account(std::string_view kind, const std::string& name, int error);

// Names or numbers; "" is the one that this process has.
AccountLookup look_up_account(const std::string& user, const std::string& group);

}  // namespace frontdoor::config
