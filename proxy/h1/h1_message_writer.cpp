#include "proxy/h1/h1_message_writer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "http/chunked.h"

namespace frontdoor {

http::HeadWriter H1MessageWriter::begin_head() {
  if (!block_) block_ = Buffer(pool_);
  if (begin_ == end_) begin_ = end_ = 0;
  const std::size_t used = end_ + kFramingRoom;
  return {block_.data() + end_, block_.size() > used ? block_.size() - used : 0};
}

void H1MessageWriter::head_written(const http::HeadWriter& head, http::Framing framing) {
  end_ += head.size();
  framing_ = framing;
  chunk_left_ = 0;
  chunk_open_ = false;
  ended_ = false;
}

void H1MessageWriter::switch_protocols() {
  framing_ = {http::BodyKind::UntilClose, 0};
  ended_ = false;
  ends_with_fin_ = true;
}

void H1MessageWriter::forget() {
  begin_ = end_ = 0;
  block_.reset();
  ended_ = ends_with_fin_ = false;
}

void H1MessageWriter::queue(std::string_view text) {
  if (!block_) block_ = Buffer(pool_);
  if (begin_ == end_) begin_ = end_ = 0;
  std::memcpy(block_.data() + end_, text.data(), text.size());
  end_ += text.size();
}

bool H1MessageWriter::queue_trailers(const http::Fields& trailers) {
  if (!block_) block_ = Buffer(pool_);
  http::HeadWriter writer(block_.data() + end_, block_.size() - end_ - 2);
  for (const auto& field : trailers) writer.field(field.name, field.value);
  if (writer.overflowed()) return false;
  end_ += writer.size();
  return true;
}

Pushed H1MessageWriter::push(std::string_view bytes, bool last, const http::Fields& trailers) {
  std::size_t accepted = 0;
  // The middle of a body that goes as it is, with nothing queued before it: nearly all there is of a tunnel.
  if (!bytes.empty() && !last && pending() == 0 && framing_.kind != http::BodyKind::Chunked) {
    const iovec part{const_cast<char*>(bytes.data()), bytes.size()};
    const IoResult result = transport_.write(&part, 1);
    if (result.status == IoStatus::Failed) return {Pushed::State::Failed, 0};
    accepted = result.bytes;
    bytes_sent_ += accepted;
    if (accepted == bytes.size()) return {flush_sealed(), accepted};
  }
  for (;;) {
    const Pushed pushed = push_some(bytes.substr(accepted), last, trailers);
    accepted += pushed.accepted;
    const bool go_on = pushed.state == Pushed::State::Done ? accepted < bytes.size()
                                                           : pushed.state == Pushed::State::Blocked && transport_.may_write();
    if (!go_on) return {pushed.state, accepted};
  }
}

Pushed H1MessageWriter::push_some(std::string_view bytes, bool last, const http::Fields& trailers) {
  const bool chunked = framing_.kind == http::BodyKind::Chunked;
  if (chunked && !bytes.empty() && chunk_left_ == 0) {
    if (std::exchange(chunk_open_, false)) queue("\r\n");
    std::array<char, 24> line;
    queue({line.data(), http::write_chunk_size(line.data(), bytes.size())});
    chunk_left_ = bytes.size();
    chunk_open_ = true;
  }
  // A chunk that was begun is finished first, even if more bytes are offered by now.
  const bool more_follows = chunked && bytes.size() > chunk_left_;
  if (more_follows) bytes = bytes.substr(0, static_cast<std::size_t>(chunk_left_));

  // The tail of a chunked body rides along when it is short: one system call for head, body and end.
  std::string_view tail;
  const bool ends_here = last && !ended_ && !more_follows;
  if (ends_here && chunked && trailers.empty()) tail = chunk_open_ ? "\r\n0\r\n\r\n" : "0\r\n\r\n";

  std::array<iovec, 3> parts;
  std::size_t count = 0;
  auto add = [&](const char* data, std::size_t size) {
    if (size != 0) parts[count++] = {const_cast<char*>(data), size};
  };
  const std::size_t head = pending();
  if (head != 0) add(block_.data() + begin_, head);  // else there may be no block to add to
  add(bytes.data(), bytes.size());
  add(tail.data(), tail.size());

  std::size_t sent = 0;
  if (count != 0) {
    const IoResult result = transport_.write(parts.data(), count);
    if (result.status == IoStatus::Failed) return {Pushed::State::Failed, 0};
    sent = result.bytes;
    bytes_sent_ += sent;
  }
  const std::size_t head_sent = std::min(sent, head);
  begin_ += head_sent;
  const std::size_t accepted = std::min(sent - head_sent, bytes.size());
  if (chunked) chunk_left_ -= accepted;
  if (head_sent < head || accepted < bytes.size()) return {Pushed::State::Blocked, accepted};

  if (ends_here && chunked) {
    if (trailers.empty()) {
      queue(tail.substr(sent - head_sent - accepted));
    } else {
      queue(chunk_open_ ? "\r\n0\r\n" : "0\r\n");
      if (!queue_trailers(trailers)) return {Pushed::State::Failed, accepted};
      queue("\r\n");
    }
    chunk_open_ = false;
  }
  if (ends_here) ended_ = true;
  const Pushed::State flushed = flush_pending();
  if (pending() == 0) block_.reset();
  if (ended_ && flushed == Pushed::State::Done && std::exchange(ends_with_fin_, false)) transport_.shutdown_write();
  return {flushed, accepted};
}

Pushed::State H1MessageWriter::flush_pending() {
  while (pending() != 0) {
    const iovec part{block_.data() + begin_, pending()};
    const IoResult result = transport_.write(&part, 1);
    if (result.status == IoStatus::Failed) return Pushed::State::Failed;
    if (result.status == IoStatus::WouldBlock) return Pushed::State::Blocked;
    bytes_sent_ += result.bytes;
    begin_ += result.bytes;
  }
  return flush_sealed();
}

// What an encrypted connection has taken is not sent before its kernel has it.
Pushed::State H1MessageWriter::flush_sealed() {
  switch (transport_.flush()) {
    case IoStatus::Ok: return Pushed::State::Done;
    case IoStatus::WouldBlock: return Pushed::State::Blocked;
    case IoStatus::End:
    case IoStatus::Failed: break;
  }
  return Pushed::State::Failed;
}

}  // namespace frontdoor
