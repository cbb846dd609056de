// The data path as a whole: opens the listeners, runs the workers on their threads, publishes snapshots to them and
// brings them to an end. Used by the control thread.

#pragma once

#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/kept_sockets.h"
#include "proxy/server/open_listeners.h"
#include "proxy/server/worker.h"

namespace frontdoor {

class Server {
 public:
  Server(const WorkerEnvironment& environment, unsigned workers, std::shared_ptr<const Snapshot> snapshot);
  ~Server();  // stops at once

  // Opens every listener of the config, in order. Every failure, or nothing; on failure none is open. `passed`: what
  // was given to this process, for those that name one of them. `kept`: what an earlier process of ours listened on; what
  // the config still names is taken up again with the clients that wait there, and the rest ends. `tls`: one for each
  // listener, null for those without; empty = none has it.
  using TlsServers = OpenListeners::TlsServers;
  std::vector<std::string> listen(const std::vector<config::Listener>& listeners, const std::vector<PassedSocket>& passed = {},
                                  const std::vector<KeptSocket>& kept = {}, const TlsServers& tls = {});
  // Before listen(): another process of ours listens on what is kept, and goes on until it is told that this one serves.
  void share_sockets() { listeners_.share(true); }
  void own_sockets();
  // That process: the new one accepts from now on, from all but these, which end here.
  void hand_over(const std::vector<ListenerId>& ending);
  void close_idle();
  std::vector<std::string> kept_names() const;  // of the listeners, as names_to_keep() has them

  // A reload, in two steps: the first one opens what is new and may fail, and nothing has changed yet. The second one
  // changes what is other than before, for connections that come from then on, and closes what is no more; connections
  // that are open there have `drain` to end.
  PreparedListeners prepare(std::vector<config::Listener> listeners, const std::vector<PassedSocket>& passed) const;
  std::vector<PreparedListeners::Failure> try_out(std::vector<config::Listener> listeners,
                                                  const std::vector<PassedSocket>& passed) const;
  OpenListeners::Taken take(PreparedListeners prepared, const TlsServers& tls, Millis drain);

  const std::vector<OpenListener>& listeners() const { return listeners_.all(); }  // in the config's order
  std::vector<config::Listener> listener_configs() const { return listeners_.configs(); }
  std::vector<Endpoint> endpoints() const;  // as bound, in the config's order
  std::vector<KeptSocket> to_keep() const { return listeners_.to_keep(); }  // open until it stops accepting
  const ConnectionBudget& budget() const { return budget_; }

  // What was fixed when it was built, whatever is published later.
  unsigned workers() const { return static_cast<unsigned>(workers_.size()); }
  std::uint64_t header_bytes_max() const { return workers_.front()->header_bytes_max(); }

  void start();
  void publish(std::shared_ptr<const Snapshot> snapshot);
  void stop_accepting();
  void drain(const DrainWindow& window);
  void cut_all();
  void stop();  // joins the threads

  std::uint64_t open_connections() const;
  OpenWork open_work() const;  // while it is drained
  bool accepting() const;  // until all workers have done what stop_accepting() asks for
  std::uint64_t served() const;
  std::uint64_t looped() const;  // requests that came back to us

  // Whether each worker's loop still turns: asks those that owe no answer, and says which one has owed one for so long.
  void ask_for_a_turn();
  std::optional<unsigned> stuck_worker(Duration for_so_long) const;
  std::uint64_t turned_away(Unwelcome why) const;  // connections closed before their first request

  // What the metrics call each listener, by the number that its requests are counted under: its name, or its address.
  const std::vector<std::string>& listener_titles() const { return listeners_.counted_titles(); }
  // Of all workers, since the last call.
  std::vector<NotableRequest> take_notable_requests();
  // Fills what totals have of listeners, workers, and requests that came to no pool.
  void add_to(Totals& totals) const;

 private:
  void open(const OpenListener& listener);
  static void tell(Worker& worker, const ListenerOrder& order);

  ConnectionBudget budget_;  // outlives the workers
  OpenListeners listeners_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<std::thread> threads_;
};

// Data-path threads for `workers = "auto"`: CPUs this process may use, by affinity and by cgroup quota.
unsigned usable_cpus();

// Raises the soft limit on descriptors to the hard one and returns it.
std::uint64_t raise_descriptor_limit();

}  // namespace frontdoor
