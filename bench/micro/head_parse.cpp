// Parsing a request head in place: Beast's tokens and the framing gate.

#include <benchmark/benchmark.h>

#include "http/head_parser.h"
#include "bench/micro/heads.h"

namespace frontdoor::bench {
namespace {

void head_parse(benchmark::State& state, std::string_view bytes) {
  http::RequestHeadParser parser{http::HeadLimits{}};
  for (auto _ : state) {
    parser.reset();
    if (parser.parse(bytes) != http::HeadStatus::Complete) return state.SkipWithError("not a complete head");
    benchmark::DoNotOptimize(parser.head().fields.data());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * bytes.size()));
}

BENCHMARK_CAPTURE(head_parse, minimal, kMinimalHead);
BENCHMARK_CAPTURE(head_parse, browser, kBrowserHead);

}  // namespace
}  // namespace frontdoor::bench
