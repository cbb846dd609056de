// From the fields of an HTTP/2 request to the same value that an HTTP/1 head becomes (http/head.h): its request line
// and its fields then pass the very gate that an HTTP/1 head passes (http/framing_gate.h), so that nothing can be said
// over HTTP/2 that could not be said over HTTP/1. A builder makes one head after the other, since header blocks of a
// connection never overlap. Pure.
//
// A WebSocket comes as a CONNECT with :protocol (RFC 8441), and becomes the GET with Upgrade that it is in HTTP/1.1, but for
// its key, which has to be made where it is sent on.
//
// RFC 9113 §8.1.1 (malformed messages), §8.2 (fields), §8.3 (pseudo-headers).

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/head.h"
#include "http/head_parser.h"

namespace frontdoor::http2 {

// A head together with the text that it views into.
struct ReceivedHead {
  http::RequestHead head;
  std::string text;
  std::string scratch;
};

class RequestHeadBuilder {
 public:
  // How many times `header_bytes` a field list may come to before nobody reads it to its end: until then the sender is
  // answered with a 431.
  static constexpr std::size_t kBombFactor = 8;

  explicit RequestHeadBuilder(http::HeadLimits limits) : limits_(limits) {}

  void begin();
  // The next field, decoded. Whatever is wrong with it is remembered; false: no honest list goes on like this.
  bool add(std::string_view name, std::string_view value);
  // It is malformed for a reason that shows in no field; a literal.
  void note(const char* fault) {
    if (!fault_) fault_ = fault;
  }

  enum class Outcome : std::uint8_t {
    Complete,
    Refused,    // to be answered with refusal()
    Malformed,  // a stream error (§8.1.1), and refusal() for the log
  };
  // The block has ended. `ended`: so has the request, there is no body.
  Outcome finish(bool ended);

  // After finish(), whatever it said: the head as far as it is known. The builder keeps nothing of it.
  std::unique_ptr<ReceivedHead> take() { return std::move(received_); }
  const http::Refusal& refusal() const { return refusal_; }

 private:
  enum Pseudo : std::uint8_t { kMethod, kScheme, kAuthority, kPath, kProtocol, kPseudos };
  struct Piece {  // of the text
    std::size_t begin = 0;
    std::size_t size = 0;
    bool given = false;
  };
  struct Entry {
    Piece name;
    Piece value;
    http::FieldId id;
  };

  void add_pseudo(std::string_view name, std::string_view value);
  void add_field(std::string_view name, std::string_view value);
  Piece keep(std::string_view text);
  std::string_view view(const Piece& piece) const { return std::string_view(received_->text).substr(piece.begin, piece.size); }
  void write_request_line();
  void list_fields();
  Outcome settle_websocket();
  const char* fault_of_pseudo_headers() const;
  Outcome refuse(const http::Refusal& why);
  Outcome malformed(const char* why);

  const http::HeadLimits limits_;
  std::unique_ptr<ReceivedHead> received_;
  Piece pseudo_[kPseudos];
  std::vector<Entry> entries_;
  std::string cookies_;  // all of them, joined
  std::size_t cookie_at_ = 0;  // among the entries
  bool has_cookie_ = false;
  Piece line_;
  std::size_t bytes_ = 0;
  std::size_t count_ = 0;
  bool too_large_ = false;
  const char* fault_ = nullptr;
  http::Refusal refusal_;
};

// Trailer fields of a request, filtered as those of HTTP/1 are (http/trailer_policy.h).
class TrailerBuilder {
 public:
  explicit TrailerBuilder(http::HeadLimits limits) : limits_(limits) {}

  // Null, or what is wrong with the section: a literal.
  const char* add(std::string_view name, std::string_view value);
  const http::Fields& finish();  // views into the builder

 private:
  struct Entry {
    std::size_t name;
    std::size_t value;
    std::size_t end;
    http::FieldId id;
  };

  http::HeadLimits limits_;
  std::string text_;
  std::vector<Entry> entries_;
  http::Fields fields_;
  std::size_t bytes_ = 0;
  std::size_t count_ = 0;
};

}  // namespace frontdoor::http2
