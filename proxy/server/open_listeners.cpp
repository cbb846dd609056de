#include "proxy/server/open_listeners.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "proxy/server/kept_listeners.h"

namespace frontdoor {

namespace {

constexpr std::uint16_t kHttpsPort = 443;

// More than the last few reloads have left: what they left is closed within a moment.
constexpr std::size_t kMostLeft = 4'096;

bool treats_alike(const Listener::Settings& a, const Listener::Settings& b) {
  return a.terms.index == b.terms.index && a.terms.redirect_port == b.terms.redirect_port && a.tls == b.tls;
}

// Somebody else has bound both, and they listen already: whatever they share, they do.
bool both_passed(const config::Listener& one, const config::Listener& other) {
  return one.address.kind == Address::Kind::Fd && other.address.kind == Address::Kind::Fd;
}

// As a bind that shares with nobody would find: one of them for every address takes all of a port.
bool in_each_others_way(const ListenSockets& one, const ListenSockets& other) {
  if (one.fds.empty() || other.fds.empty()) return false;  // it runs already
  const Endpoint &a = one.bound, &b = other.bound;
  if (a.is_unix() || b.is_unix() || a.port() != b.port()) return false;
  const Endpoint all = *Endpoint::numeric("::", a.port()), all_ipv4 = *Endpoint::numeric("0.0.0.0", a.port());
  return a == b || a == all || b == all || ((a == all_ipv4 || b == all_ipv4) && a.family() == b.family());
}

}  // namespace

PreparedListeners::~PreparedListeners() {
  for (std::size_t i = 0; i < sockets_.size(); ++i) {
    if (!sockets_[i].fds.empty() && !inherited_[i]) remove_socket_file(sockets_[i].file);
    for (const int fd : sockets_[i].fds) ::close(fd);
  }
}

std::vector<config::Listener> OpenListeners::configs() const {
  std::vector<config::Listener> configs;
  for (const OpenListener& listener : all_) configs.push_back(listener.config);
  return configs;
}

std::vector<KeptSocket> OpenListeners::to_keep() const {
  std::vector<KeptSocket> kept;
  const auto names = names_to_keep(configs());
  for (std::size_t i = 0; i < all_.size(); ++i) {
    ListenSockets sockets;
    sockets.fds = all_[i].fds;
    sockets.shared = all_[i].shared;
    add_kept(kept, names[i], sockets);
  }
  return kept;
}

std::uint64_t OpenListeners::closed_for_room() const {
  std::uint64_t sum = closed_for_room_before_;
  for (const OpenListener& listener : all_) sum += listener.settings->places->closed_for_room();
  return sum;
}

PreparedListeners OpenListeners::bind(std::vector<config::Listener> next, unsigned workers,
                                      const std::vector<PassedSocket>& passed, const std::vector<KeptSocket>& kept,
                                      LeavingSockets& leaves) const {
  PreparedListeners prepared;
  prepared.listeners_ = std::move(next);
  prepared.changes_ = compare_listeners(configs(), prepared.listeners_);
  leaves = leaving(prepared.changes_.removed);
  const bool beside = others_listen_->load();
  if (beside)  // what is not taken of these leaves with the other process
    for (const KeptSocket& socket : kept) leaves.push_back(inode_of(socket.fd));
  const auto inherited = sort_kept(names_to_keep(prepared.listeners_), kept, beside ? KeptRest::Close : KeptRest::End);
  for (std::size_t i = 0; i < prepared.listeners_.size(); ++i) {
    ListenSockets& sockets = prepared.sockets_.emplace_back();
    prepared.inherited_.push_back(!inherited[i].empty());
    if (prepared.changes_.before[i]) continue;
    const Address& address = prepared.listeners_[i].address;
    sockets = inherited[i].empty() ? bind_listen_sockets(address, workers, passed, leaves)
                                   : adopt_listen_sockets(address, workers, inherited[i], beside ? Adopt::Those : Adopt::AtLeast);
    if (!sockets.error.empty()) prepared.failures_.push_back({i, sockets.error});
  }
  return prepared;
}

PreparedListeners OpenListeners::prepare(std::vector<config::Listener> next, unsigned workers,
                                         const std::vector<PassedSocket>& passed, const std::vector<KeptSocket>& kept) const {
  LeavingSockets leaves;
  PreparedListeners prepared = bind(std::move(next), workers, passed, kept, leaves);
  for (std::size_t i = 0; i < prepared.sockets_.size() && prepared.failures_.empty(); ++i) {
    if (prepared.changes_.before[i]) continue;
    begin_to_listen(prepared.sockets_[i], prepared.listeners_[i].address, leaves);
    if (!prepared.sockets_[i].error.empty()) prepared.failures_.push_back({i, prepared.sockets_[i].error});
  }
  return prepared;
}

// Bound sockets are in nobody's way, but two of one config that mean the same address are in each other's when they listen.
std::vector<PreparedListeners::Failure> OpenListeners::try_out(std::vector<config::Listener> next,
                                                               const std::vector<PassedSocket>& passed) const {
  LeavingSockets leaves;
  const PreparedListeners bound = bind(std::move(next), 1, passed, {}, leaves);
  std::vector<PreparedListeners::Failure> failures = bound.failures_;
  const auto refuse = [&](std::size_t i, const std::string& why) {
    failures.push_back({i, "cannot listen on " + bound.listeners_[i].address.to_string() + ": " + why});
  };
  for (std::size_t i = 0; i < bound.sockets_.size() && bound.failures_.empty(); ++i) {
    const ListenSockets& sockets = bound.sockets_[i];
    if (!sockets.file.path.empty() && socket_file(sockets.file.path).inode != sockets.file.inode)
      refuse(i, "another listener of the config is there");
    for (std::size_t other = 0; other < i; ++other)
      if (!both_passed(bound.listeners_[i], bound.listeners_[other]) && in_each_others_way(sockets, bound.sockets_[other]))
        refuse(i, "another listener of the config is there, " + bound.listeners_[other].address.to_string());
  }
  return failures;
}

LeavingSockets OpenListeners::leaving(const std::vector<std::size_t>& removed) const {
  LeavingSockets all = left_;
  for (const std::size_t i : removed)
    for (const int fd : all_[i].fds) all.push_back(inode_of(fd));
  if (all.size() > kMostLeft) all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(kMostLeft));
  return all;
}

// All that takes memory comes first: without any, nothing has changed, and `prepared` closes what it has opened.
OpenListeners::Taken OpenListeners::take(PreparedListeners prepared, const TlsServers& tls) {
  Taken taken;
  std::vector<OpenListener> next;
  for (std::size_t i = 0; i < prepared.listeners_.size(); ++i) {
    const auto known = prepared.changes_.before[i];
    const ListenSockets& sockets = prepared.sockets_[i];
    OpenListener& listener = next.emplace_back();
    if (known) listener = all_[*known];
    else listener = {.id = ++last_id_, .bound = sockets.bound, .fds = sockets.fds, .shared = sockets.shared, .file = sockets.file};
    listener.config = prepared.listeners_[i];
  }
  const std::uint16_t https_port = https_port_of(next);
  for (std::size_t i = 0; i < next.size(); ++i) {
    const auto known = prepared.changes_.before[i];
    const OpenListener* const was = known ? &all_[*known] : nullptr;
    auto settings = settings_of(next[i], was, i < tls.size() ? tls[i] : nullptr, https_port);
    if (was && same_terms(was->config, next[i].config) && treats_alike(*was->settings, *settings)) continue;
    next[i].settings = std::move(settings);
    (was ? taken.changed : taken.opened).push_back(next[i]);
  }
  for (const std::size_t i : prepared.changes_.removed) taken.closed.push_back(all_[i]);
  LeavingSockets left = leaving(prepared.changes_.removed);

  for (const OpenListener& closed : taken.closed) {
    closed_for_room_before_ += closed.settings->places->closed_for_room();
    remove_socket_file(closed.file);
  }
  for (const OpenListener& listener : next) {
    listener.settings->places->set_limit(limit_of(listener.config));
    if (listener.settings->clients) listener.settings->clients->set_limit(listener.config.max_connections_per_client);
  }
  for (ListenSockets& sockets : prepared.sockets_) sockets.fds.clear();  // they are in use now
  all_.swap(next);
  left_.swap(left);
  return taken;
}

// A socket file that nobody listens on only misleads; clients are refused either way.
void OpenListeners::remove_socket_files() {
  if (others_listen_->load()) return;
  for (OpenListener& listener : all_) remove_socket_file(std::exchange(listener.file, {}));
}

void OpenListeners::forget_socket_files(const std::vector<ListenerId>& but) {
  for (OpenListener& listener : all_)
    if (std::find(but.begin(), but.end(), listener.id) == but.end()) listener.file = {};
}

std::vector<OpenListener> OpenListeners::complete(unsigned workers) {
  std::vector<OpenListener> more;
  for (OpenListener& listener : all_) {
    const auto there = static_cast<unsigned>(listener.fds.size());
    if (listener.shared || there >= workers) continue;
    ListenSockets sockets;
    sockets.bound = listener.bound;
    add_listen_sockets(sockets, listener.config.address, workers - there);
    const bool listen = std::all_of(sockets.fds.begin(), sockets.fds.end(), [](int fd) { return ::listen(fd, kListenBacklog) == 0; });
    if (!listen)
      for (const int fd : std::exchange(sockets.fds, {})) ::close(fd);
    if (sockets.fds.empty()) continue;  // the others have clients enough
    OpenListener part = listener;
    part.fds = sockets.fds;
    listener.fds.insert(listener.fds.end(), sockets.fds.begin(), sockets.fds.end());
    more.push_back(std::move(part));
  }
  return more;
}

std::uint16_t OpenListeners::number_of(const std::string& title) {
  constexpr std::size_t kMost = std::numeric_limits<std::uint16_t>::max();
  const auto known = static_cast<std::size_t>(std::find(titles_.begin(), titles_.end(), title) - titles_.begin());
  if (known == titles_.size() && known < kMost) titles_.push_back(title);
  return static_cast<std::uint16_t>(known);
}

std::uint64_t OpenListeners::limit_of(const config::Listener& listener) const {
  return listener.max_connections != 0 ? std::min<std::uint64_t>(listener.max_connections, most_) : most_;
}

// What connections share stays theirs: places and clients are counted on. Their new limits are set when nothing can fail any
// more.
std::shared_ptr<const Listener::Settings> OpenListeners::settings_of(const OpenListener& listener, const OpenListener* before,
                                                                     std::shared_ptr<const tls::Server> tls,
                                                                     std::uint16_t https_port) {
  auto settings = std::make_shared<Listener::Settings>(Listener::Settings::of(listener.config, limit_of(listener.config)));
  if (before) {
    settings->places = before->settings->places;
    if (settings->clients && before->settings->clients) settings->clients = before->settings->clients;
  }
  settings->terms.index = number_of(listener.title());
  settings->tls = std::move(tls);
  settings->others_listen = others_listen_;
  if (listener.config.redirect == config::Listener::Redirect::Https) settings->terms.redirect_port = https_port;
  return settings;
}

// Where clients are sent that have to come by https: the scheme's own port, unless we listen elsewhere only.
std::uint16_t OpenListeners::https_port_of(const std::vector<OpenListener>& listeners) {
  std::uint16_t found = 0;
  for (const OpenListener& listener : listeners) {
    if (!listener.config.tls || listener.bound.is_unix()) continue;
    if (listener.bound.port() == kHttpsPort) return kHttpsPort;
    if (found == 0) found = listener.bound.port();
  }
  return found != 0 ? found : kHttpsPort;
}

}  // namespace frontdoor
