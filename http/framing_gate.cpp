// Where a message ends and whether its connection lives on, derived from its fields alone, once all of them
// are known.

#include "http/framing_gate.h"

#include <algorithm>

#include "http/syntax.h"
#include "http/target_gate.h"
#include "http/upgrade.h"

namespace frontdoor::http::gate {
namespace {

constexpr std::uint64_t kMaxLength = INT64_MAX;  // fits every recipient's signed type

// Each option costs a comparison per field when the head is forwarded; nobody honest names more than a
// handful.
constexpr unsigned kMaxConnectionOptions = 64;

// What one pass over the fields finds out for both directions.
struct Summary {
  unsigned content_lengths = 0;
  unsigned transfer_encodings = 0;
  unsigned hosts = 0;
  std::string_view content_length;  // of the first
  Field* host = nullptr;            // the first
  unsigned connection_options = 0;
  bool close = false;
  bool keep_alive = false;
  bool other_options = false;  // Connection names something else
  bool upgrade_option = false;
  bool upgrade = false;  // there is an Upgrade field
  bool expect_continue = false;
  bool cdn_loop = false;
  bool traceparent = false;
  bool framing_twin = false;  // Content_Length, Transfer.Encoding
};

// RFC 9112 §9.1: any number of Connection fields is one list; options are case-insensitive.
void read_connection(std::string_view list, Summary& found) {
  while (const auto option = syntax::next_element(list)) {
    if (++found.connection_options > kMaxConnectionOptions) return;
    if (equal_ignoring_case(*option, "close"))
      found.close = true;
    else if (equal_ignoring_case(*option, "keep-alive"))
      found.keep_alive = true;
    else if (!option->empty()) {
      found.other_options = true;
      if (equal_ignoring_case(*option, "upgrade")) found.upgrade_option = true;
    }
  }
}

// CGI-like apps map '-' and '_' (some: '.' and others) to the same variable, so that "Content_Length" could
// frame the request for them.
bool is_framing_twin(std::string_view name) {
  return syntax::is_like_variable(name, "content-length") ||
         syntax::is_like_variable(name, "transfer-encoding");
}

bool is_expect_continue(const Field& field) {
  return field.id == FieldId::Expect && equal_ignoring_case(field.value, "100-continue");
}

Summary summarize(Fields& fields) {
  Summary found;
  for (auto& field : fields) {
    switch (field.id) {
      case FieldId::ContentLength:
        if (found.content_lengths++ == 0) found.content_length = field.value;
        break;
      case FieldId::TransferEncoding:
        ++found.transfer_encodings;
        break;
      case FieldId::Host:
        if (found.hosts++ == 0) found.host = &field;
        break;
      case FieldId::Connection:
        read_connection(field.value, found);
        break;
      case FieldId::Upgrade:
        found.upgrade = true;
        break;
      case FieldId::CdnLoop:
        found.cdn_loop = true;
        break;
      case FieldId::Traceparent:
        found.traceparent = true;
        break;
      case FieldId::Expect:
        if (is_expect_continue(field)) found.expect_continue = true;
        break;
      case FieldId::Other:
        if (is_framing_twin(field.name)) found.framing_twin = true;
        break;
      default:
        break;
    }
  }
  return found;
}

enum class Coding : std::uint8_t { Chunked, Unknown, Malformed };

// All Transfer-Encoding fields as one list. We speak exactly one coding, "chunked", once and last. RFC 9112 §6.3:
// without it at the end nobody can tell where the body ends (400), whatever else is not understood (§6.1: 501).
Coding read_transfer_encoding(const Fields& fields) {
  bool chunked = false;
  bool unknown = false;
  for (const auto& field : fields) {
    if (field.id != FieldId::TransferEncoding) continue;
    std::string_view list = field.value.data() ? field.value : std::string_view("");
    while (const auto coding = syntax::next_element(list)) {
      if (chunked || !syntax::is_token(*coding)) return Coding::Malformed;
      if (equal_ignoring_case(*coding, "chunked"))
        chunked = true;
      else
        unknown = true;
    }
  }
  if (!chunked) return Coding::Malformed;
  return unknown ? Coding::Unknown : Coding::Chunked;
}

// What both directions share; `refuse` makes a 400 or a 502. On success framing is Chunked, Length or None.
template <class Refuse>
Verdict read_framing(const Fields& fields, const Summary& found, Version version, Refuse refuse,
                     Framing& framing) {
  framing = {};
  if (found.connection_options > kMaxConnectionOptions) return refuse("too many Connection options");
  if (found.framing_twin) return refuse("twin of a framing field");
  if (found.transfer_encodings > 0) {
    // RFC 9112 §6.3: recipients that go by different ones of the two disagree about where the next message
    // starts.
    if (found.content_lengths > 0) return refuse("both Transfer-Encoding and Content-Length");
    // RFC 9112 §6.1: Transfer-Encoding in HTTP/1.0 is faulty framing.
    if (version == Version::Http10) return refuse("Transfer-Encoding in HTTP/1.0");
    switch (read_transfer_encoding(fields)) {
      case Coding::Malformed:
        return refuse("Transfer-Encoding is not one final chunked");
      case Coding::Unknown:
        return Refusal{501, "not_implemented", "unknown transfer coding"};
      case Coding::Chunked:
        framing.kind = BodyKind::Chunked;
        return std::nullopt;
    }
  }
  if (found.content_lengths == 0) return std::nullopt;
  // RFC 9112 §6.3 lets a recipient fold identical values into one; only attackers and bugs repeat it.
  if (found.content_lengths > 1) return refuse("more than one Content-Length");
  const auto length = parse_content_length(found.content_length);
  if (!length) return refuse("invalid Content-Length");
  framing = {BodyKind::Length, *length};
  return std::nullopt;
}

// RFC 9112 §9.3: close wins; 1.1 persists by default, 1.0 only when asked to.
bool persists(const Summary& found, Version version) {
  return !found.close && (version != Version::Http10 || found.keep_alive);
}

}  // namespace

std::optional<std::uint64_t> parse_content_length(std::string_view value) {
  if (value.empty()) return std::nullopt;
  std::uint64_t length = 0;
  for (const char c : value) {
    if (!syntax::is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (length > (kMaxLength - digit) / 10) return std::nullopt;
    length = length * 10 + digit;
  }
  return length;
}

bool expects_continue(const Fields& fields) {
  return std::any_of(fields.begin(), fields.end(), is_expect_continue);
}

Verdict settle_request(RequestHead& head, std::string& scratch) {
  const Summary found = summarize(head.fields);
  if (auto refusal = read_framing(head.fields, found, head.version, bad_request, head.framing))
    return refusal;
  if (head.framing == Framing{BodyKind::Length, 0}) head.framing = {};
  if (auto refusal = settle_target(head, found.hosts, found.host, scratch)) return refusal;
  head.keep_alive = persists(found, head.version);
  head.has_connection_options = found.other_options;
  head.cdn_loop = found.cdn_loop;
  head.traceparent = found.traceparent;
  // RFC 9110 §10.1.1: not from HTTP/1.0, and a client without a body has nothing to wait with.
  head.expect_continue =
      found.expect_continue && head.version != Version::Http10 && head.framing.kind != BodyKind::None;
  // RFC 9110 §7.8: never from HTTP/1.0, and only where Connection names it; else it was meant for an earlier hop.
  head.upgrade = found.upgrade && found.upgrade_option && head.version == Version::Http11 &&
                 offers_upgrade(head.fields);
  return std::nullopt;
}

Verdict settle_response(ResponseHead& head, Method request_method) {
  const Summary found = summarize(head.fields);
  head.framing = {};
  head.keep_alive = persists(found, head.version);
  head.has_connection_options = found.other_options;

  // RFC 9112 §6.3: these end with their head whatever the fields say, so the fields need not even make sense.
  if (head.informational() || head.status == 204) return std::nullopt;
  if (auto refusal = read_framing(head.fields, found, head.version, bad_response, head.framing)) {
    refusal->status = 502;
    refusal->outcome = bad_response("").outcome;
    return refusal;
  }
  if (request_method == Method::Head || head.status == 304) {
    head.framing = {};
    return std::nullopt;
  }
  if (found.content_lengths == 0 && found.transfer_encodings == 0) {
    head.framing.kind = BodyKind::UntilClose;
    head.keep_alive = false;
  }
  return std::nullopt;
}

}  // namespace frontdoor::http::gate
