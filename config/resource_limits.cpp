#include "config/resource_limits.h"

#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "config/suggest.h"
#include "config/units.h"
#include "config/values.h"

namespace frontdoor::config {
namespace {

using Kind = Value::Kind;

struct Known {
  std::string_view name;
  int resource;
};
constexpr std::array kKnown = {
    Known{"as", RLIMIT_AS},           Known{"core", RLIMIT_CORE},         Known{"cpu", RLIMIT_CPU},
    Known{"data", RLIMIT_DATA},       Known{"fsize", RLIMIT_FSIZE},       Known{"locks", RLIMIT_LOCKS},
    Known{"memlock", RLIMIT_MEMLOCK}, Known{"msgqueue", RLIMIT_MSGQUEUE}, Known{"nice", RLIMIT_NICE},
    Known{"nofile", RLIMIT_NOFILE},   Known{"nproc", RLIMIT_NPROC},       Known{"rss", RLIMIT_RSS},
    Known{"rtprio", RLIMIT_RTPRIO},   Known{"rttime", RLIMIT_RTTIME},     Known{"sigpending", RLIMIT_SIGPENDING},
    Known{"stack", RLIMIT_STACK},
};

std::optional<std::uint64_t> parse_one(std::string_view text) {
  if (text == "unlimited") return RLIM_INFINITY;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size()) return number;
  const auto size = parse_size(text);
  return size.ok ? std::optional(size.value) : std::nullopt;
}

std::optional<ResourceLimit> parse_limit(const Value& value) {
  ResourceLimit limit;
  if (value.is(Kind::Integer) && value.integer >= 0) {
    limit.soft = limit.hard = static_cast<std::uint64_t>(value.integer);
    return limit;
  }
  if (!value.is(Kind::Text)) return std::nullopt;
  const std::string_view text = value.text;
  const auto colon = text.find(':');
  const auto soft = parse_one(text.substr(0, colon));
  const auto hard = colon == std::string_view::npos ? soft : parse_one(text.substr(colon + 1));
  if (!soft || !hard || *soft > *hard) return std::nullopt;
  limit.soft = *soft;
  limit.hard = *hard;
  return limit;
}

std::string text_of(std::uint64_t number) {
  return number == RLIM_INFINITY ? "unlimited" : std::to_string(number);
}

}  // namespace

void read_resource_limits(const schema::Key& key, const Value& value, std::vector<ResourceLimit>& limits,
                          Diagnostics& diagnostics) {
  limits.clear();  // a profile's come after the pool's
  if (!value.is(Kind::Table)) return wrong_type(key.name, "a table as in { nofile = 65536 }", value, diagnostics);
  for (const auto& entry : value.entries) {
    const auto known = std::find_if(kKnown.begin(), kKnown.end(), [&](const Known& k) { return k.name == entry.key; });
    if (known == kKnown.end()) {
      std::vector<std::string_view> names;
      for (const Known& each : kKnown) names.push_back(each.name);
      const auto meant = nearest(entry.key, names);
      diagnostics.error(entry.at, std::string(key.name) + ": there is no limit " + quote(entry.key) +
                                      (meant ? ", did you mean " + quote(*meant) + "?"
                                             : "; there are " + quote_list(names, "and")));
      continue;
    }
    auto limit = parse_limit(entry.value);
    if (!limit) {
      if (!entry.value.is(Kind::Invalid))
        diagnostics.error(entry.value.at,
                          std::string(key.name) + '.' + entry.key +
                              ": a limit is a number, \"64MiB\", \"unlimited\", or soft:hard as in \"1024:4096\"");
      continue;
    }
    limit->name = known->name;
    limit->resource = static_cast<int>(known->resource);
    limits.push_back(*limit);
  }
}

std::string format_resource_limits(const std::vector<ResourceLimit>& limits) {
  std::string text;
  for (const ResourceLimit& limit : limits) {
    const bool same = limit.soft == limit.hard;
    const std::string value = text_of(limit.soft) + (same ? "" : ':' + text_of(limit.hard));
    const bool plain = same && limit.soft != RLIM_INFINITY;
    text += (text.empty() ? " " : ", ") + std::string(limit.name) + " = " + (plain ? value : quote(value));
  }
  return '{' + text + (text.empty() ? "}" : " }");
}

}  // namespace frontdoor::config
