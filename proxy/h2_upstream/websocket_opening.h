// A WebSocket that an upstream of HTTP/2 is asked for: the GET with Upgrade that HTTP/1.1 has for it becomes an extended
// CONNECT (RFC 8441 §5), and a 2xx to that the 101 which the exchange knows. HTTP/2 has no key, so that its proof is ours to
// make: to a client of HTTP/1.1 we are the server. Owned by its stream. Pure.

#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "http/websocket_key.h"
#include "http2/client_session.h"
#include "proxy/exchange/stream.h"

namespace frontdoor {

class WebSocketOpening {
 public:
  // Null: it opens none. So is an offer of WebSocket beside another protocol, without a key, with a body or with another
  // method than GET (RFC 6455 §4.1): nobody has to take an offer (RFC 9110 §7.8), and it goes as the request that it is.
  static std::unique_ptr<WebSocketOpening> of(const OutgoingRequest& request, http::Method method);

  // The text of a head is the worker's scratch, and the upstream's SETTINGS may have to be waited for: it is kept here.
  http2::Question question(std::string_view scheme) const;
  // The text is no longer needed, for as long as the tunnel lives. (An empty string that is assigned leaves the memory there.)
  void asked() {
    std::string().swap(text_);
    http::Fields().swap(fields_);
  }

  // As HTTP/1.1 would say it. Valid as long as this and `head` are, until switched().
  const http::ResponseHead& accepted(const http::ResponseHead& head);
  void switched() { http::Fields().swap(switch_.fields); }
  std::size_t memory() const { return text_.capacity() + (fields_.capacity() + switch_.fields.capacity()) * sizeof(http::Field); }

 private:
  WebSocketOpening(const OutgoingRequest& request, const http::WebSocketKey& key);

  std::string text_;
  std::string_view target_;
  std::string_view authority_;
  http::Fields fields_;
  http::WebSocketAccept accept_;
  http::ResponseHead switch_;
};

}  // namespace frontdoor
