#include "service/files/certificates.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "base/read_file.h"
#include "base/signals_blocked.h"
#include "base/time.h"
#include "tls/self_signed.h"

namespace frontdoor {

namespace {

// A look that takes long is the more seldom.
constexpr Duration kLook = std::chrono::seconds(1);
constexpr unsigned kLooksUntilTriedAgain = 60;
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
  options.upstream_tls_warning = [](const config::UpstreamTls& tls) -> std::string {
    std::string error;
    const auto context = tls::ClientContext::load(client_files(tls), error);
    if (!context || !context->own_certificate()) return "";
    return context->own_certificate()->expiry_warning(Certificates::unix_now());
  };
}

bool OnceADay::due(std::int64_t now) {
  if (now < last_) last_ = now;
  if (now - last_ < kDay) return false;
  last_ = now;
  return true;
}

UpstreamContexts::UpstreamContexts(Log& log, UnixTime now)
    : log_(log), now_(now ? std::move(now) : UnixTime(Certificates::unix_now)), day_(now_()) {}

void UpstreamContexts::tell_expiry(const Known& known) const {
  if (!known.context || !known.context->own_certificate()) return;
  const auto& own = *known.context->own_certificate();
  const std::string warning = own.expiry_warning(now_());
  if (!warning.empty()) log_.warn("certificate", {{"pool", known.pool}, {"file", own.file}, {"warning", warning}});
}

void UpstreamContexts::remind() {
  if (!day_.due(now_())) return;
  for (const Known& known : known_) tell_expiry(known);
}

std::shared_ptr<const tls::ClientContext> UpstreamContexts::of(const config::Pool& pool) {
  for (const Known& known : known_)
    if (known.tls == pool.tls) return known.context;
  std::string state = state_of(pool.tls);
  std::string error;
  auto context = tls::ClientContext::load(client_files(pool.tls), error);
  if (!context) log_.error("https upstreams can not be asked", {{"pool", pool.name}, {"reason", error}});
  known_.push_back({pool.name, pool.tls, std::move(state), context});
  tell_expiry(known_.back());
  return context;
}

void UpstreamContexts::forget_changed() {
  std::erase_if(known_, [](const Known& known) { return !known.context || state_of(known.tls) != known.state; });
}

bool Certificates::open(const config::Config& config) {
  Prepared prepared = prepare(config, std::vector<std::optional<std::size_t>>(config.listeners.size()));
  tell(prepared);
  const bool good = prepared.failures().empty();
  take(std::move(prepared));
  day_ = OnceADay(now_());
  return good;
}

std::shared_ptr<Certificates::Watched> Certificates::watch_for(const config::Listener& listener, const Watched* before,
                                                               const config::Config& config) const {
  auto files = server_files(*listener.tls, listener.protocols, self_signed_hosts(config));
  if (before && before->listener.tls->self_signed && listener.tls->self_signed) files.made = before->files.made;
  auto keys = before ? before->ticket_keys : std::make_shared<tls::TicketKeys>(kTicketPeriod);
  auto server = before ? before->server : std::make_shared<tls::Server>(nullptr);
  const std::string state = state_of(files);
  return std::make_shared<Watched>(Watched{listener, std::move(files), std::move(keys), std::move(server), Settled(state), state});
}

// They may have been put there a moment ago: the thread looks twice before it takes them.
bool Certificates::has_other_files(const Watched& watched) const {
  const std::string state = state_of(watched.files);
  const std::lock_guard lock(mutex_);
  return state != watched.shown;
}

std::vector<std::string> Certificates::still_shown() const {
  std::vector<std::string> all;
  for (const auto& watched : this->watched()) {
    const auto context = watched->server->context();
    if (!context || !has_other_files(*watched)) continue;
    std::string sentence = title_of(watched->listener) + " goes on with what was there before";
    for (const auto& each : context->table().all())
      sentence += ": " + each->file + ", valid until " + tls::day_text(each->not_after);
    all.push_back(std::move(sentence));
  }
  return all;
}

Certificates::Prepared Certificates::prepare(const config::Config& config,
                                             const std::vector<std::optional<std::size_t>>& before) const {
  Prepared prepared;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const config::Listener& listener = config.listeners[i];
    auto& watched = prepared.listeners_.emplace_back();
    auto& context = prepared.contexts_.emplace_back();
    if (!listener.tls) continue;
    const std::shared_ptr<Watched> known = before[i] ? listeners_[*before[i]] : nullptr;
    if (known && known->listener.tls == listener.tls && known->listener.protocols == listener.protocols &&
        known->listener.name == listener.name) {
      watched = known;
      if (!has_other_files(*known)) continue;
      prepared.changed_files_.push_back(title_of(listener) + ": the files of its certificates have changed, they are read again");
    }
    const bool same_config = watched != nullptr;
    watched = watch_for(listener, known.get(), config);
    if (same_config) watched->from = "changed files";
    tls::LoadedServer loaded = tls::load_server(watched->files, watched->ticket_keys, now_());
    context = loaded.context;
    for (const auto& error : loaded.errors) prepared.failures_.push_back({i, "certificate " + error.file + ": " + error.what});
    if (!context && loaded.errors.empty()) prepared.failures_.push_back({i, "its certificates can not be used"});
    const bool begins_self_signed = listener.tls->self_signed && (!known || !known->listener.tls->self_signed);
    prepared.read_.push_back({watched, std::move(loaded.errors), std::move(loaded.warnings), begins_self_signed});
  }
  return prepared;
}

void Certificates::tell(const Prepared& prepared) {
  for (const Prepared::Read& read : prepared.read_) {
    tell(*read.watched, read.errors, read.warnings);
    if (read.begins_self_signed)
      log_.warn("self-signed certificate: no client trusts it; for development only",
                {{"listener", title_of(read.watched->listener)}});
  }
}

void Certificates::take(Prepared prepared) {
  const std::lock_guard lock(mutex_);
  for (std::size_t i = 0; i < prepared.listeners_.size(); ++i) {
    if (!prepared.contexts_[i]) continue;
    const Watched& watched = *prepared.listeners_[i];
    const bool anew = watched.server->context() != nullptr;
    watched.server->replace(prepared.contexts_[i]);
    if (anew) tell_taken(watched, *prepared.contexts_[i], watched.from);
  }
  listeners_ = std::move(prepared.listeners_);
  if (watching_) start_watching();
}

std::vector<std::shared_ptr<tls::Server>> Certificates::servers() const {
  std::vector<std::shared_ptr<tls::Server>> servers;
  for (const auto& watched : listeners_) servers.push_back(watched ? watched->server : nullptr);
  return servers;
}

std::vector<std::shared_ptr<Certificates::Watched>> Certificates::watched() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<Watched>> all;
  std::copy_if(listeners_.begin(), listeners_.end(), std::back_inserter(all), [](const auto& each) { return each != nullptr; });
  return all;
}

bool Certificates::is_watched(const Watched& watched) const {
  return std::any_of(listeners_.begin(), listeners_.end(), [&](const auto& each) { return each.get() == &watched; });
}

std::vector<CertificateTotals> Certificates::totals() const {
  std::vector<CertificateTotals> all;
  for (const auto& watched : this->watched()) {
    const auto context = watched->server->context();
    if (!context) continue;
    for (const auto& each : context->table().all())
      all.push_back({title_of(watched->listener), each->file, each->names, each->not_before, each->not_after});
  }
  return all;
}

void Certificates::tell(const Watched& watched, const std::vector<tls::Finding>& errors,
                        const std::vector<tls::Finding>& warnings) {
  for (const auto& warning : warnings)
    log_.warn("certificate", {{"listener", title_of(watched.listener)}, {"file", warning.file}, {"warning", warning.what}});
  for (const auto& error : errors)
    log_.error("certificate can not be used", {{"listener", title_of(watched.listener)}, {"file", error.file}, {"reason", error.what}});
}

void Certificates::watch() {
  const std::lock_guard lock(mutex_);
  watching_ = true;
  start_watching();
}

// Where there is nothing to look at, a reload may bring it.
void Certificates::start_watching() {
  const bool any = std::any_of(listeners_.begin(), listeners_.end(), [](const auto& each) { return each != nullptr; });
  if (!any || thread_.joinable()) return;
  const SignalsBlocked blocked;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& problem) {  // what is served now is served on
    log_.error("certificate files are not watched: reload when one is renewed", {{"reason", problem.what()}});
    return;
  }
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
      stopped_.wait_for(lock, pause, [this] { return stop_; });
      if (stop_) return;
    }
    const TimePoint began = Clock::now();
    look_once();
    pause = std::max(kLook, (Clock::now() - began) * kShareOfLooking);
  }
}

void Certificates::look_once() {
  for (const auto& watched : this->watched()) look(*watched);
  remind();
}

void Certificates::remind() {
  const std::int64_t now = now_();
  if (!day_.due(now)) return;
  for (const auto& watched : this->watched()) {
    const auto context = watched->server->context();
    for (const auto& each : context->table().all())
      for (const auto& warning : tls::date_warnings(*each, now))
        log_.warn("certificate", {{"listener", title_of(watched->listener)}, {"file", each->file}, {"warning", warning}});
  }
}

// A reload may have put another one into its place while the files were read: that one's word counts.
void Certificates::look(Watched& watched) {
  std::string state = state_of(watched.files);
  auto& unusable = watched.unusable;
  const bool still = unusable && unusable->state == state;
  const bool again = still && ++unusable->looks >= kLooksUntilTriedAgain;
  if (!watched.settled.changed(state) && !again) return;
  const tls::LoadedServer loaded = tls::load_server(watched.files, watched.ticket_keys, now_());
  std::string why;
  for (const auto& error : loaded.errors) why += error.file + ": " + error.what + '\n';
  const bool told = !loaded.context && still && why == unusable->why;
  if (loaded.context) unusable.reset();
  else unusable = Watched::Unusable{state, std::move(why)};
  if (told) return;
  const std::lock_guard lock(mutex_);
  if (!is_watched(watched)) return;
  tell(watched, loaded.errors, loaded.warnings);
  if (loaded.context) {
    watched.shown = std::move(state);
    watched.server->replace(loaded.context);
    return tell_taken(watched, *loaded.context, "changed files");
  }
  log_.error("certificates can not be used: the old ones stay",
             {{"listener", title_of(watched.listener)}, {"from", "changed files"}});
}

// `from`: what has brought it about.
void Certificates::tell_taken(const Watched& watched, const tls::ServerContext& context, const char* from) {
  std::int64_t until = INT64_MAX;
  for (const auto& each : context.table().all()) until = std::min(until, each->not_after);
  log_.info("certificates taken",
            {{"listener", title_of(watched.listener)},
             {"from", from},
             {"certificates", context.table().all().size()},
             {"first_expires", tls::day_text(until)}});
}

}  // namespace frontdoor
