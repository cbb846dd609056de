// The vocabulary of fd.toml, each key once: its name, type, default, sentence of documentation, and where it
// lands in the structs of config.h. Parsing, "did you mean", `config show` and docs/reference/config.md all
// read this table; the rows are in schema_*.cpp. Constants; any thread.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "config/config.h"

namespace frontdoor::config::schema {

enum class Type : std::uint8_t {
  // Plain values: read, shown and documented by the row alone.
  Duration,
  Size,
  Integer,
  IntegerOrAuto,  // "auto" is 0 in the struct
  Share,          // 0.0 to 1.0
  Percent,        // "20%"
  Text,
  Boolean,
  Word,  // one of `words`; the enumerator is the index
  ListenAddress,
  UpstreamAddress,
  StatusRanges,
  RetryReasons,
  Protocols,
  Cidrs,
  Command,    // argv: a list, or text that is split as a shell splits words
  Variables,  // { NAME = "value" }
  ResourceLimits,  // { nofile = 4096 }
  Count,      // an integer or "max", which is 0 in the struct
  Names,      // a list of texts; `problem` judges each, `words` has an example
  Patterns,   // a list of paths with wildcards; `problem` judges each
  // Structure: walked by load.cpp and show.cpp.
  Table,
  TableList,
  NamedTables,
  TextOrTable,
  TextOrList,
  UpstreamList,
  CertificateList,
  Shorthand,  // text; what is made of it is shown under another key
};

// The struct that a table fills, and the member that a key fills: typed, so that a wrong row does not compile
// or fails the schema's test, never memory.
using Object = std::variant<Config*, Listener*, ListenerTls*, TlsCertificate*, Route*, Pool*, Upstream*, UpstreamTls*, Timeouts*, Limits*, HealthCheck*,
                            Retry*, Hold*, Restart*, Logs*, AccessLog*, EventLog*, Admin*>;
struct Choice {
  std::uint8_t* value;  // any of the enums; all have this size
};
using Slot = std::variant<std::monostate, Millis*, std::uint64_t*, std::uint32_t*, std::uint16_t*, double*,
                          bool*, std::string*, Choice, Address*, std::optional<std::uint64_t>*,
                          std::vector<StatusRange>*, Retry*, config::Protocols*, frontdoor::Cidrs*, std::vector<std::string>*,
                          std::vector<ResourceLimit>*, std::vector<std::pair<std::string, std::string>>*>;

template <auto Member>
struct MemberOf;
template <class C, class F, F C::*Member>
struct MemberOf<Member> {
  using Class = C;
};

template <auto Member>
Slot at(Object object) {
  auto& field = std::get<typename MemberOf<Member>::Class*>(object)->*Member;
  if constexpr (std::is_enum_v<std::remove_reference_t<decltype(field)>>) {
    static_assert(sizeof field == 1);
    return Choice{reinterpret_cast<std::uint8_t*>(&field)};
  } else {
    return &field;
  }
}

// Timeouts may be overridden in pools and routes; for some of them there that would change nothing.
enum class Scope : std::uint8_t { Everywhere, NotInRoute, FileOnly };

struct Key {
  std::string_view name;
  Type type = Type::Text;
  std::string_view fallback = "";  // the default as TOML; "" = none
  std::string_view doc = "";
  Slot (*slot)(Object) = nullptr;                      // null for structure
  std::int64_t min = 0;                                // inclusive; milliseconds, bytes or a count
  std::int64_t max = 0;                                // 0 = the type's own limit
  std::span<const std::string_view> words = {};        // Word
  std::string (*problem)(std::string_view) = nullptr;  // Text: what is wrong with a value; "" = nothing
  Scope scope = Scope::Everywhere;
  bool secret = false;  // Text: never shown, neither its value nor how long it is

  bool is_structure() const { return type >= Type::Table; }
};

struct Table {
  std::string_view heading;  // "[pool.NAME.retry]"; "" = the top of the file
  std::string_view doc;
  std::span<const Key> keys;
  std::span<const std::string_view> planned = {};  // keys of features that are not built yet
  std::string_view same_keys_as = "";              // the heading under which the keys are documented

  const Key* find(std::string_view name) const;
  bool is_planned(std::string_view name) const;
  std::vector<std::string_view> names() const;
};

extern const Table upstream_tls,
    root, listener, listener_tls, certificate, route, pool, profile, upstream, health_check, expect, retry, hold, restart, logs,
    timeouts, pool_timeouts, route_timeouts, limits, access_log, log, admin;

std::span<const Table* const> tables();  // all of them, in the order of the documentation

}  // namespace frontdoor::config::schema
