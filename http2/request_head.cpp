#include "http2/request_head.h"

#include <utility>

#include "http/framing_gate.h"
#include "http/syntax.h"
#include "http/trailer_policy.h"
#include "http/websocket_key.h"
#include "http2/field_rules.h"

namespace frontdoor::http2 {

namespace {

// What a field takes of `header_bytes` beside its text: as much as its colon, blank and line end in HTTP/1.
constexpr std::size_t kPerField = 4;

// One allocation for the text of most heads.
constexpr std::size_t kUsualText = 1024;

constexpr std::string_view kWebSocket = "websocket";

constexpr std::string_view kVersion = " HTTP/1.1";  // what the gate of request lines knows

}  // namespace

void RequestHeadBuilder::begin() {
  received_ = std::make_unique<ReceivedHead>();
  received_->text.reserve(kUsualText);
  for (auto& piece : pseudo_) piece = {};
  entries_.clear();
  cookies_.clear();
  has_cookie_ = too_large_ = false;
  bytes_ = count_ = 0;
  fault_ = nullptr;
  refusal_ = {};
}

bool RequestHeadBuilder::add(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + kPerField;
  // Crumbs of a cookie are one field: a browser sends one for each cookie that it has.
  if (!has_cookie_ || http::field_id(name) != http::FieldId::Cookie) ++count_;
  const bool pseudo = name.starts_with(':');
  if (bytes_ > limits_.header_bytes || count_ > limits_.header_count + kPseudos) {
    too_large_ = true;
    return bytes_ <= kBombFactor * limits_.header_bytes && count_ <= kBombFactor * (limits_.header_count + kPseudos);
  }
  if (fault_) return true;
  if (pseudo) add_pseudo(name, value);
  else add_field(name, value);
  return true;
}

void RequestHeadBuilder::add_pseudo(std::string_view name, std::string_view value) {
  // §8.3: all of them before the first field that is none, each once, none that is unknown.
  if (!entries_.empty()) return note("pseudo-header behind a field");
  Pseudo which;
  if (name == ":method") which = kMethod;
  else if (name == ":scheme") which = kScheme;
  else if (name == ":authority") which = kAuthority;
  else if (name == ":path") which = kPath;
  else if (name == ":protocol") which = kProtocol;
  else return note("unknown pseudo-header");
  if (pseudo_[which].given) return note("pseudo-header given twice");
  if (const char* fault = fault_of_value(value)) return note(fault);
  pseudo_[which] = keep(value);
}

void RequestHeadBuilder::add_field(std::string_view name, std::string_view value) {
  if (const char* fault = fault_of_name(name)) return note(fault);
  if (const char* fault = fault_of_value(value)) return note(fault);
  const http::FieldId id = http::field_id(name);
  if (const char* fault = fault_of_connection_field(id, value)) return note(fault);
  if (id == http::FieldId::Cookie) {
    // §8.2.3: crumbs of one field, which any other protocol must be given whole.
    if (std::exchange(has_cookie_, true)) {
      cookies_.append("; ").append(value);
      return;
    }
    cookie_at_ = entries_.size();
    cookies_.assign(value);
    entries_.push_back({keep(name), {}, id});
    return;
  }
  const Piece kept = keep(name);
  entries_.push_back({kept, keep(value), id});
}

RequestHeadBuilder::Piece RequestHeadBuilder::keep(std::string_view text) {
  const Piece piece{received_->text.size(), text.size(), true};
  received_->text.append(text);
  return piece;
}

RequestHeadBuilder::Outcome RequestHeadBuilder::refuse(const http::Refusal& why) {
  refusal_ = why;
  return Outcome::Refused;
}

RequestHeadBuilder::Outcome RequestHeadBuilder::malformed(const char* why) {
  refusal_ = http::gate::bad_request(why);
  return Outcome::Malformed;
}

const char* RequestHeadBuilder::fault_of_pseudo_headers() const {
  if (!pseudo_[kMethod].given) return "no :method";
  const bool connect = view(pseudo_[kMethod]) == "CONNECT";
  if (pseudo_[kProtocol].given && !connect) return ":protocol without CONNECT";
  if (pseudo_[kProtocol].given && !pseudo_[kAuthority].given) return "CONNECT without :authority";
  // §8.5: CONNECT has neither scheme nor path. It is no malformed request, but nobody here serves it. With :protocol it has
  // both (RFC 8441 §4).
  if (connect && !pseudo_[kProtocol].given) {
    if (pseudo_[kScheme].given || pseudo_[kPath].given) return ":scheme or :path with CONNECT";
    return pseudo_[kAuthority].given ? nullptr : "CONNECT without :authority";
  }
  if (!pseudo_[kScheme].given) return "no :scheme";
  if (!pseudo_[kPath].given) return "no :path";
  const auto scheme = view(pseudo_[kScheme]);
  if (!http::equal_ignoring_case(scheme, "http") && !http::equal_ignoring_case(scheme, "https"))
    return ":scheme is neither http nor https";
  // §8.3.1: never empty, a path or "*". What stands here in HTTP/1's absolute-form names a second authority.
  const auto path = view(pseudo_[kPath]);
  if (!path.starts_with('/') && path != "*") return ":path does not begin with /";
  return nullptr;
}

// As HTTP/1 writes it, for the same checks; the head then views into it.
void RequestHeadBuilder::write_request_line() {
  std::string& text = received_->text;
  const Piece method = pseudo_[kMethod];
  Piece target = pseudo_[kPath];
  if (!target.given) target = keep("*");  // CONNECT, which is refused by its method
  text.reserve(text.size() + method.size + 1 + target.size + kVersion.size());
  line_ = {text.size(), method.size + 1 + target.size + kVersion.size(), true};
  text.append(text, method.begin, method.size).append(1, ' ');
  text.append(text, target.begin, target.size).append(kVersion);
}

// The text no longer moves: views into it, Host first, made of :authority.
void RequestHeadBuilder::list_fields() {
  http::RequestHead& head = received_->head;
  head.fields.reserve(entries_.size() + 1);
  if (pseudo_[kAuthority].given) head.fields.push_back({"host", view(pseudo_[kAuthority]), http::FieldId::Host});
  for (const Entry& entry : entries_) {
    if (entry.id == http::FieldId::Host && pseudo_[kAuthority].given) continue;
    head.fields.push_back({view(entry.name), view(entry.value), entry.id});
  }
}

RequestHeadBuilder::Outcome RequestHeadBuilder::finish(bool ended) {
  http::RequestHead& head = received_->head;
  head.version = http::Version::Http2;
  const char* fault = fault_;
  if (!fault && !too_large_) fault = fault_of_pseudo_headers();
  const bool websocket = !fault && !too_large_ && pseudo_[kProtocol].given &&
                         http::equal_ignoring_case(view(pseudo_[kProtocol]), kWebSocket);
  if (websocket) pseudo_[kMethod] = keep("GET");
  if (has_cookie_) entries_[cookie_at_].value = keep(cookies_);
  write_request_line();
  list_fields();
  const auto line = view(line_);
  head.method_text = line.substr(0, pseudo_[kMethod].size);
  head.method = http::method_of(head.method_text);
  head.target = line.substr(head.method_text.size() + 1, line.size() - head.method_text.size() - 1 - kVersion.size());
  if (pseudo_[kAuthority].given) head.authority = view(pseudo_[kAuthority]);

  if (fault) return malformed(fault);
  if (too_large_) {
    const bool by_count = count_ > limits_.header_count + kPseudos;
    return refuse(http::gate::too_large(by_count ? "more than header_count fields" : "head exceeds header_bytes"));
  }
  if (entries_.size() > limits_.header_count) return refuse(http::gate::too_large("more than header_count fields"));

  // RFC 9113 §8.3.1: an app that reads Host must not be led elsewhere than one that reads :authority.
  for (const Entry& entry : entries_)
    if (entry.id == http::FieldId::Host && pseudo_[kAuthority].given &&
        !http::equal_ignoring_case(view(entry.value), head.authority))
      return refuse(http::gate::bad_request("Host differs from :authority"));

  if (auto refusal = http::gate::check_request_line(line, limits_)) return refuse(*refusal);
  if (auto refusal = http::gate::settle_request(head, received_->scratch)) return refuse(*refusal);
  if (websocket) return settle_websocket();
  const bool has_body = head.framing.kind != http::BodyKind::None;
  // §8.1.1: a length that is not the one of the DATA frames. The session sees to it for those that come.
  if (ended && has_body) return malformed("Content-Length without a body");
  const bool has_length = http::find(head.fields, http::FieldId::ContentLength).data() != nullptr;
  if (!ended && !has_length) {
    head.framing = {http::BodyKind::Chunked, 0};
    head.expect_continue = http::gate::expects_continue(head.fields);  // which the gate took for one without a body
  }
  return Outcome::Complete;
}

// RFC 8441 §5: what follows on the stream is the WebSocket's. A key would be answered to somebody else than us.
RequestHeadBuilder::Outcome RequestHeadBuilder::settle_websocket() {
  http::RequestHead& head = received_->head;
  if (http::find(head.fields, http::FieldId::ContentLength).data())
    return refuse(http::gate::bad_request("Content-Length on a WebSocket"));
  std::erase_if(head.fields, [](const auto& field) { return http::equal_ignoring_case(field.name, http::kWebSocketKey); });
  head.fields.push_back({"upgrade", kWebSocket, http::FieldId::Upgrade});
  head.upgrade = true;
  head.framing = {};
  return Outcome::Complete;
}

const char* TrailerBuilder::add(std::string_view name, std::string_view value) {
  bytes_ += name.size() + value.size() + kPerField;
  if (bytes_ > limits_.header_bytes || ++count_ > limits_.header_count) return "trailers exceed header_bytes or header_count";
  if (name.starts_with(':')) return "pseudo-header among trailers";
  if (const char* fault = fault_of_name(name)) return fault;
  if (const char* fault = fault_of_value(value)) return fault;
  const http::FieldId id = http::field_id(name);
  if (const char* fault = fault_of_connection_field(id, value)) return fault;
  if (!http::may_be_trailer(name)) return nullptr;
  Entry entry{text_.size(), text_.size() + name.size(), text_.size() + name.size() + value.size(), id};
  text_.append(name).append(value);
  entries_.push_back(entry);
  return nullptr;
}

const http::Fields& TrailerBuilder::finish() {
  const std::string_view text = text_;
  for (const Entry& entry : entries_)
    fields_.push_back({text.substr(entry.name, entry.value - entry.name), text.substr(entry.value, entry.end - entry.value), entry.id});
  return fields_;
}

}  // namespace frontdoor::http2
