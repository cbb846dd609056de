#include "proxy/server/proxy_header_reader.h"

namespace frontdoor {

namespace {

ProxyHeader malformed(const char* problem) { return {.status = ProxyHeader::Status::Malformed, .problem = problem}; }

}  // namespace

ProxyHeaderReader::ProxyHeaderReader(EventLoop& loop, BufferPool& buffers, Transport& transport)
    : loop_(loop), transport_(transport), waker_(loop), input_(buffers) {
  transport_.notify(&waker_);
}

Task<ProxyHeader> ProxyHeaderReader::read(TimePoint deadline) {
  for (;;) {
    if (cut_ || transport_.peer_gone()) co_return malformed("the connection ended");
    const IoResult result = input_.fill(transport_);
    if (result.status == IoStatus::Ok) {
      saw_anything_ = true;
      const ProxyHeader header = parse_proxy_header(input_.unread());
      if (header.status == ProxyHeader::Status::Complete) input_.consume(header.size);
      if (header.status != ProxyHeader::Status::Incomplete) co_return header;
      continue;  // a block holds more than the longest header, so there is room
    }
    if (result.status != IoStatus::WouldBlock) co_return malformed("the connection ended");
    if (loop_.now() >= deadline) co_return malformed("it did not come in time");
    co_await waker_.until(deadline);
  }
}

void ProxyHeaderReader::cut() {
  cut_ = true;
  waker_.wake();
}

}  // namespace frontdoor
