// Finding the route of a request, which is the last of them: host and path are normalised first, as an exchange does.

#include <benchmark/benchmark.h>

#include <stdexcept>
#include <string>

#include "balancer/snapshot.h"
#include "config/load.h"
#include "http/target.h"

namespace frontdoor::bench {
namespace {

std::shared_ptr<const Snapshot> snapshot_with(std::int64_t routes) {
  std::string toml = "listen = \"127.0.0.1:0\"\n";
  for (std::int64_t i = 1; i < routes; ++i)
    toml += "[[route]]\nhost = \"www.example.com\"\npath = \"/service-" + std::to_string(i) + "/*\"\npool = \"app\"\n";
  toml += "[[route]]\nhost = \"*.example.com\"\npath = \"/assets/*\"\npool = \"app\"\n";
  toml += "[pool.app]\nupstreams = [\"127.0.0.1:1\"]\n";
  const auto loaded = config::load(toml, "bench.toml");
  if (!loaded.ok()) throw std::logic_error("the config of the benchmark has errors");
  return UpstreamRegistry(1).build(loaded.config);
}

void route_match(benchmark::State& state) {
  const auto snapshot = snapshot_with(state.range(0));
  const std::string_view authority = "www.example.com";
  const std::string_view target = "/assets/application-4f1c6c2b9d.js?v=3";
  std::string host_scratch;
  std::string path_scratch;
  for (auto _ : state) {
    std::string_view host;
    std::string_view path;
    http::normalize_host(authority, host, host_scratch);
    http::normalize_path(target, path, path_scratch);
    const Route* route = snapshot->match(host, path);
    if (route != &snapshot->routes.back()) return state.SkipWithError("not the last route");
    benchmark::DoNotOptimize(route);
  }
}

BENCHMARK(route_match)->Arg(1)->Arg(10)->Arg(100);

}  // namespace
}  // namespace frontdoor::bench
