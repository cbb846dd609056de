// A client of HTTP/2 sends whatever it likes: the session neither crashes nor keeps more than its windows allow, every
// head that it opens passes HTTP/1's gate once more, and what it sends are whole frames. The first byte of the input
// decides how requests are answered and in what pieces the rest arrives.

#include <algorithm>
#include <string>
#include <vector>

#include "http/forwarding.h"
#include "http/head_parser.h"
#include "http/head_writer.h"
#include "http2/server_session.h"
#include "invariants.h"

namespace {

using namespace frontdoor;
using namespace frontdoor::http2;
using fuzz::Exact;
using fuzz::require;

ServerLimits small_limits() {
  ServerLimits limits;
  limits.head = {.header_bytes = 2048, .header_count = 16, .uri_bytes = 256};
  limits.streams = 4;
  limits.stream_window = 1024;
  limits.connection_window = 65'535;
  return limits;
}

class Talk {
 public:
  explicit Talk(unsigned choices) : choices_(choices), session_(small_limits()), block_(4096, '\0') {
    output_.lend(block_.data(), block_.size());
  }
  ~Talk() {
    for (ServerStream* stream : streams_) session_.release(*stream, ErrorCode::Cancel);
    flush();
  }

  bool send(std::string_view bytes) {
    const Exact exact(bytes);
    now_ += Millis{1};
    const bool open = session_.receive(exact.view(), now_);
    while (ServerStream* const stream = session_.next_opened()) take(*stream);
    std::size_t kept = 0;
    for (const ServerStream* stream : streams_) {
      require(stream->received().size() <= small_limits().stream_window, "a body is bounded by its window");
      kept += stream->received().size();
    }
    require(kept <= small_limits().connection_window, "bodies are bounded by the connection's window");
    require(session_.open_streams() <= 600, "streams are bounded");
    if ((choices_ & 1) != 0) work();
    if ((choices_ & 2) != 0) flush();
    return open && !session_.finished();
  }

  void work() {
    for (std::size_t i = streams_.size(); i-- > 0;) {
      ServerStream& stream = *streams_[i];
      if ((choices_ & 4) != 0) session_.consume(stream, stream.received().size());
      if ((choices_ & 8) == 0 && !stream.request_ended() && stream.closed() == ServerStream::Closed::No) continue;
      static const http::Fields fields{{"Server", "x", http::FieldId::Server}};
      static const http::Fields trailers{{"grpc-status", "0"}};
      static const http::Fields none;
      if ((choices_ & 16) != 0) session_.inform(stream, 103, fields);
      session_.respond(stream, 200, fields, {}, (choices_ & 32) != 0);
      session_.push(stream, "hello world", true, (choices_ & 64) != 0 ? trailers : none, output_, 5);
      session_.release(stream, ErrorCode::Cancel);
      streams_.erase(streams_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if ((choices_ & 128) != 0) session_.announce_shutdown();
    if (session_.shutdown_heard()) session_.go_away();
  }

  void flush() {
    for (;;) {
      session_.produce(output_);
      if (output_.empty()) return;
      sent_.append(output_.unsent());
      output_.sent(output_.unsent().size());
      session_.room_came();
      check_frames();
    }
  }

 private:
  void take(ServerStream& stream) {
    streams_.push_back(&stream);
    if (stream.refusal()) return;
    const auto& head = stream.request();
    require(head.framing.kind != http::BodyKind::UntilClose, "requests do not end with their connection");
    http::Fields fields;
    std::string scratch, out(16 * 1024, '\0');
    http::forward_request(head, {.last_hop = "::1", .scheme = "http", .request_id = "id"}, fields, scratch);
    http::HeadWriter writer(out.data(), out.size());
    writer.request_line(head.method_text, head.target);
    writer.field("Host", head.authority);
    for (const auto& field : fields) writer.field(field.name, field.value);
    writer.request_framing(head.framing, head.method);
    writer.end();
    require(!writer.overflowed(), "fits");
    http::RequestHeadParser again({.header_bytes = 16 * 1024, .header_count = 32, .uri_bytes = 1024});
    require(again.parse({out.data(), writer.size()}) == http::HeadStatus::Complete, "what is forwarded is valid");
    require(again.head_size() == writer.size(), "what is forwarded is one head");
    require(again.head().framing == head.framing, "framing survives");
    require(again.head().target == head.target, "target survives");
  }

  void check_frames() {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(sent_[i]); };
    while (sent_.size() >= 9) {
      const std::size_t size = static_cast<std::size_t>(at(0)) << 16 | static_cast<std::size_t>(at(1)) << 8 | at(2);
      require(size <= 16 * 1024 && at(3) <= 9, "frames that a client must take");
      if (sent_.size() < 9 + size) return;
      sent_.erase(0, 9 + size);
    }
  }

  const unsigned choices_;
  ServerSession session_;
  Output output_;
  std::string block_;
  std::vector<ServerStream*> streams_;
  std::string sent_;
  TimePoint now_{std::chrono::hours{1}};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  std::string_view input(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t step = std::max<std::size_t>(1, data[1]);
  Talk talk(data[0]);
  if (!talk.send(kPreface)) return 0;
  while (!input.empty() && talk.send(input.substr(0, step))) input.remove_prefix(std::min(step, input.size()));
  talk.work();
  talk.flush();
  return 0;
}
