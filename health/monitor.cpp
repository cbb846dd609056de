// Which upstreams are watched, and the way from the data path's threads to their probers.

#include "health/monitor.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <limits>
#include <utility>

#include "health/prober.h"

namespace frontdoor {

namespace asio = boost::asio;

struct HealthMonitor::Impl {
  struct Watched {
    const Upstream* upstream;  // kept alive by its prober
    std::shared_ptr<Prober> prober;
  };

  Impl(asio::io_context& context, Log& event_log) : control(context), log(event_log) {}

  Prober* find(const Upstream* upstream) const { return find_in(watched, upstream); }

  static Prober* find_in(const std::vector<Watched>& list, const Upstream* upstream) {
    const auto found =
        std::find_if(list.begin(), list.end(), [&](const Watched& w) { return w.upstream == upstream; });
    return found == list.end() ? nullptr : found->prober.get();
  }

  asio::io_context& control;
  Log& log;
  std::uint64_t most_header_bytes = std::numeric_limits<std::uint64_t>::max();
  CheckCommands* commands = nullptr;
  std::vector<Watched> watched;  // in the order of the file
};

HealthMonitor::HealthMonitor(asio::io_context& control, Log& log)
    : impl_(std::make_shared<Impl>(control, log)) {}

HealthMonitor::~HealthMonitor() { stop(); }

void HealthMonitor::cap_header_bytes(std::uint64_t most) { impl_->most_header_bytes = most; }

void HealthMonitor::run_commands_with(CheckCommands& commands) { impl_->commands = &commands; }

void HealthMonitor::apply(std::shared_ptr<const Snapshot> snapshot) {
  std::vector<Impl::Watched> next;
  const config::Limits& configured = snapshot->config.limits;
  const http::HeadLimits limits{std::min(configured.header_bytes, impl_->most_header_bytes), configured.header_count,
                                configured.uri_bytes};
  for (std::size_t i = 0; i < snapshot->pools.size(); ++i) {
    const auto& check = snapshot->config.pools[i].health_check;
    const ProxyVersion send_proxy = snapshot->pools[i].send_proxy;
    for (const Member& member : snapshot->pools[i].members) {
      const Upstream* upstream = member.upstream.get();
      const Approach approach{member.host, snapshot->pools[i].tls, snapshot->pools[i].server_name,
                              snapshot->pools[i].protocol != config::UpstreamProtocol::Http1};
      if (Impl::find_in(next, upstream)) continue;  // an address that the pool names twice
      if (Prober* known = impl_->find(upstream)) {
        known->run_commands_with(impl_->commands);
        known->set_check(check, send_proxy, limits, approach);
        next.push_back({upstream, known->shared_from_this()});
      } else {
        auto prober =
            std::make_shared<Prober>(impl_->control, impl_->log, member.upstream, check, send_proxy, limits, approach);
        prober->run_commands_with(impl_->commands);
        prober->start();
        next.push_back({upstream, std::move(prober)});
      }
    }
  }
  impl_->watched.swap(next);
  for (const Impl::Watched& before : next) {
    if (!impl_->find(before.upstream)) before.prober->stop();
  }
}

void HealthMonitor::stop() {
  for (const Impl::Watched& each : impl_->watched) each.prober->stop();
  impl_->watched.clear();
}

void HealthMonitor::look_now(const Upstream& upstream) {
  if (Prober* prober = impl_->find(&upstream)) prober->look_now();
}

std::string HealthMonitor::last_failure(const Upstream& upstream) const {
  const Prober* const prober = impl_->find(&upstream);
  return prober ? prober->report().last_error : "";
}

std::optional<HealthDetail> HealthMonitor::detail(const Upstream& upstream) const {
  const Prober* const prober = impl_->find(&upstream);
  return prober ? std::optional(prober->detail()) : std::nullopt;
}

std::vector<HealthReport> HealthMonitor::report() const {
  std::vector<HealthReport> reports;
  for (const Impl::Watched& each : impl_->watched) reports.push_back(each.prober->report());
  return reports;
}

void HealthMonitor::upstream_refused(const std::shared_ptr<Upstream>& upstream, const std::string& reason) {
  // Only upstreams that are up get traffic.
  log_change(impl_->log, *upstream, UpstreamState::Up, UpstreamState::Down, reason);
  asio::post(impl_->control, [weak = std::weak_ptr(impl_), upstream, reason] {
    const auto impl = weak.lock();
    if (Prober* prober = impl ? impl->find(upstream.get()) : nullptr) prober->refused(reason);
  });
}

void HealthMonitor::upstream_silent(const std::shared_ptr<Upstream>& upstream) {
  asio::post(impl_->control, [weak = std::weak_ptr(impl_), upstream] {
    const auto impl = weak.lock();
    if (Prober* prober = impl ? impl->find(upstream.get()) : nullptr) prober->suspect();
  });
}

void HealthMonitor::query_of_death(const QueryOfDeath& query) {
  impl_->log.warn("query of death", {{"pool", query.pool},
                                     {"method", query.method},
                                     {"path", query.path},
                                     {"request_id", query.request_id},
                                     {"upstream", query.upstream},
                                     {"deaths", static_cast<std::uint64_t>(query.deaths)},
                                     {"requests", query.requests}});
}

}  // namespace frontdoor
