#include "service/orders/order_store.h"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <utility>

#include "admin/time_text.h"
#include "base/quietly.h"
#include "base/read_file.h"
#include "base/signals_blocked.h"
#include "base/unix_time.h"
#include "service/orders/durable_file.h"
#include "service/orders/order_file.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kLongestFileName = 240;

// One name for each path: "/" is "+", and what is neither letter, digit nor one of "._-" is written as %2B.
std::string name_after(std::string_view path) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string name;
  for (const char c : path.substr(1)) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("._-").find(c) != std::string_view::npos;
    if (c == '/')
      name += '+';
    else if (plain)
      name += c;
    else
      name += {'%', digits[byte >> 4], digits[byte & 15]};
  }
  return name + ".state.json";
}

// The file has moments of the calendar; this process goes by a clock that nobody sets.
TimePoint moment_of(std::int64_t unix_millis) {
  const std::int64_t age = std::max<std::int64_t>(unix_now_millis() - unix_millis, 0);
  const TimePoint now = Clock::now();
  return Millis{age} < now.time_since_epoch() ? now - Millis{age} : TimePoint{};
}

}  // namespace

OrderFilePlace order_file_place(const AdminSurroundings& surroundings, const std::string& setting,
                                const std::string& config_file) {
  if (setting == "off") return {"", "admin.state_file is \"off\"", false};
  if (!setting.empty()) return {setting, "", false};
  if (config_file.empty()) return {"", "the config was not read from a file", false};
  const std::string directory = state_file_directory(surroundings);
  if (directory.empty()) return {"", "this user has no directory for it", false};
  const std::string name = name_after(config_file);
  if (name.size() > kLongestFileName) return {"", "the config's path is too long to name a file after", false};
  return {directory + '/' + name, "", true};
}

Orders OrderStore::open(OrderFilePlace place) {
  place_ = std::move(place);
  if (place_.path.empty() || (::access(place_.path.c_str(), F_OK) != 0 && errno == ENOENT)) return {};
  const FileText file = read_file(place_.path, kMostOrderFile);
  if (!file.error.empty()) {
    // It may be whole, and hold again when it can be read: it stays where it is, and nothing is written over it.
    log_.error("the state file can not be read: nothing that was ordered before holds, and no order is kept",
               {{"file", place_.path}, {"reason", file.error}, {"hint", "mend that and restart, or move the file away"}});
    place_ = {"", "the state file could not be read at the start: " + file.error, false};
    return {};
  }
  const OrderFile parsed = parse_order_file(file.text);
  if (!parsed.error.empty()) {
    const std::string aside = place_.path + ".broken";
    const bool moved = ::rename(place_.path.c_str(), aside.c_str()) == 0;
    log_.error("the state file can not be used: nothing that was ordered before holds",
               {{"file", place_.path}, {"reason", parsed.error}, {"kept_as", moved ? aside : place_.path}});
    return {};
  }
  Orders orders;
  for (auto [key, order] : parsed.orders.upstreams()) {
    order.by.since = moment_of(order.by.unix_millis);
    log_.warn("an operator's order holds", {{"pool", key.first},
                                            {"upstream", key.second},
                                            {"order", to_string(order.order)},
                                            {"weight", order.weight ? std::to_string(*order.weight) : "config"},
                                            {"by", order.by.name},
                                            {"since", rfc3339(order.by.unix_millis)},
                                            {"reason", order.by.reason}});
    orders.set(key, std::move(order));
  }
  for (const auto& [pool, maintenance] : parsed.orders.pools()) {
    auto mine = std::make_shared<PoolMaintenance>(*maintenance);
    mine->by.since = moment_of(mine->by.unix_millis);
    log_.warn("an operator's order holds",
              {{"pool", pool},
               {"order", "maintenance"},
               {"by", mine->by.name},
               {"since", rfc3339(mine->by.unix_millis)},
               {"reason", mine->by.reason}});
    orders.set_maintenance(pool, std::move(mine));
  }
  for (auto [key, member] : parsed.orders.members().added()) {
    member.by.since = moment_of(member.by.unix_millis);
    tell_member(key, "added", member.by);
    orders.members().add(key.first, std::move(member));
  }
  for (auto [key, by] : parsed.orders.members().removed()) {
    by.since = moment_of(by.unix_millis);
    tell_member(key, "removed", by);
    orders.members().remove(key, std::move(by));
  }
  return orders;
}

void OrderStore::tell_member(const RunTimeMembers::Key& key, const char* what, const OrderedBy& by) {
  log_.warn("an operator's order holds",
            {{"pool", key.first},
             {"upstream", key.second},
             {"order", what},
             {"by", by.name},
             {"since", rfc3339(by.unix_millis)},
             {"reason", by.reason}});
}

asio::awaitable<std::string> OrderStore::save(const Orders& orders) {
  if (place_.path.empty()) co_return place_.reason;
  std::string text = order_file_text(orders);
  if (text.size() > kMostOrderFile) co_return "all that is ordered is more than a state file may hold";
  if (!writer_) {
    const SignalsBlocked blocked;
    try {
      writer_ = std::make_unique<asio::thread_pool>(1);
    } catch (const std::exception& problem) {
      co_return std::string("there is no thread to write it: ") + problem.what();
    }
  }
  struct Written {
    explicit Written(asio::io_context& control) : done(control, asio::steady_timer::time_point::max()) {}
    std::string reason;
    bool over = false;
    asio::steady_timer done;
  };
  const auto written = std::make_shared<Written>(control_);
  asio::post(*writer_, [this, written, place = place_, text = std::move(text)] {
    std::string reason;
    if (place.own_directory) reason = prepare_directory(place.path.substr(0, place.path.rfind('/')));
    if (reason.empty()) reason = write_durably(place.path, text);
    asio::post(control_, [this, written, reason = std::move(reason)] {
      --writes_;
      written->reason = reason;
      written->over = true;
      written->done.cancel();
    });
  });
  ++writes_;  // its end is told by this thread, so not before
  while (!written->over) co_await written->done.async_wait(quietly);
  if (!written->reason.empty() && written->reason != last_trouble_)
    log_.error("the state file can not be written: what was ordered will not survive a restart",
               {{"file", place_.path}, {"reason", written->reason}});
  last_trouble_ = written->reason;
  co_return written->reason;
}

}  // namespace frontdoor
