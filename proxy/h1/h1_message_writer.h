// One HTTP/1 message on its way out: the head is written once into a pool block, then goes to the kernel together
// with the first body bytes (one sendmsg). Body bytes are never copied; what the kernel did not take of the framing
// around them stays in the block. Belongs to a connection.

#pragma once

#include <cstdint>

#include "http/head.h"
#include "http/head_writer.h"
#include "loop/buffer_pool.h"
#include "loop/transport.h"
#include "proxy/exchange/body.h"

namespace frontdoor {

class H1MessageWriter final : public BodySink {
 public:
  H1MessageWriter(Transport& transport, BufferPool& pool) : transport_(transport), pool_(pool) {}

  // Bytes that leave before the next head.
  void queue_ahead(std::string_view bytes) { queue(bytes); }

  // Starts a message. The caller writes the head with the writer and then calls head_written. Several heads may be
  // queued one behind the other (1xx before the final one).
  http::HeadWriter begin_head();
  void head_written(const http::HeadWriter& head, http::Framing framing);
  // What follows the queued heads is no HTTP: bytes as they are, and the end is a FIN.
  void switch_protocols();

  Pushed push(std::string_view bytes, bool last, const http::Fields& trailers) override;
  bool ready() const override { return transport_.may_write(); }

  bool idle() const { return pending() == 0; }
  bool complete() const { return ended_ && idle(); }
  std::uint64_t bytes_sent() const { return bytes_sent_; }  // to the kernel, since the last reset_count
  void reset_count() { bytes_sent_ = 0; }
  void forget();  // drops what is queued; for a new message on a connection in order

 private:
  static constexpr std::size_t kFramingRoom = 64;  // kept free behind a head for chunk lines

  std::size_t pending() const { return end_ - begin_; }
  Pushed push_some(std::string_view bytes, bool last, const http::Fields& trailers);
  void queue(std::string_view text);
  bool queue_trailers(const http::Fields& trailers);
  Pushed::State flush_pending();
  Pushed::State flush_sealed();

  Transport& transport_;
  BufferPool& pool_;
  Buffer block_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  http::Framing framing_;
  std::uint64_t chunk_left_ = 0;  // of the chunk whose size line has been queued
  bool chunk_open_ = false;       // its closing CRLF is still owed
  bool ended_ = false;            // everything of the message has been queued
  bool ends_with_fin_ = false;
  std::uint64_t bytes_sent_ = 0;
};

}  // namespace frontdoor
