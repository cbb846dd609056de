#include "proxy/server/worker.h"

#include <algorithm>
#include <new>
#include <utility>

#include "proxy/exchange/head_limits.h"
#include "proxy/server/listen_socket.h"

namespace frontdoor {

namespace {

constexpr Millis kHousekeeping{250};

// Of a loop that is out of descriptors when it is to stop: idle connections end in each, and make room for clients that
// the kernel has accepted for us.
constexpr int kTurnsForTheRest = kListenBacklog;

// A head takes half of a block at most (proxy/exchange/head_limits.h); beyond that larger blocks mean fewer system calls on large
// bodies. Only pages that are written to take memory.
std::size_t block_bytes(const config::Limits& limits) {
  return std::max<std::size_t>(64 * 1024, 2 * limits.header_bytes);
}

}  // namespace

Worker::Worker(const WorkerEnvironment& environment, unsigned index, std::shared_ptr<const Snapshot> snapshot)
    : loop_(environment.time, environment.ops),
      buffers_(block_bytes(snapshot->config.limits)),
      room_(loop_, environment.budget, known_upstreams_),
      dialer_(loop_, buffers_, head_limits(snapshot->config.limits, buffers_.block_bytes()), room_,
              environment.malformed),
      access_log_(environment.access_log ? std::make_unique<AccessLogBuffer>(*environment.access_log) : nullptr),
      context_{.loop = loop_,
               .dialer = dialer_,
               .witness = environment.witness,
               .malformed = environment.malformed,
               .notable = &notable_,
               .worker = index,
               .loop_mark = environment.loop_mark} {
  adopt(std::move(snapshot));
  loop_.arm(*this, loop_.now() + kHousekeeping);
}

Worker::~Worker() {
  // Sessions that still wait are woken one last time and end by themselves, so that no coroutine is left behind.
  listeners_.stop_accepting();
  end_waiting();
  cut_everything();
  for (int turn = 0; turn < 1'000 && open_connections() != 0; ++turn) loop_.run_once(Millis{0});
  listeners_.clear();
  context_.snapshot = {};
}

void Worker::run() {
  loop_.run();
  served_.set(context_.served);
}

void Worker::adopt(std::shared_ptr<const Snapshot> snapshot) {
  dialer_.limit_heads(head_limits(snapshot->config.limits, buffers_.block_bytes()));
  const LocalSnapshot* before = context_.snapshot.get();
  context_.snapshot =
      LocalSnapshotRef(new LocalSnapshot(std::move(snapshot), context_.worker, known_upstreams_, loop_, before));
  if (access_log_) access_log_->refresh();
  // What writes no lines need not be asked for each request.
  context_.access_log = access_log_ && !access_log_->off() ? access_log_.get() : nullptr;
  context_.held.wake_all();
}

// Without memory for it this worker goes on with the one it has, and tries again until it comes.
void Worker::take_over(std::shared_ptr<const Snapshot> snapshot) {
  waiting_snapshot_.reset();
  try {
    adopt(snapshot);
  } catch (const std::bad_alloc&) {
    waiting_snapshot_ = std::move(snapshot);
  }
}

void Worker::order(ListenerOrder order) {
  const auto orders = std::make_shared<WorkerListeners::Orders>();
  orders->push_back(std::move(order));
  loop_.post([this, orders] { listeners_.take(std::move(*orders)); });
}

void Worker::publish(std::shared_ptr<const Snapshot> snapshot) {
  loop_.post([this, snapshot = std::move(snapshot)] { take_over(snapshot); });
}

void Worker::stop_accepting() {
  loop_.post([this] { take_the_rest_and_close(kTurnsForTheRest); });
}

void Worker::hand_over(std::vector<ListenerId> ending) {
  loop_.post([this, ending = std::move(ending)] {
    listeners_.hand_over(ending);
    accepting_.store(false, std::memory_order_release);
  });
}

void Worker::close_idle() {
  loop_.post([this] { listeners_.close_idle(); });
}

void Worker::take_the_rest_and_close(int more) {
  if (!listeners_.accept_rest() && more > 0) return loop_.post([this, more] { take_the_rest_and_close(more - 1); });
  listeners_.stop_accepting();
  accepting_.store(false, std::memory_order_release);
}

void Worker::drain(const DrainWindow& window) {
  loop_.post([this, window] {
    draining_ = true;
    context_.streams.begin(window);
    context_.tunnels.drain(window, loop_.now(), context_.streams);
    for_each_exchange([](OnUpstream& exchange) { exchange.drain_begins(); });
    listeners_.drain_begins();
    count_open_work();
    // With time left to write the answers and to end in order.
    end_waiting_at_ = answers_until(window);
    loop_.arm(*this, std::min(loop_.now() + kHousekeeping, end_waiting_at_));
  });
}

template <class Visit>
void Worker::for_each_exchange(Visit visit) {
  for (const auto& entry : known_upstreams_)
    if (const auto upstream = entry.second.lock()) upstream->for_each_on_it(visit);
}

void Worker::count_open_work() {
  OpenWork open;
  for_each_exchange([&](const OnUpstream& exchange) { open.streams += exchange.is_stream() ? 1 : 0; });
  const Tunnels::Count tunnels = context_.tunnels.count();
  open.websockets = tunnels.websockets;
  open.tunnels = tunnels.others;
  open.idle = listeners_.idle_connections();
  const std::uint64_t others = open.streams + open.websockets + open.tunnels + open.idle;
  open.requests = open_connections() - std::min(open_connections(), others);
  const std::lock_guard lock(open_work_mutex_);
  open_work_ = open;
}

OpenWork Worker::open_work() const {
  const std::lock_guard lock(open_work_mutex_);
  return open_work_;
}

void Worker::ask_for_a_turn() {
  if (turn_debt_.open()) return;
  loop_.post([this] { turn_debt_.turned(); });
  turn_debt_.asked(Clock::now());  // behind a post that finds no memory: what was not asked is not owed
}

// At once, as far as it can be: a stop that waits for nobody.
void Worker::end_waiting() {
  if (context_.held.ended()) return;
  context_.held.end();
  loop_.run_once(Millis{0});  // what they write leaves at once
}

void Worker::cut_all() {
  loop_.post([this] { cut_everything(); });
}

void Worker::cut_everything() {
  context_.tunnels.cut_all();  // first, so that they end as drained and not as left by their clients
  listeners_.cut_all();
}

void Worker::expired(TimePoint now) {
  served_.set(context_.served);
  looped_.set(context_.looped);
  context_.counts.loop_lag.add(loop_.take_longest_turn());
  if (access_log_) access_log_->flush();
  listeners_.look(now);
  if (draining_) count_open_work();
  if (waiting_snapshot_) take_over(std::move(waiting_snapshot_));
  buffers_.trim();
  for (LocalPool& pool : context_.snapshot->pools()) pool.report_requests(now);
  const bool sockets_gone = sockets_.over(loop_.watched());
  const bool coroutines_gone = coroutines_.over(live_frames());
  if (sockets_gone || coroutines_gone) give_memory_back();
  if (now >= end_waiting_at_) {
    end_waiting_at_ = Waker::kNever;
    context_.held.end();
  }
  loop_.arm(*this, std::min(now + kHousekeeping, end_waiting_at_));
}

}  // namespace frontdoor
