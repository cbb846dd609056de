// Beast's basic_parser with our own sink: it finds names and values in place and tells them to a head,
// nothing is copied or allocated. Private to http/: no other header may include Beast. The bytes given must
// be a complete head.

#pragma once

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>
#include <cstdint>
#include <string_view>

#include "http/head.h"

namespace frontdoor::http::detail {

namespace beast = boost::beast;

inline std::string_view view(beast::string_view text) { return {text.data(), text.size()}; }
inline Version version_of(int version) { return version == 10 ? Version::Http10 : Version::Http11; }

// Either direction: `Head` is RequestHead or ResponseHead.
template <bool is_request, class Head>
class HeadSink final : public beast::http::basic_parser<is_request> {
 public:
  using error_code = beast::error_code;

  HeadSink(Head& head, std::size_t max_fields) : head_(head), max_fields_(max_fields) {
    head_.fields.clear();
  }

  error_code read(std::string_view bytes) {
    this->header_limit(static_cast<std::uint32_t>(bytes.size()));
    this->skip(true);  // only the head is parsed here, so a body and its limit do not concern it
    error_code ec;
    this->put({bytes.data(), bytes.size()}, ec);
    return ec;
  }
  bool too_many_fields() const { return head_.fields.size() > max_fields_; }

 private:
  using string_view = beast::string_view;

  void on_request_impl(beast::http::verb, string_view method, string_view target, int version,
                       error_code&) override {
    if constexpr (is_request) {
      head_.method_text = view(method);
      head_.method = method_of(head_.method_text);
      head_.target = view(target);
      head_.version = version_of(version);
    }
  }
  void on_response_impl(int status, string_view reason, int version, error_code&) override {
    if constexpr (!is_request) {
      head_.status = static_cast<std::uint16_t>(status);
      head_.reason = view(reason);
      head_.version = version_of(version);
    }
  }
  void on_field_impl(beast::http::field, string_view name, string_view value, error_code& ec) override {
    head_.fields.push_back({view(name), view(value), field_id(view(name))});
    if (too_many_fields()) ec = beast::http::error::header_limit;
  }

  // The body is never given to Beast.
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override { return body.size(); }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  Head& head_;
  std::size_t max_fields_;
};

using RequestSink = HeadSink<true, RequestHead>;
using ResponseSink = HeadSink<false, ResponseHead>;

// What Beast makes of a head by itself. For the negative control only (framing_gate.h).
template <class Sink, class Head>
void believe(Sink& sink, Head& head) {
  head.keep_alive = sink.keep_alive();
  head.framing = {};
  if (sink.chunked())
    head.framing.kind = BodyKind::Chunked;
  else if (const auto length = sink.content_length(); length && *length > 0)
    head.framing = {BodyKind::Length, *length};
  else if (sink.need_eof())
    head.framing.kind = BodyKind::UntilClose;
}

// Where a head ends for somebody who does not look at its lines; 0: not yet.
constexpr std::size_t blind_head_size(std::string_view window) {
  const auto end = window.find("\r\n\r\n");
  return end == std::string_view::npos ? 0 : end + 4;
}

// Why Beast refused, as a text for the log.
const char* describe(const beast::error_code& ec);

}  // namespace frontdoor::http::detail
