// One data-path thread: its loop, its listeners, its idle upstream connections, its buffers and its half of the
// access log. Shares nothing with other workers but Upstreams and the published snapshot.

#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "balancer/snapshot.h"
#include "base/single_writer_count.h"
#include "loop/buffer_pool.h"
#include "loop/event_loop.h"
#include "loop/memory_trim.h"
#include "proxy/access_log/access_log.h"
#include "proxy/exchange/exchange.h"
#include "proxy/server/turn_debt.h"
#include "proxy/server/upstream_dialer.h"
#include "proxy/server/worker_listeners.h"

namespace frontdoor {

// What all workers use; outlives them.
struct WorkerEnvironment {
  TimeSource& time;
  SocketOps& ops;
  UpstreamWitness& witness;
  AccessLog* access_log = nullptr;     // null: there is none, and no reload brings one
  ConnectionBudget* budget = nullptr;  // null = what the kernel allows
  MalformedMessages* malformed = nullptr;
  http::LoopMark loop_mark{};  // this process's
};

// What a drain still waits for, by connections.
struct OpenWork {
  std::uint64_t requests = 0;
  std::uint64_t streams = 0;  // of events and gRPC
  std::uint64_t websockets = 0;
  std::uint64_t tunnels = 0;  // of other protocols
  std::uint64_t idle = 0;
};

class Worker final : private Timer {
 public:
  Worker(const WorkerEnvironment& environment, unsigned index, std::shared_ptr<const Snapshot> snapshot);
  ~Worker() override;

  void run();                                                   // until stop()
  void run_once(Millis max_wait) { loop_.run_once(max_wait); }  // tests

  // Any thread; carried out on the worker's.
  void order(ListenerOrder order);
  void publish(std::shared_ptr<const Snapshot> snapshot);
  void stop_accepting();
  void hand_over(std::vector<ListenerId> ending);  // another process of ours goes on accepting, but for these
  void close_idle();
  void drain(const DrainWindow& window);  // from now on responses say `Connection: close`, and tunnels are closed
  void cut_all();  // ends every connection
  void stop() { loop_.stop(); }
  std::uint64_t open_connections() const { return listeners_.connections(); }
  std::size_t listener_count() const { return listeners_.count(); }  // with those that have only connections left
  OpenWork open_work() const;  // while it is drained; some tenths of a second old
  void ask_for_a_turn();  // unless it owes one; one thread, which may look at the debt
  const TurnDebt& turn_debt() const { return turn_debt_; }
  bool accepting() const { return accepting_.load(std::memory_order_acquire); }
  std::uint64_t turned_away(Unwelcome why) const { return listeners_.turned_away(why); }
  std::uint64_t served() const { return served_.get(); }
  // Heads that are longer do not fit into the blocks, whatever a later snapshot says.
  std::uint64_t header_bytes_max() const { return buffers_.block_bytes() / 2; }
  std::vector<NotableRequest> take_notable_requests() { return notable_.take(); }  // any thread
  const WorkerCounts& counts() const { return context_.counts; }  // any thread
  std::uint64_t looped() const { return looped_.get(); }  // requests that came back to us

  // The worker's thread; tests look whether everything was given back.
  std::size_t buffers_in_use() const { return buffers_.in_use(); }

 private:
  void expired(TimePoint now) override;  // housekeeping
  void take_the_rest_and_close(int more);
  void cut_everything();
  void end_waiting();
  void adopt(std::shared_ptr<const Snapshot> snapshot);
  void take_over(std::shared_ptr<const Snapshot> snapshot);  // adopts it, if need be later
  void count_open_work();
  template <class Visit>
  void for_each_exchange(Visit visit);

  EventLoop loop_;
  BufferPool buffers_;
  LocalSnapshot::Known known_upstreams_;
  WorkerRoom room_;
  Handshakes handshakes_{loop_};
  UpstreamDialer dialer_;
  std::unique_ptr<AccessLogBuffer> access_log_;
  NotableRequests notable_;
  ExchangeContext context_;
  BurstWatch sockets_;
  BurstWatch coroutines_;
  std::shared_ptr<const Snapshot> waiting_snapshot_;  // there was no memory to adopt it
  bool draining_ = false;
  TimePoint end_waiting_at_ = Waker::kNever;  // a drain's last moment for requests that are held
  std::atomic<bool> accepting_{true};
  TurnDebt turn_debt_;
  WorkerListeners listeners_{context_, buffers_, room_, handshakes_, known_upstreams_};
  SingleWriterCount served_;
  mutable std::mutex open_work_mutex_;
  OpenWork open_work_;
  SingleWriterCount looped_;
};

}  // namespace frontdoor
