// One server that a pool may pick, and what was learned about it. Shared by all workers and the control
// thread, so every mutable field is atomic or guarded. It remembers and does not judge: health/ and the data
// path are witnesses that report here. Keyed by (pool, name) and carried over reloads and look-ups; what the
// config says about it (weight) lives in the snapshot.
//
//              first pass                refused, probes failed
//   Unknown ───────────────► Up ─────────────────────────────────► Down
//      └── probes failed ──────────────────────────────────────────► │
//                            ▲                `rise` passes          │
//                            └───────────────────────────────────────┘
//   any ── leaves its pool, or its process is about to be ended ──► Draining: no new requests, those on it go on

#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "balancer/casualties.h"
#include "balancer/pool_memory.h"
#include "base/address.h"
#include "base/single_writer_count.h"
#include "base/time.h"
#include "observe/http2_counts.h"
#include "observe/totals.h"

namespace frontdoor {

enum class UpstreamState : std::uint8_t { Unknown, Up, Down, Draining };
const char* to_string(UpstreamState state);  // "unknown", "up", "down", "draining"

// Why an upstream is down, which says what becomes of the requests that wait on it (proxy/exchange/replay.h).
enum class DownCause : std::uint8_t {
  None,
  Dead,    // nobody listens
  Hung,    // silent: it may wake up and still carry out what it was sent
  Unwell,  // it answers, but not well (a probe's status, a name without an address): requests there go on
  Withdrawn,  // an operator has taken it out, however it is: what may go elsewhere does, the rest goes on
};

// Is told at once what became of an upstream: on any thread, with the upstream locked: post and return. One that
// picks upstreams says with acknowledge() when it has acted.
class UpstreamObserver {
 public:
  // May throw bad_alloc, and then has not heard it.
  virtual void went_down(std::uint64_t incarnation, DownCause cause) = 0;
  // It takes no new requests. WebSockets and streams on it are to be closed by `until`.
  virtual void drains(TimePoint /*from*/, TimePoint /*until*/) {}
  // Whether it does, so that others wait for it.
  virtual bool acknowledges() const { return false; }

 protected:
  ~UpstreamObserver() = default;
};

class Upstream {
 public:
  // A state and the life of the upstream it belongs to. Every change to Up begins a new incarnation; a
  // witness reports the incarnation it saw, and a report about an earlier one is dropped.
  struct Seen {
    std::uint64_t incarnation = 0;
    UpstreamState state = UpstreamState::Unknown;

    bool operator==(const Seen&) const = default;
  };

  // `workers`: how many threads count on it. `memory`: what its pool shares; may not be null. `name`: what logs call it;
  // "" = the address.
  Upstream(std::string pool, Address address, unsigned workers, std::shared_ptr<PoolMemory> memory,
           std::string name = "");

  const std::string& pool() const { return pool_; }
  const Address& address() const { return address_; }  // as the config writes it
  // "10.0.0.2:8080"; for one address of a name "app.internal:8080 (10.0.0.2)", which is found by either.
  const std::string& name() const { return name_; }

  // Any thread.
  bool available() const { return seen().state == UpstreamState::Up; }
  Seen seen() const;

  // Moves to `to` if nobody moved it since `seen`; true when this call made the change. The caller logs it.
  // Going down tells the observers, coming up calls the requests that the pool holds.
  bool change(Seen seen, UpstreamState to, std::string reason, TimePoint now,
              DownCause cause = DownCause::Unwell);
  // Nobody has watched it for a while: back to Unknown. Control thread.
  void judge_anew(TimePoint now);
  // It takes no new requests from now on, whatever snapshot they began with; those that it has go on, WebSockets and
  // streams until `until`. When acknowledged() too, in_flight() counts all that it will ever have.
  void drain(TimePoint now, TimePoint until);
  // An operator has taken it out; its state is what it was. WebSockets and streams on it are to be closed by `until`.
  void close_streams(TimePoint now, TimePoint until);
  // Likewise, and requests on it that may be sent again are to go elsewhere now.
  void withdraw();
  // Its process has only just been started: a probe that fails says nothing yet, and the next one comes soon.
  // Set by the supervisor, read by health; control thread.
  void set_starting(bool starting) { starting_ = starting; }
  bool starting() const { return starting_; }
  DownCause down_cause() const;  // None unless it is down
  // Which probe may say something of it. Set by the supervisor, read by health; control thread.
  enum class Admission : std::uint8_t {
    Check,    // the health check, or a connect where there is none
    Connect,  // while it starts a connect lets it in, whatever the check would say
    Nobody,   // it has no process, or one that has not said that it is ready: it is not probed
  };
  void set_admission(Admission admission) { admission_ = admission; }
  Admission admission() const { return admission_; }
  std::string reason() const;    // why it is in its state; "" before the first change
  TimePoint changed_at() const;  // when it got into its state; the epoch before the first change
  // Whether it was found dead in the life of this incarnation. Remembers one death.
  bool died(std::uint64_t incarnation) const { return last_death_.load(std::memory_order_acquire) == incarnation + 1; }

  // An observer must unsubscribe before it ends.
  void subscribe(UpstreamObserver& observer);
  void unsubscribe(UpstreamObserver& observer);
  // Each observer has acted on what it was told last.
  bool acknowledged() const;  // of those that do
  void acknowledge(UpstreamObserver& observer);

  // Where it is, in the order to try: one address, or both of localhost. Set by the registry when it makes
  // the upstream, and never another: connections, health and what was learned belong to an address. Never
  // null; an empty list is a name without an address: not looked up yet, or looked up in vain.
  using Endpoints = std::shared_ptr<const std::vector<Endpoint>>;
  Endpoints endpoints() const;
  void set_endpoints(std::vector<Endpoint> endpoints);
  bool looked_up() const;  // endpoints were set, if only to say that there are none

  Casualties& casualties() { return casualties_; }

  // In flight: each worker writes its own counter only, anyone sums.
  void begin_request(unsigned worker);
  void end_request(unsigned worker);
  std::uint64_t in_flight() const;
  std::uint64_t requests() const;  // that were ever begun on it
  // How one of them ended here: with an answer's status, or 0 for none. Once each.
  void count_answer(unsigned worker, std::uint16_t status) { workers_[worker].answers.add(status); }
  // One of them failed here and was sent again.
  void count_retry(unsigned worker) { workers_[worker].retried.add(); }
  // Connections of a worker to it, and how many of those serve nobody.
  void connection_opened(unsigned worker) { workers_[worker].connections.add(); }
  void connection_closed(unsigned worker) { workers_[worker].connections.subtract(); }
  void connection_idles(unsigned worker) { workers_[worker].idle_connections.add(); }
  void connection_works(unsigned worker) { workers_[worker].idle_connections.subtract(); }
  // What a worker counts of its HTTP/2 connections to it; made when it has the first. Only that worker's thread.
  UpstreamHttp2Counts& http2_counts(unsigned worker);
  // What is counted and known of it, health's part left out. Any thread.
  UpstreamTotals totals() const;

  // `max_in_flight` of the pool; 0 = off, and then no slot is counted. Set by the registry, on the control
  // thread.
  void set_max_in_flight(std::uint32_t limit);
  bool take_slot();  // false: it has as many requests as it may
  void return_slot();
  bool has_slot() const;

  // Live traffic as a witness: a response head came back from it. Read by health to tell slow from hung.
  // `waited`: from the request's head to its own.
  void note_success(unsigned worker, TimePoint now, const LatencyObservation& waited);
  TimePoint last_success() const;

  // How long the upstream keeps an idle connection, as learned from Keep-Alive: timeout= or an observed
  // close; zero = nothing learned yet. Milliseconds. Any thread; the smallest wins until reset by a new
  // incarnation.
  Millis learned_idle_limit() const { return Millis{idle_limit_ms_.load(std::memory_order_relaxed)}; }
  void learn_idle_limit(Millis limit);

 private:
  static void tell(UpstreamObserver& observer, std::uint64_t incarnation, DownCause cause) noexcept;
  void note_told();

  struct alignas(64) PerWorker {
    SingleWriterCount in_flight;
    SingleWriterCount requests;  // on the same cache line
    std::atomic<Duration::rep> last_success{0};
    CodeCounts answers;
    LatencyCount response;
    SingleWriterCount connections;
    SingleWriterCount idle_connections;
    SingleWriterCount retried;
    std::unique_ptr<UpstreamHttp2Counts> http2_owned;
    std::atomic<const UpstreamHttp2Counts*> http2{nullptr};  // the same, for whoever reads
  };

  const std::string pool_;
  const Address address_;
  const std::string name_;
  std::atomic<std::uint64_t> word_{0};  // incarnation << 8 | state
  std::atomic<std::uint64_t> last_death_{0};  // the incarnation that ended so, plus one
  std::atomic<std::int64_t> idle_limit_ms_{0};
  bool starting_ = false;  // control thread
  Admission admission_ = Admission::Check;
  std::vector<PerWorker> workers_;
  const std::shared_ptr<PoolMemory> memory_;
  std::atomic<std::uint32_t> max_in_flight_{0};
  alignas(64) std::atomic<std::uint32_t> slots_taken_{0};  // a line of its own: every worker writes it

  // Asked for once a new connection or a change, never per request, so a mutex does. (std::atomic<shared_ptr>
  // of libstdc++ 12 unlocks its readers with relaxed order, which is a data race by the book and to TSan.)
  mutable std::mutex mutex_;
  std::string reason_;
  DownCause down_cause_ = DownCause::None;
  TimePoint changed_at_{};
  std::array<std::uint64_t, 6> transitions_{};  // by what they led to, and why: transition_of()
  std::vector<UpstreamObserver*> observers_;
  std::vector<UpstreamObserver*> told_;  // and have not acknowledged it
  Endpoints endpoints_;
  bool looked_up_ = false;
  Casualties casualties_;
};

// A request under which upstreams die, as the operator should read of it.
struct QueryOfDeath {
  std::string_view pool;
  std::string_view upstream;  // that died last; "" when it was not given any
  std::string_view method;
  std::string_view path;      // without the query
  std::string_view request_id;
  std::uint32_t deaths = 0;     // under this request
  std::uint64_t requests = 0;   // that were suspected since the last such event, this one included
};

// How the data path tells the control side what it saw. Implemented by health/; called on worker threads,
// once a change and never per request.
class UpstreamWitness {
 public:
  virtual ~UpstreamWitness() = default;
  // A connect was refused and this call moved the upstream to Down.
  virtual void upstream_refused(const std::shared_ptr<Upstream>& upstream, const std::string& reason) = 0;
  // A connect got no answer, or found no way: no evidence by itself, but worth a look.
  virtual void upstream_silent(const std::shared_ptr<Upstream>& /*upstream*/) {}
  // A request is suspected (balancer/containment.h); not more often than that allows.
  virtual void query_of_death(const QueryOfDeath&) {}
};

}  // namespace frontdoor
