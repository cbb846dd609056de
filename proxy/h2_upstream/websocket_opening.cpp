#include "proxy/h2_upstream/websocket_opening.h"

#include "http/head_writer.h"

namespace frontdoor {

namespace {

constexpr std::string_view kWebSocket = "websocket";

bool is_only_offer(const http::Fields& fields) {
  std::size_t offers = 0;
  for (const auto& field : fields) {
    if (field.id != http::FieldId::Upgrade) continue;
    ++offers;
    if (!http::equal_ignoring_case(field.value, kWebSocket)) return false;
  }
  return offers == 1;
}

}  // namespace

std::unique_ptr<WebSocketOpening> WebSocketOpening::of(const OutgoingRequest& request, http::Method method) {
  const bool empty = request.framing.kind == http::BodyKind::None ||
                     (request.framing.kind == http::BodyKind::Length && request.framing.length == 0);
  if (!request.upgrade || method != http::Method::Get || !empty) return nullptr;
  if (!is_only_offer(request.fields)) return nullptr;
  const auto key = http::websocket_key_of(request.fields);
  if (!key) return nullptr;
  return std::unique_ptr<WebSocketOpening>(new WebSocketOpening(request, *key));
}

WebSocketOpening::WebSocketOpening(const OutgoingRequest& request, const http::WebSocketKey& key)
    : accept_(http::websocket_accept(key)) {
  std::size_t size = request.target.size() + request.authority.size();
  for (const auto& field : request.fields) size += field.name.size() + field.value.size();
  text_.reserve(size);  // so that views into it stay
  const auto keep = [this](std::string_view part) {
    text_.append(part);
    return std::string_view(text_).substr(text_.size() - part.size());
  };
  target_ = keep(request.target);
  authority_ = keep(request.authority);
  for (const auto& field : request.fields) {
    if (http::equal_ignoring_case(field.name, http::kWebSocketKey)) continue;  // RFC 8441 §5: HTTP/2 has none
    const auto name = keep(field.name);
    fields_.push_back({name, keep(field.value), field.id});
  }
}

http2::Question WebSocketOpening::question(std::string_view scheme) const {
  return {.method_text = "CONNECT", .method = http::Method::Connect, .scheme = scheme, .authority = authority_,
          .target = target_, .fields = fields_, .ended = false, .protocol = kWebSocket};
}

const http::ResponseHead& WebSocketOpening::accepted(const http::ResponseHead& head) {
  switch_.status = 101;
  switch_.reason = http::reason_phrase(switch_.status);
  switch_.version = head.version;
  switch_.has_connection_options = true;
  switch_.fields.clear();
  for (const auto& field : head.fields)
    if (!http::equal_ignoring_case(field.name, http::kWebSocketAccept)) switch_.fields.push_back(field);
  switch_.fields.push_back({"Connection", "Upgrade", http::FieldId::Connection});
  switch_.fields.push_back({"Upgrade", kWebSocket, http::FieldId::Upgrade});
  switch_.fields.push_back({http::kWebSocketAccept, {accept_.data(), accept_.size()}});
  return switch_;
}

}  // namespace frontdoor
