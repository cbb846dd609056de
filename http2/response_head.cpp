#include "http2/response_head.h"

#include "http/framing_gate.h"
#include "http/head_writer.h"
#include "http2/field_rules.h"
#include "http2/request_head.h"

namespace frontdoor::http2 {

namespace {

constexpr std::size_t kPerResponseField = 4;      // as in request heads
constexpr std::size_t kUsualResponseText = 512;   // one allocation for the text of most heads

}  // namespace

void ResponseHeadBuilder::begin() {
  received_ = std::make_unique<ReceivedResponse>();
  received_->text.reserve(kUsualResponseText);
  entries_.clear();
  bytes_ = count_ = 0;
  fault_ = nullptr;
}

bool ResponseHeadBuilder::add(std::string_view name, std::string_view value) {
  constexpr std::size_t kBombFactor = RequestHeadBuilder::kBombFactor;
  bytes_ += name.size() + value.size() + kPerResponseField;
  ++count_;
  const std::size_t most_fields = limits_.header_count + 1;  // and :status
  if (bytes_ > limits_.header_bytes || count_ > most_fields) {
    note("response head too large");
    return bytes_ <= kBombFactor * limits_.header_bytes && count_ <= kBombFactor * most_fields;
  }
  if (fault_) return true;
  if (name.starts_with(':')) {
    if (name != ":status") note("unknown pseudo-header");
    else if (const char* fault = add_status(value)) note(fault);
    return true;
  }
  const http::FieldId id = http::field_id(name);
  if (const char* fault = fault_of_name(name)) return note(fault), true;
  if (const char* fault = fault_of_value(value)) return note(fault), true;
  if (const char* fault = fault_of_connection_field(id, value)) return note(fault), true;
  std::string& text = received_->text;
  const std::size_t begin = text.size();
  text.append(name).append(value);
  entries_.push_back({begin, begin + name.size(), text.size(), id});
  return true;
}

const char* ResponseHeadBuilder::add_status(std::string_view value) {
  std::uint16_t& status = received_->head.status;
  if (!entries_.empty()) return "pseudo-header behind a field";
  if (status != 0) return "pseudo-header given twice";
  if (value.size() != 3 || value.find_first_not_of("0123456789") != std::string_view::npos || value[0] < '1' || value[0] > '5')
    return ":status is no status";
  status = static_cast<std::uint16_t>((value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0'));
  // RFC 9113 §8.6: there is nothing to switch to.
  return status == 101 ? "101 over HTTP/2" : nullptr;
}

const char* ResponseHeadBuilder::finish(http::Method method, bool ended) {
  // RFC 9110 §9.3.6: behind a 2xx to CONNECT all is the tunnel's. A length is ignored.
  if (method == http::Method::Connect && received_->head.status / 100 == 2)
    std::erase_if(entries_, [](const Entry& entry) { return entry.id == http::FieldId::ContentLength; });
  http::ResponseHead& head = received_->head;
  head.version = http::Version::Http2;
  if (!fault_ && head.status == 0) note("no :status");
  if (!fault_ && ended && head.informational()) note("a 1xx that ends its stream");
  if (fault_) return fault_;
  head.reason = http::reason_phrase(head.status);
  const std::string_view text = received_->text;
  head.fields.reserve(entries_.size());
  for (const Entry& entry : entries_)
    head.fields.push_back({text.substr(entry.name, entry.value - entry.name), text.substr(entry.value, entry.end - entry.value), entry.id});
  if (const auto refusal = http::gate::settle_response(head, method)) return refusal->detail;
  head.keep_alive = true;
  // Frames end a body. One without any and without a length is of length 0, which HTTP/1 has to say.
  if (head.framing.kind == http::BodyKind::UntilClose)
    head.framing = ended ? http::Framing{http::BodyKind::Length, 0} : http::Framing{http::BodyKind::Chunked, 0};
  return nullptr;
}

}  // namespace frontdoor::http2
