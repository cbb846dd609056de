#include "proxy/server/server.h"

#include <pthread.h>
#include <unistd.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <random>

#include "base/signals_blocked.h"
#include "proxy/server/cpu_quota.h"
#include "proxy/server/kept_listeners.h"
#include "proxy/server/listen_socket.h"

namespace frontdoor {

namespace {

// Standard streams, logs, what a reload and name look-ups open for a moment.
constexpr std::uint64_t kReservedDescriptors = 24;

std::uint64_t descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

constexpr std::uint16_t kHttpsPort = 443;

// What the process needs besides connections: each worker's loop and sockets, and a probe for each upstream.
std::uint64_t own_descriptors(const Snapshot& snapshot, unsigned workers) {
  std::uint64_t own = kReservedDescriptors + workers * (2 + snapshot.config.listeners.size());
  for (const Pool& pool : snapshot.pools) own += pool.members.size();
  return own;
}

std::uint64_t random_id() {
  std::random_device random;
  return std::uint64_t{random()} << 32 | random();
}

}  // namespace

Server::Server(const WorkerEnvironment& environment, unsigned workers, std::shared_ptr<const Snapshot> snapshot)
    : budget_(plan_descriptors(descriptor_limit(), own_descriptors(*snapshot, workers))),
      listeners_(snapshot->config.listeners) {
  WorkerEnvironment budgeted = environment;
  budgeted.budget = &budget_;
  budgeted.loop_mark = http::LoopMark(random_id());
  for (unsigned i = 0; i < workers; ++i) workers_.push_back(std::make_unique<Worker>(budgeted, i, snapshot));
}

Server::~Server() {
  stop();
  remove_socket_files();
}

// A socket file that nobody listens on only misleads; clients are refused either way.
void Server::remove_socket_files() {
  for (const SocketFile& file : socket_files_) remove_socket_file(file);
  socket_files_.clear();
}

std::uint64_t Server::connection_limit(const config::Listener& listener) const {
  const std::uint64_t possible = budget_.plan().clients;
  return listener.max_connections != 0 ? std::min(listener.max_connections, possible) : possible;
}

// Where clients are sent that have to come by https: the scheme's own port, unless we listen elsewhere only.
std::uint16_t Server::https_port() const {
  std::uint16_t found = 0;
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    if (!listeners_[i].tls || endpoints_[i].is_unix()) continue;
    if (endpoints_[i].port() == kHttpsPort) return kHttpsPort;
    if (found == 0) found = endpoints_[i].port();
  }
  return found != 0 ? found : kHttpsPort;
}

std::vector<std::string> Server::listen(const std::vector<PassedSocket>& passed, const std::vector<KeptSocket>& kept,
                                        const TlsServers& tls) {
  std::vector<std::string> errors;
  std::vector<ListenSockets> opened;
  const auto inherited = sort_kept(names_to_keep(listeners_), kept);
  const auto count = static_cast<unsigned>(workers_.size());
  for (std::size_t i = 0; i < listeners_.size(); ++i) {
    const Address& address = listeners_[i].address;
    opened.push_back(inherited[i].empty() ? open_listen_sockets(address, count, passed)
                                          : adopt_listen_sockets(address, count, inherited[i]));
    if (!opened.back().error.empty()) errors.push_back(opened.back().error);
  }
  if (!errors.empty()) {
    for (const auto& sockets : opened)
      for (const int fd : sockets.fds) ::close(fd);
    return errors;
  }
  const auto names = names_to_keep(listeners_);  // now that there are the files of unix sockets
  for (const auto& sockets : opened) endpoints_.push_back(sockets.bound);
  for (std::size_t i = 0; i < opened.size(); ++i) {
    auto settings = Listener::Settings::of(listeners_[i], connection_limit(listeners_[i]));
    settings.terms.index = static_cast<std::uint16_t>(i);
    if (i < tls.size()) settings.tls = tls[i];
    if (listeners_[i].redirect == config::Listener::Redirect::Https) settings.terms.redirect_port = https_port();
    places_.push_back(settings.places);
    if (!opened[i].file.path.empty()) socket_files_.push_back(opened[i].file);
    add_kept(to_keep_, names[i], opened[i]);
    // Sockets of more workers than there are now have clients, too.
    for (std::size_t s = 0; s < opened[i].fds.size(); ++s)
      workers_[s % workers_.size()]->add_listener(opened[i].fds[s], opened[i].shared, settings);
  }
  return errors;
}

void Server::start() {
  const SignalsBlocked blocked;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    threads_.emplace_back([worker = workers_[i].get()] { worker->run(); });
    ::pthread_setname_np(threads_.back().native_handle(), ("worker-" + std::to_string(i)).c_str());
  }
}

void Server::publish(std::shared_ptr<const Snapshot> snapshot) {
  for (auto& worker : workers_) worker->publish(snapshot);
}

void Server::stop_accepting() {
  remove_socket_files();
  for (auto& worker : workers_) worker->stop_accepting();
}

void Server::drain(const DrainWindow& window) {
  for (auto& worker : workers_) worker->drain(window);
}

void Server::cut_all() {
  for (auto& worker : workers_) worker->cut_all();
}

void Server::stop() {
  for (auto& worker : workers_) worker->stop();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

std::uint64_t Server::open_connections() const {
  std::uint64_t sum = 0;
  for (const auto& worker : workers_) sum += worker->open_connections();
  return sum;
}

OpenWork Server::open_work() const {
  OpenWork sum;
  for (const auto& worker : workers_) {
    const OpenWork one = worker->open_work();
    sum.requests += one.requests;
    sum.streams += one.streams;
    sum.websockets += one.websockets;
    sum.tunnels += one.tunnels;
    sum.idle += one.idle;
  }
  return sum;
}

bool Server::accepting() const {
  return std::any_of(workers_.begin(), workers_.end(), [](const auto& worker) { return worker->accepting(); });
}

std::uint64_t Server::looped() const {
  std::uint64_t sum = 0;
  for (const auto& worker : workers_) sum += worker->looped();
  return sum;
}

void Server::ask_for_a_turn() {
  for (auto& worker : workers_) worker->ask_for_a_turn();
}

std::optional<unsigned> Server::stuck_worker(Duration for_so_long) const {
  const TimePoint now = Clock::now();
  for (unsigned i = 0; i < workers_.size(); ++i)
    if (workers_[i]->turn_debt().older_than(for_so_long, now)) return i;
  return std::nullopt;
}

std::vector<NotableRequest> Server::take_notable_requests() {
  std::vector<NotableRequest> all;
  for (const auto& worker : workers_)
    for (NotableRequest& request : worker->take_notable_requests()) all.push_back(std::move(request));
  return all;
}

std::uint64_t Server::turned_away(Unwelcome why) const {
  std::uint64_t sum = 0;
  for (const auto& worker : workers_) sum += worker->turned_away(why);
  return sum;
}

std::uint64_t Server::served() const {
  std::uint64_t sum = 0;
  for (const auto& worker : workers_) sum += worker->served();
  return sum;
}

unsigned usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  const unsigned allowed = ::sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<unsigned>(CPU_COUNT(&set)) : 1;
  return std::max(1u, std::min(allowed, cpus_of_control_groups().value_or(allowed)));
}

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  return descriptor_limit();
}

}  // namespace frontdoor
