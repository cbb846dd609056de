// The lists are walked from left to right, once, and the answer is kept up to date on the way: nothing has to
// be stored.

#include "http/client_chain.h"

#include <algorithm>
#include <optional>

#include "http/syntax.h"

namespace frontdoor::http {
namespace {

// One hop: an address, or somebody who is not named.
struct Hop {
  bool sound = false;
  IpAddress address{};  // not known: not named
};

constexpr Hop unnamed{.sound = true};

bool is_port(std::string_view text) {
  return !text.empty() && text.size() <= 5 && std::all_of(text.begin(), text.end(), syntax::is_digit);
}

bool is_obfuscated(std::string_view text) {
  const auto allowed = [](char c) { return c != '~' && syntax::is(c, syntax::kUnreserved); };
  return text.size() > 1 && text.front() == '_' && std::all_of(text.begin(), text.end(), allowed);
}

Hop hop_at(std::string_view address) {
  const auto parsed = IpAddress::parse(address);
  if (!parsed || !parsed->known()) return {};
  return {true, *parsed};
}

// RFC 7239 §6 node: "192.0.2.1", "192.0.2.1:80", "[2001:db8::1]:80", "unknown", "_hidden".
Hop parse_node(std::string_view text) {
  const auto colon = text.starts_with('[') ? text.find("]:") : text.find(':');
  if (colon != text.npos) {
    const auto port_at = colon + (text.starts_with('[') ? 2 : 1);
    const auto port = text.substr(port_at);
    if (!is_port(port) && !is_obfuscated(port)) return {};
    text = text.substr(0, port_at - 1);
  }
  if (equal_ignoring_case(text, "unknown") || is_obfuscated(text)) return unnamed;
  if (!text.starts_with('[')) return text.find(':') == text.npos ? hop_at(text) : Hop{};
  if (!text.ends_with(']') || text.find(':') == text.npos) return {};
  return hop_at(text.substr(1, text.size() - 2));
}

// X-Forwarded-For has no grammar: the same, and an IPv6 address without its brackets, which is what most
// write.
Hop parse_loose_node(std::string_view text) {
  if (!text.starts_with('[') && std::count(text.begin(), text.end(), ':') > 1) return hop_at(text);
  return parse_node(text);
}

template <class Visit>
bool walk_x_forwarded_for(std::string_view list, const Visit& visit) {
  while (const auto element = syntax::next_element(list)) {
    const Hop hop = parse_loose_node(*element);
    if (!hop.sound) return false;
    visit(hop.address);
  }
  return true;
}

// RFC 7239 §4: elements `for=192.0.2.1;proto=http` and the like, separated by commas.
class ForwardedElements {
 public:
  explicit ForwardedElements(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }

  // The next element's `for`; without one the hop is not named.
  Hop next() {
    Hop hop = unnamed;
    bool named = false;
    do {
      std::string_view name, value;
      if (!take_pair(name, value)) return {};
      if (!equal_ignoring_case(name, "for")) continue;
      if (named) return {};
      named = true;
      hop = parse_node(value);
      if (!hop.sound) return {};
    } while (take(';'));
    if (done()) return hop;
    return take(',') && !done() ? hop : Hop{};
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && syntax::is_blank(rest_.front())) rest_.remove_prefix(1);
  }
  bool take(char wanted) {
    skip_blanks();
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(1);
    skip_blanks();
    return true;
  }
  std::string_view take_token() {
    const auto end =
        std::find_if_not(rest_.begin(), rest_.end(), [](char c) { return syntax::is(c, syntax::kToken); });
    const auto token = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(token.size());
    return token;
  }
  bool take_pair(std::string_view& name, std::string_view& value) {
    name = take_token();
    if (name.empty() || !rest_.starts_with('=')) return false;
    rest_.remove_prefix(1);
    if (!rest_.starts_with('"')) return !(value = take_token()).empty();
    const auto end = rest_.find_first_of("\"\\", 1);  // nothing that we know of needs an escape
    if (end == rest_.npos || rest_[end] == '\\') return false;
    value = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    return true;
  }

  std::string_view rest_;
};

template <class Visit>
bool walk_forwarded(std::string_view list, const Visit& visit) {
  ForwardedElements elements(list);
  while (!elements.done()) {
    const Hop hop = elements.next();
    if (!hop.sound) return false;
    visit(hop.address);
  }
  return true;
}

// All lines of a field are one list (RFC 9110 §5.3). A line that says nothing is none.
template <class Visit>
bool walk(const Fields& fields, FieldId id, const Visit& visit) {
  for (const auto& field : fields) {
    if (field.id != id || field.value.empty()) continue;
    const bool sound = id == FieldId::Forwarded ? walk_forwarded(field.value, visit)
                                                : walk_x_forwarded_for(field.value, visit);
    if (!sound) return false;
  }
  return true;
}

bool is_sound(const Fields& fields, FieldId id) {
  return walk(fields, id, [](const IpAddress&) {});
}

// Takes hops from left to right; what it has found is right for those it has seen.
class RightMostUntrusted {
 public:
  explicit RightMostUntrusted(const Cidrs& trusted) : trusted_(trusted) {}

  void add(const IpAddress& hop) {
    if (!hop.known()) {
      next_counts_ = true;
      return;
    }
    if (next_counts_ || !contains(trusted_, hop)) client_ = hop;
    next_counts_ = false;
  }
  // The last hop is trusted and may have no address.
  IpAddress behind(const IpAddress& last_hop) const { return next_counts_ ? last_hop : client_; }

 private:
  const Cidrs& trusted_;
  IpAddress client_{};
  bool next_counts_ = true;  // the first one, and whoever is right of one that is not named
};

bool has(const Fields& fields, FieldId id) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const Field& f) { return f.id == id && !f.value.empty(); });
}

}  // namespace

IpAddress client_behind(const Fields& fields, const IpAddress& last_hop, const Cidrs& trusted) {
  const auto id = has(fields, FieldId::XForwardedFor) ? FieldId::XForwardedFor : FieldId::Forwarded;
  RightMostUntrusted found(trusted);
  const bool sound = walk(fields, id, [&](const IpAddress& hop) { found.add(hop); });
  return sound ? found.behind(last_hop) : last_hop;
}

bool x_forwarded_for_is_sound(const Fields& fields) { return is_sound(fields, FieldId::XForwardedFor); }

bool forwarded_is_sound(const Fields& fields) { return is_sound(fields, FieldId::Forwarded); }

}  // namespace frontdoor::http
