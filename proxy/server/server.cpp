#include "proxy/server/server.h"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <new>
#include <random>

#include "base/signals_blocked.h"
#include "proxy/server/cpu_quota.h"
#include "proxy/server/kept_listeners.h"

namespace frontdoor {

namespace {

// Standard streams, logs, what a reload and name look-ups open for a moment.
constexpr std::uint64_t kReservedDescriptors = 24;
constexpr Millis kWithoutMemory{10};

std::uint64_t descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

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
      listeners_(budget_.plan().clients) {
  WorkerEnvironment budgeted = environment;
  budgeted.budget = &budget_;
  budgeted.loop_mark = http::LoopMark(random_id());
  for (unsigned i = 0; i < workers; ++i) workers_.push_back(std::make_unique<Worker>(budgeted, i, snapshot));
}

Server::~Server() {
  stop();
  listeners_.remove_socket_files();
}

std::vector<std::string> Server::listen(const std::vector<config::Listener>& listeners,
                                        const std::vector<PassedSocket>& passed, const std::vector<KeptSocket>& kept,
                                        const TlsServers& tls) {
  PreparedListeners prepared = listeners_.prepare(listeners, workers(), passed, kept);
  std::vector<std::string> errors;
  for (const auto& failure : prepared.failures()) errors.push_back(failure.reason);
  if (!errors.empty()) return errors;
  const OpenListeners::Taken taken = listeners_.take(std::move(prepared), tls);
  for (const OpenListener& listener : taken.opened) open(listener);
  return errors;
}

PreparedListeners Server::prepare(std::vector<config::Listener> listeners, const std::vector<PassedSocket>& passed) const {
  return listeners_.prepare(std::move(listeners), workers(), passed, {});
}

std::vector<PreparedListeners::Failure> Server::try_out(std::vector<config::Listener> listeners,
                                                        const std::vector<PassedSocket>& passed) const {
  return listeners_.try_out(std::move(listeners), passed);
}

OpenListeners::Taken Server::take(PreparedListeners prepared, const TlsServers& tls, Millis drain) {
  const TimePoint now = Clock::now();
  OpenListeners::Taken taken = listeners_.take(std::move(prepared), tls);
  for (const OpenListener& listener : taken.opened) open(listener);
  for (const OpenListener& listener : taken.changed)
    for (auto& worker : workers_)
      tell(*worker, {.kind = ListenerOrder::Kind::Change, .id = listener.id, .settings = listener.settings});
  for (const OpenListener& listener : taken.closed)
    for (auto& worker : workers_)
      tell(*worker, {.kind = ListenerOrder::Kind::Close, .id = listener.id, .window = {now, now + drain}});
  return taken;
}

// Sockets of more workers than there are now have clients, too.
void Server::open(const OpenListener& listener) {
  for (std::size_t i = 0; i < listener.fds.size(); ++i)
    tell(*workers_[i % workers_.size()],
         {.id = listener.id, .fd = listener.fds[i], .shared = listener.shared, .settings = listener.settings});
}

// From here on there is no way back: without memory it waits for some.
void Server::tell(Worker& worker, const ListenerOrder& order) {
  for (;;) {
    try {
      return worker.order(order);
    } catch (const std::bad_alloc&) {
      std::this_thread::sleep_for(kWithoutMemory);
    }
  }
}

std::vector<Endpoint> Server::endpoints() const {
  std::vector<Endpoint> endpoints;
  for (const OpenListener& listener : listeners()) endpoints.push_back(listener.bound);
  return endpoints;
}

void Server::own_sockets() {
  listeners_.share(false);
  for (const OpenListener& more : listeners_.complete(workers())) {
    const std::size_t first = workers_.size() - more.fds.size();
    for (std::size_t i = 0; i < more.fds.size(); ++i)
      workers_[first + i]->order({.id = more.id, .fd = more.fds[i], .shared = more.shared, .settings = more.settings});
  }
}

void Server::hand_over(const std::vector<ListenerId>& ending) {
  listeners_.forget_socket_files(ending);
  listeners_.remove_socket_files();
  for (auto& worker : workers_) worker->hand_over(ending);
}

void Server::close_idle() {
  for (auto& worker : workers_) worker->close_idle();
}

std::vector<std::string> Server::kept_names() const { return names_to_keep(listener_configs()); }

void Server::start() {
  const SignalsBlocked blocked;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    threads_.emplace_back([worker = workers_[i].get()] { worker->run(); });
    ::pthread_setname_np(threads_.back().native_handle(), ("worker-" + std::to_string(i)).c_str());
  }
}

// With the listeners and probes that it asks for, what is left for connections is another number.
void Server::publish(std::shared_ptr<const Snapshot> snapshot) {
  budget_.set_plan(plan_descriptors(descriptor_limit(), own_descriptors(*snapshot, workers())));
  for (auto& worker : workers_) worker->publish(snapshot);
}

void Server::stop_accepting() {
  listeners_.remove_socket_files();
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
