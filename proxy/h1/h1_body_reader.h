// The body of one HTTP/1 message as a BodySource: finds its end (RFC 9112 §6.3) and takes the chunked coding off.
// Belongs to a connection; reads into that connection's input buffer.

#pragma once

#include <cstdint>

#include "http/chunked.h"
#include "http/head.h"
#include "loop/input_buffer.h"
#include "loop/transport.h"
#include "proxy/exchange/body.h"

namespace frontdoor {

class H1BodyReader final : public RawSource {
 public:
  enum class Failure : std::uint8_t { None, Truncated, Reset, Malformed };

  using Blanks = http::ChunkedDecoder::Blanks;

  H1BodyReader(Transport& transport, InputBuffer& input, Blanks blanks = Blanks::Refuse)
      : transport_(transport), input_(input), chunked_(blanks) {}

  // A new message whose head has just been pinned or consumed.
  void start(http::Framing framing);

  Peeked peek() override;
  void consume(std::size_t count) override;
  const http::Fields& trailers() const override { return chunked_.trailers(); }
  bool ready() const override {
    return transport_.may_read() || !input_.empty() || complete_ || failure_ != Failure::None;
  }

  std::string_view raw_bytes() override;
  bool raw_consume(std::size_t count) override;

  // Read to its end *and* consumed: nothing of it is left in the input buffer.
  bool complete() const { return complete_ && decoded_ == 0; }
  // Incomplete, and it may end within so many bytes. A chunked one tells only by its end.
  bool may_end_within(std::size_t bytes) const {
    return !complete() && failure_ == Failure::None && (framing_.kind != http::BodyKind::Length || remaining_ <= bytes);
  }
  Failure failure() const { return failure_; }
  const char* detail() const;  // a literal

 private:
  Peeked peek_length();
  Peeked peek_chunked();
  Peeked peek_until_close();
  bool fill();  // false: nothing came; ended_ or failure_ may be set now
  Peeked pending_or_failed() const;

  // What every read looks at comes first: one cache line.
  Transport& transport_;
  InputBuffer& input_;
  http::Framing framing_;
  bool ended_ = false;            // the transport has no more bytes
  bool complete_ = true;
  Failure failure_ = Failure::None;
  std::uint64_t remaining_ = 0;   // Length
  std::size_t decoded_ = 0;       // Chunked: body bytes at the front of the input
  std::size_t squeezed_ = 0;      // Chunked: framing bytes behind them, to be dropped with the last of them
  http::ChunkedDecoder chunked_;
};

}  // namespace frontdoor
