// Small grammars, each with its parser beside its writer, so that they cannot drift apart.

#include "config/lists.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "config/suggest.h"
#include "base/trimmed.h"
#include "config/values.h"

namespace frontdoor::config {
namespace {

using Kind = Value::Kind;

std::optional<std::uint16_t> parse_status(std::string_view text) {
  std::uint16_t status = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), status);
  const bool good = code == std::errc() && end == text.data() + text.size() && text.size() == 3 &&
                    status >= 100 && status <= 599;
  return good ? std::optional(status) : std::nullopt;
}

std::optional<StatusRange> parse_range(std::string_view text) {
  const auto dash = text.find('-');
  const auto first = parse_status(trimmed(text.substr(0, dash), " "));
  const auto last = dash == std::string_view::npos ? first : parse_status(trimmed(text.substr(dash + 1), " "));
  if (!first || !last || *first > *last) return std::nullopt;
  return StatusRange{*first, *last};
}

// "2xx" is how other programs write it.
std::string range_hint(std::string_view text) {
  if (text.size() == 3 && text[0] >= '1' && text[0] <= '5' &&
      (text.substr(1) == "xx" || text.substr(1) == "XX"))
    return std::string("did you mean \"") + text[0] + "00-" + text[0] + "99\"?";
  return R"(write it as in "200", "200-399" or "200-299,404")";
}

void read_ranges(const schema::Key& key, const Value& value, std::vector<StatusRange>& ranges,
                 Diagnostics& diagnostics) {
  if (value.is(Kind::Invalid)) return;
  std::string number;  // status = 200 means what it says
  if (value.is(Kind::Integer)) number = std::to_string(value.integer);
  if (!value.is(Kind::Text) && !value.is(Kind::Integer))
    return wrong_type(key.name, "statuses as in \"200-399\"", value, diagnostics);
  std::string_view rest = value.is(Kind::Integer) ? number : value.text;
  for (;;) {
    const auto comma = rest.find(',');
    const auto part = trimmed(rest.substr(0, comma), " ");
    if (const auto range = parse_range(part))
      ranges.push_back(*range);
    else
      return diagnostics.error(value.at, std::string(key.name) + ": " + quote(part) +
                                             " is not a range of statuses, " + range_hint(part));
    if (comma == std::string_view::npos) return;
    rest.remove_prefix(comma + 1);
  }
}

struct Reason {
  std::string_view word;
  bool Retry::*flag;
};
constexpr std::array reasons = {
    Reason{"connect_failure", &Retry::on_connect_failure},
    Reason{"reset", &Retry::on_reset},
    Reason{"timeout", &Retry::on_timeout},
    Reason{"evicted", &Retry::on_evicted},
};
constexpr std::array<std::uint16_t, 5> retry_statuses = {429, 500, 502, 503, 504};
constexpr std::array<std::string_view, 9> reason_words = {
    "connect_failure", "reset", "timeout", "evicted", "429", "500", "502", "503", "504"};

bool add_reason(std::string_view word, Retry& retry) {
  for (const auto& reason : reasons)
    if (reason.word == word) return retry.*reason.flag = true;
  for (const auto status : retry_statuses) {
    if (std::to_string(status) != word) continue;
    if (std::find(retry.on_status.begin(), retry.on_status.end(), status) == retry.on_status.end())
      retry.on_status.push_back(status);
    return true;
  }
  return false;
}

void read_reason(const schema::Key& key, const Value& value, Retry& retry, Diagnostics& diagnostics) {
  const auto prefix = std::string(key.name) + ": ";
  if (value.is(Kind::Integer))
    return diagnostics.error(value.at,
                             prefix + "a status needs quotes here: " + quote(std::to_string(value.integer)));
  if (!value.is(Kind::Text)) return wrong_type(key.name, "a reason as in \"timeout\"", value, diagnostics);
  if (add_reason(value.text, retry)) return;
  // A status we do not take was hardly meant to be another one.
  const bool is_status = !value.text.empty() && value.text.front() >= '0' && value.text.front() <= '9';
  const auto meant = is_status ? std::nullopt : nearest(value.text, reason_words);
  diagnostics.error(value.at, prefix + quote(value.text) + " is unknown, " +
                                  (meant ? "did you mean " + quote(*meant) + "?"
                                         : "write " + quote_list(reason_words, "or")));
}

std::optional<std::string> without_scheme(std::string_view text, bool& tls, std::string& problem) {
  tls = text.starts_with("https://");
  const std::string_view scheme = tls ? "https://" : "http://";
  if (!text.starts_with(scheme)) return std::string(text);
  text.remove_prefix(scheme.size());
  if (text.ends_with('/')) text.remove_suffix(1);
  if (text.find('/') != std::string_view::npos) {
    problem = "an upstream has no path: " + quote(std::string(scheme) + std::string(text.substr(0, text.find('/'))));
    return std::nullopt;
  }
  const bool has_port = text.starts_with('[') ? text.find("]:") != std::string_view::npos
                                              : text.find(':') != std::string_view::npos;
  return std::string(text) + (has_port ? "" : tls ? ":443" : ":80");
}

}  // namespace

std::optional<Address> parse_listen_address(std::string_view text, std::string& problem) {
  AddressError error;
  auto address = parse_address(text, error);
  problem = error.what;
  return address;
}

std::optional<Address> parse_upstream_address(std::string_view text, std::string& problem) {
  bool tls = false;
  const auto bare = without_scheme(text, tls, problem);
  if (!bare) return std::nullopt;
  AddressError error;
  auto address = parse_address(*bare, error);
  if (!address) {
    problem = error.what;
  } else if (address->kind == Address::Kind::Fd) {
    problem = "a passed socket accepts clients, it is no upstream";
  } else if (address->kind == Address::Kind::Tcp && address->host.empty()) {
    problem = "an upstream needs a host: " + quote("127.0.0.1:" + std::to_string(address->port));
  } else if (address->kind == Address::Kind::Tcp && address->port == 0) {
    problem = "an upstream needs a port other than 0";
  } else {
    address->tls = tls;
    return address;
  }
  return std::nullopt;
}

void read_status_ranges(const schema::Key& key, const Value& value, std::vector<StatusRange>& ranges,
                        Diagnostics& diagnostics) {
  ranges.clear();
  if (!value.is(Kind::List)) return read_ranges(key, value, ranges, diagnostics);
  if (value.items.empty())
    diagnostics.error(value.at, std::string(key.name) + ": an empty list would call every answer bad");
  for (const auto& item : value.items) read_ranges(key, item, ranges, diagnostics);
}

std::string format_status_ranges(const std::vector<StatusRange>& ranges) {
  std::string text;
  for (const auto& range : ranges) {
    if (!text.empty()) text += ',';
    text += std::to_string(range.first);
    if (range.last != range.first) text += '-' + std::to_string(range.last);
  }
  return text;
}

void read_cidrs(const schema::Key& key, const Value& value, Cidrs& ranges, Diagnostics& diagnostics) {
  if (!value.is(Kind::List)) return wrong_type(key.name, "a list as in [\"10.0.0.0/8\"]", value, diagnostics);
  for (const auto& item : value.items) {
    std::string problem;
    if (!item.is(Kind::Text))
      wrong_type(key.name, "an address or a range as in \"10.0.0.0/8\"", item, diagnostics);
    else if (const auto range = Cidr::parse(item.text, problem))
      ranges.push_back(*range);
    else
      diagnostics.error(item.at,
                        std::string(key.name) + ": " + quote(item.text) + " will not do: " + problem);
  }
}

std::string format_cidrs(const Cidrs& ranges) {
  std::string text;
  for (const auto& range : ranges) text += (text.empty() ? "" : ", ") + quote(range.to_string());
  return '[' + text + ']';
}

void read_names(const schema::Key& key, const Value& value, std::vector<std::string>& names, Diagnostics& diagnostics) {
  const std::string wanted = "a list as in [" + quote(key.words.front()) + "]";
  names.clear();
  if (!value.is(Kind::List)) return wrong_type(key.name, wanted, value, diagnostics);
  for (const auto& item : value.items) {
    if (!item.is(Kind::Text))
      wrong_type(key.name, wanted, item, diagnostics);
    else if (const auto problem = key.problem(item.text); !problem.empty())
      diagnostics.error(item.at, std::string(key.name) + ": " + quote(item.text) + " will not do: " + problem);
    else
      names.push_back(item.text);
  }
}

void read_retry_reasons(const schema::Key& key, const Value& value, Retry& retry, Diagnostics& diagnostics) {
  if (!value.is(Kind::List))
    return wrong_type(key.name, "a list as in [\"connect_failure\", \"503\"]", value, diagnostics);
  for (const auto& reason : reasons) retry.*reason.flag = false;
  retry.on_status.clear();
  for (const auto& item : value.items)
    if (!item.is(Kind::Invalid)) read_reason(key, item, retry, diagnostics);
}

std::string format_retry_reasons(const Retry& retry) {
  std::string text;
  const auto add = [&](std::string_view word) { text += (text.empty() ? "" : ", ") + quote(word); };
  for (const auto& reason : reasons)
    if (retry.*reason.flag) add(reason.word);
  for (const auto status : retry.on_status) add(std::to_string(status));
  return '[' + text + ']';
}

void read_protocols(const schema::Key& key, const Value& value, Protocols& protocols, Diagnostics& diagnostics) {
  static constexpr std::array<std::string_view, 2> words = {"h2", "http/1.1"};
  const auto prefix = std::string(key.name) + ": ";
  if (!value.is(Kind::List))
    return wrong_type(key.name, "a list as in [\"h2\", \"http/1.1\"]", value, diagnostics);
  if (value.items.empty()) return diagnostics.error(value.at, prefix + "write at least one of " + quote_list(words, "and"));
  protocols = {.h2 = false, .http1 = false};
  for (const auto& item : value.items) {
    if (item.is(Kind::Invalid)) continue;
    if (!item.is(Kind::Text)) {
      wrong_type(key.name, "a protocol as in \"h2\"", item, diagnostics);
    } else if (item.text == words[0]) {
      protocols.h2 = true;
    } else if (item.text == words[1]) {
      protocols.http1 = true;
    } else {
      diagnostics.error(item.at, prefix + quote(item.text) + " is unknown, write " + quote_list(words, "or"));
    }
  }
}

std::string format_protocols(const Protocols& protocols) {
  std::string text = protocols.h2 ? "\"h2\"" : "";
  if (protocols.http1) text += text.empty() ? "\"http/1.1\"" : ", \"http/1.1\"";
  return '[' + text + ']';
}

}  // namespace frontdoor::config
