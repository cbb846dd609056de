// Picking an upstream of a pool in which all are up.

#include <benchmark/benchmark.h>

#include "support/exchange_stage.h"

namespace frontdoor::bench {
namespace {

void pick(benchmark::State& state) {
  testing::ExchangeStage stage(static_cast<unsigned>(state.range(0)));
  LocalPool& pool = stage.context.snapshot->pool(0);
  for (auto _ : state) {
    LocalUpstream* upstream = pool.pick({});
    if (!upstream) return state.SkipWithError("none is up");
    benchmark::DoNotOptimize(upstream);
  }
}

BENCHMARK(pick)->Arg(1)->Arg(4)->Arg(64);

}  // namespace
}  // namespace frontdoor::bench
