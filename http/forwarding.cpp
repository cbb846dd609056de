// Two loops over fields and the few rules that they need. Nothing here looks at bytes of a connection.

#include "http/forwarding.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "http/client_chain.h"
#include "http/forwarding_fields.h"
#include "http/syntax.h"
#include "http/upgrade.h"

namespace frontdoor::http {
namespace {

constexpr std::size_t kNumberBytes = 20;  // of 2^64 - 1

// RFC 9110 §7.6.3: the version of the message as it was received.
std::string_view via_of(Version version) {
  switch (version) {
    case Version::Http10:
      return "1.0 frontdoor";
    case Version::Http11:
      return "1.1 frontdoor";
    case Version::Http2:
      return "2 frontdoor";
  }
  return "1.1 frontdoor";
}

// Hop-by-hop by definition (RFC 9110 §7.6.1) and framing, which each side's writer makes anew. TE goes too:
// what we accept from the upstream is our own matter. Trailer stays: trailers are relayed. Proxy-Authenticate
// stays: it is meant for whoever sent the credentials (RFC 9110 §11.7.1), and we never asked for any.
bool is_hop_by_hop(FieldId id) {
  switch (id) {
    case FieldId::Connection:
    case FieldId::ContentLength:
    case FieldId::Http2Settings:
    case FieldId::KeepAlive:
    case FieldId::ProxyConnection:
    case FieldId::Te:
    case FieldId::TransferEncoding:
    case FieldId::Upgrade:
      return true;
    default:
      return false;
  }
}

// What a client must not strip from its own request by naming it in Connection: the upstream trusts these to
// be ours, or takes their absence for an anonymous or direct request.
bool is_protected(const Field& field) {
  switch (field.id) {
    case FieldId::Authorization:
    case FieldId::Cookie:
    case FieldId::Host:
      return true;
    default:
      return is_forwarding_field(field.name);
  }
}

// RFC 9110 §7.6.1: fields named by a connection option end here. The gate bounds how many options there are.
bool is_nominated(const Fields& fields, std::string_view name) {
  for (const auto& field : fields) {
    if (field.id != FieldId::Connection) continue;
    std::string_view list = field.value;
    while (const auto option = syntax::next_element(list))
      if (equal_ignoring_case(*option, name)) return true;
  }
  return false;
}

bool is_twin(std::string_view name) {
  return std::any_of(name.begin(), name.end(),
                     [](char c) { return c != '-' && !syntax::is(c, syntax::kAlnum); });
}

// Fields that only matter by what an app makes of them. `Proxy` becomes HTTP_PROXY in CGI (httpoxy,
// CVE-2016-5385); Proxy-Authorization is for the first proxy that wants it (RFC 9110 §11.7.2) and would leak
// credentials to apps. The rest are spellings of what we vouch for: from a client that is not trusted none
// may pass, and the twins with '_' or another character in place of '-' never.
// `proved`: we say ourselves whose certificate it was.
bool is_dangerous(std::string_view name, bool trusted, bool proved) {
  switch (syntax::lower(name.empty() ? '\0' : name.front())) {
    case 'p':
      return syntax::is_like_variable(name, "proxy") || syntax::is_like_variable(name, "proxy-authorization");
    case 'x':
      if (!is_forwarding_field(name)) return false;
      return !trusted || is_twin(name) || (proved && syntax::begins_like_variable(name, "x-client-cert-"));
    default:
      return false;
  }
}

// What the sender said about where the request came from, if it is believed. The indexes are those of the
// lines passed on, plus one.
struct Claims {
  std::size_t proto = 0;
  std::size_t host = 0;
  bool forwarded = false;
};

constexpr std::size_t kLongestRequestId = 128;
constexpr std::size_t kForwardedBytes = 96;  // of our own element: for="[…]";proto=https

class RequestForwarder {
 public:
  RequestForwarder(const RequestHead& head, const ForwardContext& context, Fields& out, std::string& scratch)
      : head_(head), context_(context), out_(out), scratch_(scratch) {}

  void run() {
    out_.clear();
    scratch_.clear();
    // So that views into it stay valid while it grows.
    scratch_.reserve(chain_size() + kForwardedBytes + kNumberBytes + kTraceparentBytes + (head_.upgrade ? offer_size() : 0));
    for (const auto& field : head_.fields)
      if (passes(field)) out_.push_back(field);
    if (const auto hops = max_forwards(head_); hops && *hops > 0) decrement(*hops);
    // RFC 9110 §10.1.1: only 100-continue is defined; anything else we could not fulfil for the upstream.
    // Once: two lines would be a list, which is something else.
    if (head_.expect_continue) add("Expect", "100-continue", FieldId::Expect);
    add_forwarding_fields();
    if (head_.upgrade) offer_upgrade();
  }

 private:
  bool passes(const Field& field) {
    if (is_hop_by_hop(field.id)) return false;
    if (head_.has_connection_options && is_nominated(head_.fields, field.name) && !is_protected(field))
      return false;
    switch (field.id) {
      case FieldId::Expect:
      case FieldId::Host:
      case FieldId::XForwardedFor:
      case FieldId::XRequestId:
        return false;  // written anew
      case FieldId::Traceparent:
      case FieldId::Tracestate:
        return context_.trace.fields == Trace::Fields::Kept;
      case FieldId::Forwarded:
        keep_sound(field);
        return false;
      case FieldId::XForwardedProto:
        return believe(field, claims_.proto);
      case FieldId::XForwardedHost:
        return believe(field, claims_.host);
      case FieldId::Other:
        return !is_dangerous(field.name, context_.trusted, !context_.client_certificate.empty());
      default:
        return true;
    }
  }

  // The last claim of a kind from a trusted sender: as in a list of hops, what a proxy adds stands behind
  // what its client has claimed. Two would let the app choose which to believe.
  bool believe(const Field& field, std::size_t& line) {
    if (!context_.trusted) return false;
    if (line != 0) {
      out_[line - 1].value = field.value;
      return false;
    }
    line = out_.size() + 1;
    return true;
  }

  void keep_sound(const Field& field) {
    if (!context_.trusted) return;
    if (!forwarded_) forwarded_.emplace(head_.fields, FieldId::Forwarded);
    const auto value = forwarded_->of(field);
    if (value.empty()) return;
    claims_.forwarded = true;
    out_.push_back({field.name, value, field.id});
  }

  // Every line gets the same number, which is kept once: no more room was reserved.
  void decrement(std::uint64_t hops) {
    const auto fewer = keep_number(hops - 1);
    for (auto& field : out_)
      if (field.id == FieldId::MaxForwards) field.value = fewer;
  }

  void add_forwarding_fields() {
    add("X-Forwarded-For", forwarded_for(), FieldId::XForwardedFor);
    if (claims_.proto == 0) add("X-Forwarded-Proto", context_.scheme, FieldId::XForwardedProto);
    if (claims_.host == 0) add("X-Forwarded-Host", head_.authority, FieldId::XForwardedHost);
    add("X-Request-Id", context_.request_id, FieldId::XRequestId);
    if (context_.trace.fields == Trace::Fields::Begun) add("traceparent", traceparent(), FieldId::Traceparent);
    // A line of its own is the next element of the list (RFC 9110 §5.3), whatever lines came before.
    if (claims_.forwarded) add("Forwarded", forwarded_element(), FieldId::Forwarded);
    for (const Field& field : context_.client_certificate) add(field.name, field.value, FieldId::Other);
    add("CDN-Loop", context_.loop_mark, FieldId::CdnLoop);  // RFC 8586: whatever via says, and others' stay
    if (context_.via) add("Via", via_of(head_.version), FieldId::Via);
  }

  void add(std::string_view name, std::string_view value, FieldId id) {
    if (!value.empty()) out_.push_back({name, value, id});
  }

  // All that may be passed on of the sender's X-Forwarded-For lines, and its own address, as one value: many
  // apps read one line only.
  std::string_view forwarded_for() {
    if (!context_.trusted) return context_.last_hop;
    const SoundChain chain(head_.fields, FieldId::XForwardedFor);
    const auto begin = scratch_.size();
    for (const auto& field : head_.fields)
      if (field.id == FieldId::XForwardedFor && !chain.of(field).empty())
        scratch_.append(chain.of(field)).append(", ");
    if (scratch_.size() == begin) return context_.last_hop;
    scratch_.append(context_.last_hop);
    return std::string_view(scratch_).substr(begin);
  }

  // RFC 7239 §4; an IPv6 address needs brackets, and quotes around them.
  std::string_view forwarded_element() {
    const auto begin = scratch_.size();
    const bool v6 = context_.last_hop.find(':') != std::string_view::npos;
    scratch_.append(v6 ? "for=\"[" : "for=").append(context_.last_hop).append(v6 ? "]\"" : "");
    scratch_.append(";proto=").append(context_.scheme);
    return std::string_view(scratch_).substr(begin);
  }

  std::string_view traceparent() {
    const auto begin = scratch_.size();
    append_traceparent(context_.trace.id, scratch_);
    return std::string_view(scratch_).substr(begin);
  }

  void offer_upgrade() {
    const auto begin = scratch_.size();
    append_upgrade_offer(head_.fields, scratch_);
    add("Connection", "Upgrade", FieldId::Connection);
    add("Upgrade", std::string_view(scratch_).substr(begin), FieldId::Upgrade);
  }

  std::size_t offer_size() const {
    std::size_t size = 0;
    for (const auto& field : head_.fields)
      if (field.id == FieldId::Upgrade) size += 2 * field.value.size() + 2;  // "a,b" becomes "a, b"
    return size;
  }

  std::size_t chain_size() const {
    if (!context_.trusted) return 0;
    std::size_t size = context_.last_hop.size();
    for (const auto& field : head_.fields)
      if (field.id == FieldId::XForwardedFor) size += field.value.size() + 2;
    return size;
  }

  std::string_view keep_number(std::uint64_t number) {
    char digits[kNumberBytes];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    const auto begin = scratch_.size();
    scratch_.append(digits, end);
    return std::string_view(scratch_).substr(begin);
  }

  const RequestHead& head_;
  const ForwardContext& context_;
  Fields& out_;
  std::string& scratch_;
  Claims claims_;
  std::optional<SoundChain> forwarded_;
};

}  // namespace

std::string_view claimed_request_id(const RequestHead& head) {
  std::string_view id;
  for (const auto& field : head.fields)
    if (field.id == FieldId::XRequestId) id = field.value;  // the last one, as in RequestForwarder::believe
  const auto sane = [](char c) {
    return syntax::is(c, syntax::kToken) || c == '=' || c == ':' || c == '/' || c == '@';
  };
  return id.size() <= kLongestRequestId && std::all_of(id.begin(), id.end(), sane) ? id : std::string_view();
}

std::optional<std::uint64_t> max_forwards(const RequestHead& head) {
  if (head.method != Method::Trace && head.method != Method::Options) return std::nullopt;
  const auto value = find(head.fields, FieldId::MaxForwards);
  std::uint64_t hops = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), hops);
  if (value.empty() || error != std::errc() || end != value.data() + value.size()) return std::nullopt;
  return hops;
}

bool is_for_us(const RequestHead& head) { return head.target == "*" || max_forwards(head) == 0u; }

void forward_request(const RequestHead& head, const ForwardContext& context, Fields& out,
                     std::string& scratch) {
  RequestForwarder(head, context, out, scratch).run();
}

void forward_response(const ResponseHead& head, bool via, Fields& out, std::string& scratch) {
  out.clear();
  scratch.clear();
  for (const auto& field : head.fields) {
    if (is_hop_by_hop(field.id)) continue;
    // Date is our duty (RFC 9110 §6.6.1), so it is not up for removal.
    if (head.has_connection_options && field.id != FieldId::Date && field.id != FieldId::Via &&
        is_nominated(head.fields, field.name))
      continue;
    out.push_back(field);
  }
  if (via) out.push_back({"Via", via_of(head.version), FieldId::Via});
}

}  // namespace frontdoor::http
