// A PROXY header is judged alike whole and byte by byte, never reads past what has arrived, and who was read from it
// is read again from what we write.

#include "base/proxy_protocol.h"
#include "invariants.h"

namespace {

using namespace frontdoor;
using fuzz::Exact;
using fuzz::require;
using Status = ProxyHeader::Status;

void check_split(std::string_view input, const ProxyHeader& whole) {
  ProxyHeader header;
  for (std::size_t size = 0; size <= input.size() && header.status == Status::Incomplete; ++size) {
    const Exact prefix(input.substr(0, size));
    header = parse_proxy_header(prefix.view());
  }
  require(header.status == whole.status, "same status byte by byte");
  if (whole.status != Status::Complete) return;
  require(header.size == whole.size && header.source == whole.source, "same header byte by byte");
}

void check_written(const IpEndpoint& source) {
  for (const auto version : {ProxyVersion::V1, ProxyVersion::V2}) {
    ProxyHeaderBytes room;
    const auto text = write_proxy_header(version, {source, source}, room);
    const auto again = parse_proxy_header(text);
    require(again.status == Status::Complete && again.size == text.size(), "what is written is one header");
    require(again.source == (source.address.known() ? source : IpEndpoint{}), "who is written is who is read");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Exact input({reinterpret_cast<const char*>(data), size});
  const auto header = parse_proxy_header(input.view());
  if (size <= 4096) check_split(input.view(), header);
  if (header.status != Status::Complete) return 0;
  require(header.size <= size, "header inside the buffer");
  check_written(header.source);
  return 0;
}
