// What a head costs on its way through: hop-by-hop fields out, forwarding fields in, and the bytes of the new head.

#include <benchmark/benchmark.h>

#include <array>

#include "http/forwarding.h"
#include "http/head_parser.h"
#include "http/head_writer.h"
#include "bench/micro/heads.h"

namespace frontdoor::bench {
namespace {

void write_fields(http::HeadWriter& writer, const http::Fields& fields) {
  for (const auto& field : fields) writer.field(field.name, field.value);
}

void header_rewrite_request(benchmark::State& state) {
  http::RequestHeadParser parser{http::HeadLimits{}};
  if (parser.parse(kBrowserHead) != http::HeadStatus::Complete) return state.SkipWithError("not a complete head");
  const http::RequestHead& head = parser.head();
  const http::ForwardContext context{
      .client_ip = "192.0.2.7", .scheme = "http", .request_id = "0123456789abcdef0123456789abcdef"};
  http::Fields fields;
  std::string scratch;
  std::array<char, 4096> out;
  for (auto _ : state) {
    http::forward_request(head, context, fields, scratch);
    http::HeadWriter writer(out.data(), out.size());
    writer.request_line(head.method_text, head.target);
    writer.field("Host", head.authority);
    write_fields(writer, fields);
    writer.request_framing(head.framing, head.method);
    writer.end();
    if (writer.overflowed()) return state.SkipWithError("no room");
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(header_rewrite_request);

void header_rewrite_response(benchmark::State& state) {
  http::ResponseHeadParser parser{http::HeadLimits{}};
  if (parser.parse(kResponseHead, http::Method::Get) != http::HeadStatus::Complete) return state.SkipWithError("not a complete head");
  const http::ResponseHead& head = parser.head();
  http::Fields fields;
  std::string scratch;
  std::array<char, 4096> out;
  for (auto _ : state) {
    http::forward_response(head, true, fields, scratch);
    http::HeadWriter writer(out.data(), out.size());
    writer.status_line(head.status, head.reason);
    write_fields(writer, fields);
    writer.framing(head.framing);
    writer.end();
    if (writer.overflowed()) return state.SkipWithError("no room");
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(header_rewrite_response);

}  // namespace
}  // namespace frontdoor::bench
