// The schema agrees with the structs: every default, every type, every word.

#include "config/schema.h"

#include <set>

#include "config/values.h"

namespace frontdoor::config::schema {
namespace {

struct Defaults {
  Config config;
  Listener listener;
  ListenerTls listener_tls;
  TlsCertificate certificate;
  UpstreamTls upstream_tls;
  Route route;
  Pool pool;
  Upstream upstream;
  Timeouts timeouts;
  Limits limits;
  HealthCheck health_check;
  Retry retry;
  Hold hold;
  Restart restart;
  Logs logs;
  AccessLog access_log;
  EventLog log;
  Admin admin;

  Object object_of(const Table& table) {
    if (&table == &schema::root) return &config;
    if (&table == &schema::listener) return &listener;
    if (&table == &schema::listener_tls) return &listener_tls;
    if (&table == &schema::upstream_tls) return &upstream_tls;
    if (&table == &schema::certificate) return &certificate;
    if (&table == &schema::route) return &route;
    if (&table == &schema::pool || &table == &schema::profile) return &pool;
    if (&table == &schema::upstream) return &upstream;
    if (&table == &schema::health_check || &table == &schema::expect) return &health_check;
    if (&table == &schema::retry) return &retry;
    if (&table == &schema::hold) return &hold;
    if (&table == &schema::restart) return &restart;
    if (&table == &schema::logs) return &logs;
    if (&table == &schema::limits) return &limits;
    if (&table == &schema::access_log) return &access_log;
    if (&table == &schema::log) return &log;
    if (&table == &schema::admin) return &admin;
    return &timeouts;
  }
};

bool fits(const Key& key, const Slot& slot) {
  const auto is = [&]<class... T>(std::type_identity<T>...) {
    return (std::holds_alternative<T>(slot) || ...);
  };
  switch (key.type) {
    case Type::Duration:
      return is(std::type_identity<Millis*>());
    case Type::Size:
      return is(std::type_identity<std::uint64_t*>(), std::type_identity<std::optional<std::uint64_t>*>());
    case Type::Integer:
    case Type::IntegerOrAuto:
    case Type::Count:
      return key.max != 0 && is(std::type_identity<std::uint64_t*>(), std::type_identity<std::uint32_t*>(),
                                std::type_identity<std::uint16_t*>());
    case Type::Share:
    case Type::Percent:
      return is(std::type_identity<double*>());
    case Type::Text:
      return is(std::type_identity<std::string*>());
    case Type::Boolean:
      return is(std::type_identity<bool*>());
    case Type::Word:
      return is(std::type_identity<Choice>()) && !key.words.empty();
    case Type::ListenAddress:
    case Type::UpstreamAddress:
      return is(std::type_identity<Address*>());
    case Type::StatusRanges:
      return is(std::type_identity<std::vector<StatusRange>*>());
    case Type::RetryReasons:
      return is(std::type_identity<Retry*>());
    case Type::Protocols:
      return is(std::type_identity<config::Protocols*>());
    case Type::Cidrs:
      return is(std::type_identity<frontdoor::Cidrs*>());
    case Type::Command:
    case Type::Names:
    case Type::Patterns:
      return is(std::type_identity<std::vector<std::string>*>());
    case Type::ResourceLimits:
      return is(std::type_identity<std::vector<ResourceLimit>*>());
    case Type::Variables:
      return is(std::type_identity<std::vector<std::pair<std::string, std::string>>*>());
    default:
      return false;
  }
}

TEST(Schema, DefaultsAreThoseOfTheStructs) {
  Defaults defaults;
  for (const auto* table : tables())
    for (const auto& key : table->keys) {
      if (!key.is_structure() && !key.fallback.empty()) {
        EXPECT_EQ(format_value(key, key.slot(defaults.object_of(*table))), key.fallback)
            << table->heading << ' ' << key.name;
      }
    }
}

TEST(Schema, EveryPlainKeyHasAMemberOfItsType) {
  Defaults defaults;
  for (const auto* table : tables())
    for (const auto& key : table->keys) {
      if (key.is_structure()) continue;
      ASSERT_NE(key.slot, nullptr) << table->heading << ' ' << key.name;
      EXPECT_TRUE(fits(key, key.slot(defaults.object_of(*table)))) << table->heading << ' ' << key.name;
    }
}

TEST(Schema, KeysAreUniqueDocumentedAndNotPlannedAtTheSameTime) {
  for (const auto* table : tables()) {
    std::set<std::string_view> seen;
    for (const auto& key : table->keys) {
      EXPECT_TRUE(seen.insert(key.name).second) << table->heading << ' ' << key.name;
      EXPECT_TRUE(key.doc.ends_with('.')) << table->heading << ' ' << key.name;
      EXPECT_FALSE(table->is_planned(key.name)) << table->heading << ' ' << key.name;
    }
  }
}

}  // namespace
}  // namespace frontdoor::config::schema
