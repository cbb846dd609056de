// The listeners of the whole process, as the control thread knows them: what each is called, where it is bound, its
// sockets, its place in the counters. A reload prepares the next set, in which nothing has been changed yet and which may
// fail, and then takes it. The workers' side is worker_listeners.h. Control thread.

#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/kept_sockets.h"
#include "proxy/server/listen_socket.h"
#include "proxy/server/listener.h"
#include "proxy/server/listener_changes.h"
#include "tls/server_context.h"

namespace frontdoor {

using ListenerId = std::uint32_t;  // of one listener from its opening to its end; never given again

struct OpenListener {
  ListenerId id = 0;
  config::Listener config = {};
  Endpoint bound = {};  // with the port that port 0 became
  std::vector<int> fds = {};  // the workers' own; here they are only names
  bool shared = false;
  SocketFile file = {};
  std::shared_ptr<const Listener::Settings> settings = {};

  std::string title() const { return config.name.empty() ? bound.to_string() : config.name; }
};

// Sockets from which nobody accepts yet. Without failures they listen; before that nobody can come in, for what is not taken
// is closed, and its files are removed.
class PreparedListeners {
 public:
  struct Failure {
    std::size_t listener;  // of the new config
    std::string reason;
  };

  PreparedListeners() = default;
  PreparedListeners(PreparedListeners&&) = default;
  PreparedListeners& operator=(PreparedListeners&&) = delete;
  ~PreparedListeners();

  const std::vector<Failure>& failures() const { return failures_; }
  const ListenerChanges& changes() const { return changes_; }

 private:
  friend class OpenListeners;
  std::vector<config::Listener> listeners_;
  ListenerChanges changes_;
  std::vector<ListenSockets> sockets_;  // one for each; empty for those that run already
  std::vector<bool> inherited_;         // their files are not ours to remove
  std::vector<Failure> failures_;
};

class OpenListeners {
 public:
  using TlsServers = std::vector<std::shared_ptr<tls::Server>>;  // one for each listener, null = plain; empty = all are

  // `most`: connections at a time that a listener may have whose config names no number.
  explicit OpenListeners(std::uint64_t most) : most_(most) {}

  // Another process of ours accepts from the same sockets: whatever ends here, they listen on, and their files stay. False:
  // they are ours alone.
  void share(bool shared) { others_listen_->store(shared); }

  const std::vector<OpenListener>& all() const { return all_; }
  std::vector<config::Listener> configs() const;
  // By the number that requests are counted under; one that has ended keeps its own.
  const std::vector<std::string>& counted_titles() const { return titles_; }
  std::vector<KeptSocket> to_keep() const;
  // Connections that were closed for a newcomer, over all listeners that there have been.
  std::uint64_t closed_for_room() const;

  // Opens what is new, for so many workers. Any failure: it can not be taken. `passed`: what was given to this process.
  // `kept`: what an earlier process of ours listened on (kept_listeners.h).
  PreparedListeners prepare(std::vector<config::Listener> next, unsigned workers, const std::vector<PassedSocket>& passed,
                            const std::vector<KeptSocket>& kept) const;
  // Whether that would fail, without a moment in which somebody could come in. Nothing is open afterwards.
  std::vector<PreparedListeners::Failure> try_out(std::vector<config::Listener> next,
                                                  const std::vector<PassedSocket>& passed) const;

  struct Taken {
    std::vector<OpenListener> opened;
    std::vector<OpenListener> changed;
    std::vector<OpenListener> closed;
  };
  // Without failures. What the workers are to be told.
  Taken take(PreparedListeners prepared, const TlsServers& tls);
  void remove_socket_files();
  void forget_socket_files(const std::vector<ListenerId>& but);  // they are another process's from now on
  // Sockets for workers that have none of a listener, since fewer were adopted than there are workers.
  std::vector<OpenListener> complete(unsigned workers);

 private:
  PreparedListeners bind(std::vector<config::Listener> next, unsigned workers, const std::vector<PassedSocket>& passed,
                         const std::vector<KeptSocket>& kept, LeavingSockets& leaves) const;
  LeavingSockets leaving(const std::vector<std::size_t>& removed) const;  // and what has been left
  std::uint16_t number_of(const std::string& title);
  std::uint64_t limit_of(const config::Listener& listener) const;
  std::shared_ptr<const Listener::Settings> settings_of(const OpenListener& listener, const OpenListener* before,
                                                        std::shared_ptr<const tls::Server> tls, std::uint16_t https_port);
  static std::uint16_t https_port_of(const std::vector<OpenListener>& listeners);

  const std::uint64_t most_;
  const std::shared_ptr<std::atomic<bool>> others_listen_ = std::make_shared<std::atomic<bool>>(false);
  ListenerId last_id_ = 0;
  std::vector<OpenListener> all_;  // in the config's order
  std::vector<std::string> titles_;
  std::uint64_t closed_for_room_before_ = 0;
  LeavingSockets left_;  // by earlier reloads; workers may not have closed the last of them yet
};

}  // namespace frontdoor
