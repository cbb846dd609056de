#include "config/accounts.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include "config/suggest.h"

namespace frontdoor::config {
namespace {

constexpr std::size_t kMostText = 1 << 20;  // of one entry: a group may have many members
constexpr int kMostGroups = 65'536;         // NGROUPS_MAX

std::optional<std::uint32_t> number_of(const std::string& text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

// getpwnam_r and its like: a buffer that grows until the entry fits. Calls take(entry) when there is one; errno.
template <class Entry, class Ask, class Take>
int look_up(Ask ask, Take take) {
  std::vector<char> text(4096);
  for (;;) {
    Entry entry{};
    Entry* found = nullptr;
    const int error = ask(&entry, text.data(), text.size(), &found);
    if (error == ERANGE && text.size() < kMostText) {
      text.resize(text.size() * 4);
      continue;
    }
    if (found) take(*found);
    // "Not found" may come as any of these: getpwnam(3).
    return found || error == ENOENT || error == ESRCH || error == EBADF || error == EPERM ? 0 : error;
  }
}

AccountLookup fail(const std::string& problem, bool of_group = false) { return {std::nullopt, problem, of_group}; }

std::vector<std::uint32_t> groups_of(const std::string& name, gid_t gid) {
  std::vector<gid_t> groups(64);
  int count = static_cast<int>(groups.size());
  while (::getgrouplist(name.c_str(), gid, groups.data(), &count) < 0 && count <= kMostGroups)
    groups.resize(static_cast<std::size_t>(count));
  groups.resize(static_cast<std::size_t>(std::max(0, count)));
  return {groups.begin(), groups.end()};
}

}  // namespace

std::string unknown_account(std::string_view kind, const std::string& name, int error) {
  if (error != 0) return "the user database cannot be read: " + std::string(std::strerror(error));
  return "there is no " + std::string(kind) + ' ' + quote(name) + " on this machine";
}

AccountLookup look_up_account(const std::string& user, const std::string& group) {
  Account account;
  bool known = false;
  const auto take_user = [&](const passwd& entry) {
    known = true;
    account = {entry.pw_uid, entry.pw_gid, {}, entry.pw_name, entry.pw_dir, entry.pw_shell};
  };
  const auto by_uid = [&](std::uint32_t uid) {
    return look_up<passwd>([&](auto... rest) { return ::getpwuid_r(uid, rest...); }, take_user);
  };
  const auto by_name = [&] {
    return look_up<passwd>([&](auto... rest) { return ::getpwnam_r(user.c_str(), rest...); }, take_user);
  };
  const std::optional<std::uint32_t> number = user.empty() ? std::optional<std::uint32_t>(::geteuid()) : number_of(user);
  const int error = number ? by_uid(*number) : by_name();
  if (!known && !number) return fail(unknown_account("user", user, error));
  if (!known && group.empty())
    return fail("the number " + user + " is in no user database, so its group must be said as well");
  if (!known) account.uid = *number;

  if (!group.empty()) {
    bool group_known = false;
    const auto gid = number_of(group);
    const int group_error = look_up<struct group>(
        [&](auto... rest) { return ::getgrnam_r(group.c_str(), rest...); },
        [&](const struct group& entry) {
          group_known = true;
          account.gid = entry.gr_gid;
        });
    if (!group_known && !gid) return fail(unknown_account("group", group, group_error), true);
    if (!group_known) account.gid = *gid;
  }
  account.groups = known ? groups_of(account.name, account.gid) : std::vector<std::uint32_t>{account.gid};
  if (user.empty()) account.name = account.home = account.shell = "";  // its user stays, and what that has found
  return {account, "", false};
}

}  // namespace frontdoor::config
