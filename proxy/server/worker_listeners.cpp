#include "proxy/server/worker_listeners.h"

#include <unistd.h>

#include <algorithm>
#include <new>
#include <utility>

namespace frontdoor {

WorkerListeners::~WorkerListeners() {
  for (const ListenerOrder& order : orders_)
    if (order.fd >= 0) ::close(order.fd);
}

void WorkerListeners::take(Orders order) {
  orders_.splice(orders_.end(), order);
  carry_out();
}

void WorkerListeners::carry_out() {
  try {
    for (; !orders_.empty(); orders_.pop_front()) carry_out(orders_.front());
  } catch (const std::bad_alloc&) {
    // look() tries again; what was not changed serves on.
  }
}

void WorkerListeners::carry_out(const ListenerOrder& order) {
  switch (order.kind) {
    case ListenerOrder::Kind::Open: return add(order.id, order.fd, order.shared, *order.settings);
    case ListenerOrder::Kind::Change: return change(order.id, *order.settings);
    case ListenerOrder::Kind::Close: return close(order.id, order.window);
  }
}

void WorkerListeners::add(ListenerId id, int fd, bool shared, const Listener::Settings& settings) {
  {
    const std::lock_guard lock(mutex_);
    entries_.reserve(entries_.size() + 1);
  }
  auto listener = std::make_shared<Listener>(context_, buffers_, connections_, room_, handshakes_, fd, shared, settings);
  if (draining_) listener->drain_begins();
  if (stopped_) listener->stop_accepting();
  const std::lock_guard lock(mutex_);
  entries_.push_back({id, std::move(listener)});
}

// The sockets go over one by one: between two steps of this nobody can come and find none.
void WorkerListeners::change(ListenerId id, const Listener::Settings& settings) {
  const std::size_t before = entries_.size();
  for (std::size_t i = 0; i < before; ++i) {
    if (entries_[i].id != id || !entries_[i].listener->has_socket()) continue;
    const bool shared = entries_[i].listener->shared();
    auto next = std::make_shared<Listener>(context_, buffers_, connections_, room_, handshakes_, -1, shared, settings);
    if (draining_) next->drain_begins();
    {
      const std::lock_guard lock(mutex_);
      entries_.push_back({id, next});
    }
    next->take_socket(entries_[i].listener->give_socket());  // from here on nothing can fail
  }
}

// At a limit and out of descriptors, too, those whom the kernel has accepted for us are taken: a close would reset them.
void WorkerListeners::close(ListenerId id, const DrainWindow& window) {
  close_streams(id, window);
  for (Entry& entry : entries_) {
    if (entry.id != id) continue;
    entry.cut_at = window.until;
    entry.listener->drain_begins();
    if (entry.listener->accept_rest()) entry.listener->stop_accepting();
    entry.listener->close_idle();
  }
}

// Those that changes have left behind are parts of it, and share its moments. Tells once, though the order may come twice.
void WorkerListeners::close_streams(ListenerId id, const DrainWindow& window) {
  const auto is_of_it = [&](const OnUpstream& exchange) {
    return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
      return entry.id == id && entry.cut_at == TimePoint::max() && &entry.listener->drain() == exchange.listener_drain();
    });
  };
  const auto for_each_of_it = [&](auto visit) {
    for (const auto& known : upstreams_)
      if (const auto upstream = known.second.lock())
        upstream->for_each_on_it([&](OnUpstream& exchange) {
          if (is_of_it(exchange)) visit(exchange);
        });
  };
  std::size_t websockets = 0;
  for_each_of_it([&](const OnUpstream& exchange) { websockets += exchange.is_websocket() ? 1 : 0; });
  const auto drain = std::make_shared<UpstreamDrain>(window, websockets);
  for (const Entry& entry : entries_)
    if (entry.id == id && entry.cut_at == TimePoint::max()) entry.listener->set_drain(drain);
  for_each_of_it([&](OnUpstream& exchange) { exchange.upstream_drains(*drain); });
}

void WorkerListeners::look(TimePoint now) {
  carry_out();
  connections_.trim();
  for (Entry& entry : entries_) {
    if (entry.cut_at == TimePoint::max()) continue;
    const bool over = now >= entry.cut_at;
    if (entry.listener->has_socket() && (entry.listener->accept_rest() || over)) {
      entry.listener->stop_accepting();
      entry.listener->close_idle();
    }
    if (over) entry.listener->cut_all();
  }
  for (std::size_t i = 0; i < entries_.size();) {
    const bool used = entries_[i].listener->has_socket() || entries_[i].listener->connections() != 0;
    if (used || !let_go(entries_[i].listener)) {
      ++i;
      continue;
    }
    const std::lock_guard lock(mutex_);
    for (std::size_t why = 0; why < kUnwelcomeKinds; ++why)
      turned_away_before_[why].set(turned_away_before_[why].get() +
                                   entries_[i].listener->turned_away_so_far(static_cast<Unwelcome>(why)));
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

// Others may have posted to it. What they post runs in its order, so that it is destroyed behind the last of it.
bool WorkerListeners::let_go(const std::shared_ptr<Listener>& listener) {
  listener->part();
  try {
    context_.loop.post([last = listener] {});
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

bool WorkerListeners::accept_rest() {
  bool all = true;
  for (Entry& entry : entries_) all = entry.listener->accept_rest() && all;
  return all;
}

void WorkerListeners::stop_accepting() {
  stopped_ = true;
  for (Entry& entry : entries_) {
    entry.listener->stop_accepting();
    entry.listener->close_idle();
  }
}

void WorkerListeners::hand_over(const std::vector<ListenerId>& ending) {
  stopped_ = true;
  for (Entry& entry : entries_) {
    if (std::find(ending.begin(), ending.end(), entry.id) == ending.end()) {
      entry.listener->leave_socket();
      continue;
    }
    entry.listener->accept_rest();
    entry.listener->stop_accepting();
    entry.listener->close_idle();
  }
}

void WorkerListeners::close_idle() {
  for (Entry& entry : entries_) entry.listener->close_idle();
}

void WorkerListeners::drain_begins() {
  draining_ = true;
  for (Entry& entry : entries_) entry.listener->drain_begins();
}

void WorkerListeners::cut_all() {
  for (Entry& entry : entries_) entry.listener->cut_all();
}

void WorkerListeners::clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
}

std::uint64_t WorkerListeners::idle_connections() {
  std::uint64_t idle = 0;
  for (Entry& entry : entries_) idle += entry.listener->idle_connections();
  return idle;
}

std::uint64_t WorkerListeners::connections() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t open = 0;
  for (const Entry& entry : entries_) open += entry.listener->connections();
  return open;
}

std::size_t WorkerListeners::count() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::uint64_t WorkerListeners::turned_away(Unwelcome why) const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = turned_away_before_[static_cast<std::size_t>(why)].get();
  for (const Entry& entry : entries_) sum += entry.listener->turned_away_so_far(why);
  return sum;
}

}  // namespace frontdoor
