#include "service/orders/order_file.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/json/value_to.hpp>
#include <optional>

#include "admin/utf8.h"
#include "config/one_upstream.h"

namespace frontdoor {

namespace {

namespace json = boost::json;

constexpr std::int64_t kOrderFileVersion = 1;

void add_by(json::object& to, const OrderedBy& by) {
  to["by"] = to_utf8(by.name);
  to["at_unix_ms"] = by.unix_millis;
  to["reason"] = to_utf8(by.reason);
}

// Reads members of one object and remembers the first that is not as it should be.
class OrderReader {
 public:
  explicit OrderReader(const json::value& value) : object_(value.if_object()) {
    if (object_ == nullptr) problem_ = "an entry is no object";
  }

  std::string text(const char* name) {
    const json::value* const value = find(name);
    if (value && value->is_string()) return std::string(value->get_string());
    wrong(name);
    return "";
  }
  std::int64_t number(const char* name, std::int64_t least, std::int64_t most) {
    const json::value* const value = find(name);
    if (value && value->is_int64() && value->get_int64() >= least && value->get_int64() <= most) return value->get_int64();
    wrong(name);
    return least;
  }
  bool has(const char* name) const {
    const json::value* const value = object_ ? object_->if_contains(name) : nullptr;
    return value && !value->is_null();
  }
  OrderedBy by() {
    OrderedBy by;
    by.name = text("by");
    by.unix_millis = number("at_unix_ms", 0, INT64_MAX);
    by.reason = text("reason");
    return by;
  }
  void wrong(std::string_view name) {
    if (problem_.empty()) problem_ = "\"" + std::string(name) + "\" is missing or makes no sense";
  }
  const std::string& problem() const { return problem_; }

 private:
  const json::value* find(const char* name) const { return object_ ? object_->if_contains(name) : nullptr; }

  const json::object* const object_;
  std::string problem_;
};

std::optional<Order> order_of_word(std::string_view word) {
  for (const Order order : {Order::Ready, Order::Drain, Order::Maintenance})
    if (to_string(order) == word) return order;
  return std::nullopt;
}

std::string read_upstream(const json::value& value, Orders& orders) {
  OrderReader reader(value);
  const Orders::Key key{reader.text("pool"), reader.text("upstream")};
  UpstreamOrder order;
  const auto word = order_of_word(reader.text("order"));
  if (!word) reader.wrong("order");
  order.order = word.value_or(Order::Ready);
  if (reader.has("weight")) order.weight = static_cast<std::uint32_t>(reader.number("weight", 1, kHeaviestUpstream));
  order.by = reader.by();
  if (reader.problem().empty()) orders.set(key, std::move(order));
  return reader.problem();
}

std::string read_pool(const json::value& value, Orders& orders) {
  OrderReader reader(value);
  auto maintenance = std::make_shared<PoolMaintenance>();
  const std::string pool = reader.text("pool");
  maintenance->page = reader.text("page");
  if (maintenance->page.size() > kLongestMaintenancePage) reader.wrong("page");
  maintenance->content_type = reader.text("content_type");
  maintenance->retry_after_seconds = static_cast<std::uint32_t>(reader.number("retry_after_seconds", 1, kMostRetryAfterSeconds));
  maintenance->by = reader.by();
  if (reader.problem().empty()) orders.set_maintenance(pool, std::move(maintenance));
  return reader.problem();
}

// An address is judged as in a config, since somebody may have written the file by hand.
std::string read_member(const json::value& value, Orders& orders) {
  OrderReader reader(value);
  const std::string pool = reader.text("pool"), what = reader.text("member");
  config::UpstreamWords words{.address = reader.text("upstream")};
  if (what != "added" && what != "removed") reader.wrong("member");
  if (what == "added") {
    words.weight = std::to_string(reader.number("weight", 1, kHeaviestUpstream));
    words.priority = std::to_string(reader.number("priority", 0, UINT32_MAX));
    words.host = reader.text("host");
  }
  OrderedBy by = reader.by();
  if (!reader.problem().empty()) return reader.problem();
  const auto upstream = config::read_one_upstream(words);
  if (!upstream) return upstream.error();
  if (what == "added")
    orders.members().add(pool, {*upstream, std::move(by)});
  else
    orders.members().remove(RunTimeMembers::key_of(pool, *upstream), std::move(by));
  return orders.members().added().size() <= RunTimeMembers::kMost ? "" : "it has more added upstreams than there may be";
}

json::object member_entry(const RunTimeMembers::Key& key, const char* what) {
  return {{"pool", to_utf8(key.first)}, {"upstream", to_utf8(key.second)}, {"member", what}};
}

}  // namespace

std::string order_file_text(const Orders& orders) {
  json::array upstreams, pools, members;
  for (const auto& [key, order] : orders.upstreams()) {
    json::object entry{{"pool", to_utf8(key.first)}, {"upstream", to_utf8(key.second)}, {"order", to_string(order.order)}};
    entry["weight"] = order.weight ? json::value(std::int64_t{*order.weight}) : json::value(nullptr);
    add_by(entry, order.by);
    upstreams.push_back(std::move(entry));
  }
  for (const auto& [pool, maintenance] : orders.pools()) {
    json::object entry{{"pool", to_utf8(pool)},
                       {"page", to_utf8(maintenance->page)},
                       {"content_type", maintenance->content_type},
                       {"retry_after_seconds", std::int64_t{maintenance->retry_after_seconds}}};
    add_by(entry, maintenance->by);
    pools.push_back(std::move(entry));
  }
  for (const auto& [key, member] : orders.members().added()) {
    json::object entry = member_entry(key, "added");
    entry["weight"] = std::int64_t{member.upstream.weight};
    entry["priority"] = std::int64_t{member.upstream.priority};
    entry["host"] = to_utf8(member.upstream.host);
    add_by(entry, member.by);
    members.push_back(std::move(entry));
  }
  for (const auto& [key, by] : orders.members().removed()) {
    json::object entry = member_entry(key, "removed");
    add_by(entry, by);
    members.push_back(std::move(entry));
  }
  const json::object file{{"version", kOrderFileVersion},
                          {"upstreams", std::move(upstreams)},
                          {"pools", std::move(pools)},
                          {"members", std::move(members)}};
  return json::serialize(file) + '\n';
}

OrderFile parse_order_file(std::string_view text) {
  OrderFile file;
  boost::system::error_code error;
  const json::value value = json::parse(json::string_view(text.data(), text.size()), error);
  const json::object* const object = error ? nullptr : value.if_object();
  if (object == nullptr) {
    file.error = text.empty() ? "it is empty" : "it is no JSON object";
    return file;
  }
  const json::value* const version = object->if_contains("version");
  if (version == nullptr || !version->is_int64() || version->get_int64() != kOrderFileVersion) {
    file.error = "it is of another version than this frontdoor's";
    return file;
  }
  Orders orders;
  const auto read_all = [&](const char* name, std::string (*read)(const json::value&, Orders&)) {
    const json::value* const list = object->if_contains(name);
    if (list == nullptr || !list->is_array()) file.error = "\"" + std::string(name) + "\" is missing or no list";
    for (std::size_t i = 0; file.error.empty() && i < list->get_array().size(); ++i)
      file.error = read(list->get_array()[i], orders);
  };
  read_all("upstreams", read_upstream);
  if (file.error.empty()) read_all("pools", read_pool);
  // Files of before have none.
  if (file.error.empty() && object->contains("members")) read_all("members", read_member);
  if (file.error.empty()) file.orders = std::move(orders);
  return file;
}

}  // namespace frontdoor
