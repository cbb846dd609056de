// The lists are walked from left to right, once, and the answer is kept up to date on the way: nothing has to
// be stored.

#include "http/client_chain.h"

#include <algorithm>
#include <optional>

#include "http/syntax.h"

namespace frontdoor::http {
namespace {

// One hop: an address, or nobody by name, for instance where an element is malformed.
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

// Calls visit(hop, rest) for each element; `rest` is what of the line stands behind it.
template <class Visit>
void walk_x_forwarded_for(std::string_view list, const Visit& visit) {
  while (const auto element = syntax::next_element(list)) visit(parse_loose_node(*element), list);
}

// RFC 7239 §4: elements `for=192.0.2.1;proto=http` and the like, separated by commas. A malformed one ends at
// its first comma, even one between quotes: the proxy that added the next element began it with a comma, and a
// quote left open before it must not swallow that.
class ForwardedElements {
 public:
  explicit ForwardedElements(std::string_view text) : rest_(text) {}

  // Null data: no more.
  std::string_view rest() const { return rest_; }

  // The next element's `for`; without one the hop is not named.
  Hop next() {
    const std::string_view begin = rest_;
    const Hop hop = read_element();
    if (hop.sound && (rest_.empty() || rest_.front() == ',')) {
      step_over_comma(0);
      return hop;
    }
    rest_ = begin;
    step_over_comma(begin.find(','));
    return {};
  }

 private:
  Hop read_element() {
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
    return hop;
  }
  void step_over_comma(std::size_t at) {
    if (at >= rest_.size()) {
      rest_ = {};
      return;
    }
    rest_.remove_prefix(at + 1);
    skip_blanks();
  }
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
void walk_forwarded(std::string_view list, const Visit& visit) {
  ForwardedElements elements(list);
  while (elements.rest().data() != nullptr) {
    const Hop hop = elements.next();
    visit(hop, elements.rest());
  }
}

// All lines of a field are one list (RFC 9110 §5.3): visit(hop, line, rest). A line that says nothing is
// none.
template <class Visit>
void walk(const Fields& fields, FieldId id, const Visit& visit) {
  for (const auto& field : fields) {
    if (field.id != id || field.value.empty()) continue;
    const auto of_line = [&](const Hop& hop, std::string_view rest) { visit(hop, field, rest); };
    if (id == FieldId::Forwarded)
      walk_forwarded(field.value, of_line);
    else
      walk_x_forwarded_for(field.value, of_line);
  }
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
  bool next_counts_ = true;  // the first hop, and each hop right of an unnamed one
};

bool has(const Fields& fields, FieldId id) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](const Field& f) { return f.id == id && !f.value.empty(); });
}

}  // namespace

IpAddress client_behind(const Fields& fields, const IpAddress& last_hop, const Cidrs& trusted) {
  const auto id = has(fields, FieldId::XForwardedFor) ? FieldId::XForwardedFor : FieldId::Forwarded;
  RightMostUntrusted found(trusted);
  walk(fields, id, [&](const Hop& hop, const Field&, std::string_view) { found.add(hop.address); });
  return found.behind(last_hop);
}

SoundChain::SoundChain(const Fields& fields, FieldId id) {
  walk(fields, id, [&](const Hop& hop, const Field& line, std::string_view rest) {
    if (hop.sound) return;
    broken_ = &line;
    rest_ = syntax::trim(rest);
  });
}

}  // namespace frontdoor::http
