#include "cli/certificates.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/read_file.h"
#include "base/signals_blocked.h"
#include "base/time.h"
#include "tls/self_signed.h"

namespace frontdoor {

namespace {

// A look that takes long is the more seldom.
constexpr Duration kLook = std::chrono::seconds(1);
constexpr int kShareOfLooking = 50;
constexpr auto kTicketPeriod = std::chrono::hours(12);
constexpr unsigned kSelfSignedDays = 90;
constexpr std::size_t kMostBytes = std::size_t{1} << 20;

constexpr std::int64_t kDay = 24 * 3600;

std::string state_of(const tls::ServerFiles& files) {
  std::string state;
  for (const auto& each : files.certificates)
    for (const std::string* path : {&each.cert, &each.key, &each.staple}) append_file_state(*path, state);
  append_file_state(files.client_ca, state);
  return state;
}

std::string state_of(const config::UpstreamTls& tls) {
  std::string state;
  for (const std::string* path : {&tls.ca, &tls.cert, &tls.key}) append_file_state(*path, state);
  if (tls.ca.empty())
    for (const std::string& place : tls::system_store()) append_file_state(place, state);
  return state;
}

tls::ClientFiles client_files(const config::UpstreamTls& tls) { return {tls.verify, tls.ca, tls.cert, tls.key}; }

// Whose listener that is, as far as a file can say it.
bool same_listener(const config::Listener& a, const config::Listener& b) { return a.address == b.address && a.name == b.name; }

std::string title_of(const config::Listener& listener) {
  return listener.name.empty() ? listener.address.to_string() : listener.name;
}

}  // namespace

std::int64_t Certificates::unix_now() {
  using namespace std::chrono;
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

std::vector<std::string> self_signed_hosts(const config::Config& config) {
  std::vector<std::string> hosts = {"localhost", "127.0.0.1", "::1"};
  for (const auto& route : config.routes)
    if (!route.host.empty() && std::find(hosts.begin(), hosts.end(), route.host) == hosts.end()) hosts.push_back(route.host);
  return hosts;
}

tls::ServerFiles server_files(const config::ListenerTls& tls, const config::Protocols& protocols,
                              const std::vector<std::string>& hosts) {
  tls::ServerFiles files;
  for (const auto& each : tls.certificates) files.certificates.push_back({each.cert, each.key, each.ocsp});
  if (tls.self_signed) {
    auto made = tls::make_self_signed(hosts, Certificates::unix_now(), kSelfSignedDays);
    files.made.push_back({"self-signed", std::move(made.cert), std::move(made.key), ""});
  }
  files.client_ca = tls.client_ca;
  files.rules.protocols.clear();
  if (protocols.h2) files.rules.protocols.emplace_back(tls::kAlpnHttp2);
  if (protocols.http1) files.rules.protocols.emplace_back(tls::kAlpnHttp11);
  files.rules.only_tls13 = tls.min_version == config::ListenerTls::MinVersion::Tls13;
  return files;
}

void look_at_certificates(config::LoadOptions& options) {
  options.look_at_certificate = [](const config::TlsCertificate& certificate) {
    auto loaded = tls::load_certificate_files({certificate.cert, certificate.key, certificate.ocsp}, Certificates::unix_now());
    config::CertificateLook look{std::move(loaded.error), std::move(loaded.warnings), {}};
    if (loaded.certificate) look.names = loaded.certificate->names;
    return look;
  };
  look_at_upstream_tls(options);
  options.client_ca_problem = [](const std::string& path) -> std::string {
    const FileText file = read_file(path, kMostBytes);
    if (!file.error.empty()) return file.error;
    return tls::has_certificate(file.text) ? "" : "no certificate (PEM) in the file";
  };
}

void look_at_upstream_tls(config::LoadOptions& options) {
  options.upstream_tls_problem = [](const config::UpstreamTls& tls) {
    std::string error;
    tls::ClientContext::load(client_files(tls), error);
    return error;
  };
}

std::shared_ptr<const tls::ClientContext> UpstreamContexts::of(const config::Pool& pool) {
  for (const Known& known : known_)
    if (known.tls == pool.tls) return known.context;
  std::string state = state_of(pool.tls);
  std::string error;
  auto context = tls::ClientContext::load(client_files(pool.tls), error);
  if (!context) log_.error("https upstreams can not be asked", {{"pool", pool.name}, {"reason", error}});
  known_.push_back({pool.tls, std::move(state), context});
  return context;
}

void UpstreamContexts::forget_changed() {
  std::erase_if(known_, [](const Known& known) { return !known.context || state_of(known.tls) != known.state; });
}

bool Certificates::open(const config::Config& config) {
  bool good = true;
  for (const auto& listener : config.listeners) {
    servers_.emplace_back();
    if (!listener.tls) continue;
    Watched watched{.listener = listener,
                    .files = server_files(*listener.tls, listener.protocols, self_signed_hosts(config)),
                    .ticket_keys = std::make_shared<tls::TicketKeys>(kTicketPeriod)};
    watched.settled = Settled(state_of(watched.files));
    const tls::LoadedServer loaded = tls::load_server(watched.files, watched.ticket_keys, now_());
    tell(watched, loaded);
    good = good && loaded.context != nullptr;
    if (listener.tls->self_signed)
      log_.warn("self-signed certificate: no client trusts it; for development only", {{"listener", title_of(watched.listener)}});
    watched.server = servers_.back() = std::make_shared<tls::Server>(loaded.context);
    watched_.push_back(std::move(watched));
  }
  reminded_ = now_();
  return good;
}

std::vector<CertificateTotals> Certificates::totals() const {
  std::vector<CertificateTotals> all;
  for (const Watched& watched : watched_) {
    const auto context = watched.server->context();
    if (!context) continue;
    for (const auto& each : context->table().all())
      all.push_back({title_of(watched.listener), each->file, each->names, each->not_before, each->not_after});
  }
  return all;
}

void Certificates::tell(const Watched& watched, const tls::LoadedServer& loaded) {
  for (const auto& warning : loaded.warnings)
    log_.warn("certificate", {{"listener", title_of(watched.listener)}, {"file", warning.file}, {"warning", warning.what}});
  for (const auto& error : loaded.errors)
    log_.error("certificate can not be used", {{"listener", title_of(watched.listener)}, {"file", error.file}, {"reason", error.what}});
}

void Certificates::watch() {
  if (watched_.empty() || thread_.joinable()) return;
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), "certificates");
}

void Certificates::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopped_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Certificates::run() {
  Duration pause = kLook;
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      stopped_.wait_for(lock, pause, [this] { return stop_ || !changes_.empty(); });
      if (stop_) return;
    }
    const TimePoint began = Clock::now();
    look_once();
    pause = std::max(kLook, (Clock::now() - began) * kShareOfLooking);
  }
}

void Certificates::look_once() {
  take_changes();
  for (Watched& watched : watched_) look(watched);
  remind();
}

void Certificates::apply(const config::Config& config) {
  const std::lock_guard lock(mutex_);
  for (const auto& listener : config.listeners)
    if (listener.tls) changes_.push_back({listener, self_signed_hosts(config)});
  stopped_.notify_all();
}

void Certificates::take_changes() {
  std::vector<Change> changes;
  {
    const std::lock_guard lock(mutex_);
    changes.swap(changes_);
  }
  for (Change& change : changes) {
    const auto same = [&](const Watched& watched) { return same_listener(watched.listener, change.listener); };
    const auto watched = std::find_if(watched_.begin(), watched_.end(), same);
    if (watched == watched_.end() || watched->listener.tls == change.listener.tls) continue;  // new listeners wait for a restart
    const bool still_made = watched->listener.tls->self_signed && change.listener.tls->self_signed;
    auto made = std::move(watched->files.made);
    watched->listener.tls = std::move(change.listener.tls);
    watched->files = server_files(*watched->listener.tls, watched->listener.protocols, change.hosts);
    if (still_made) watched->files.made = std::move(made);
    watched->settled = Settled(state_of(watched->files));
    take(*watched, "the config");
  }
}

void Certificates::remind() {
  const std::int64_t now = now_();
  if (now < reminded_) reminded_ = now;  // the clock was set
  if (now - reminded_ < kDay) return;
  reminded_ = now;
  for (const Watched& watched : watched_) {
    const auto context = watched.server->context();
    for (const auto& each : context->table().all())
      for (const auto& warning : tls::date_warnings(*each, now))
        log_.warn("certificate", {{"listener", title_of(watched.listener)}, {"file", each->file}, {"warning", warning}});
  }
}

void Certificates::look(Watched& watched) {
  if (watched.settled.changed(state_of(watched.files))) take(watched, "changed files");
}

// `from`: what has brought it about.
void Certificates::take(Watched& watched, const char* from) {
  const tls::LoadedServer loaded = tls::load_server(watched.files, watched.ticket_keys, now_());
  tell(watched, loaded);
  if (!loaded.context) {
    log_.error("certificates can not be used: the old ones stay", {{"listener", title_of(watched.listener)}, {"from", from}});
    return;
  }
  watched.server->replace(loaded.context);
  std::int64_t until = INT64_MAX;
  for (const auto& each : loaded.context->table().all()) until = std::min(until, each->not_after);
  log_.info("certificates taken",
            {{"listener", title_of(watched.listener)},
             {"from", from},
             {"certificates", loaded.context->table().all().size()},
             {"first_expires", tls::day_text(until)}});
}

}  // namespace frontdoor
