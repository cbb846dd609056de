// The front door's side of the launcher: asks for processes, hears of their ends, and gets back what the
// front door's process before this one had. Owned by the supervisor. Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/result.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "supervisor/launcher/launch_request.h"
#include "supervisor/launcher/launcher_message.h"
#include "supervisor/launcher/process_end.h"
#include "supervisor/launcher/process_ops.h"

namespace frontdoor {

// A running process as the front door holds it.
struct RunningProcess {
  std::uint64_t id = 0;
  pid_t pid = -1;
  std::string memo = {};
  // Not valid where there was no descriptor left for it.
  OwnedFd pidfd = {};   // readable when it has ended
  OwnedFd output = {};  // what it writes; non-blocking
  OwnedFd errors = {};
};

class LauncherClient {
 public:
  using LaunchResult = boost::system::result<RunningProcess, LaunchFailure>;
  struct Inheritance {
    std::vector<RunningProcess> processes;
    std::map<std::string, std::vector<OwnedFd>> kept;
  };

  // Takes the socket. `launcher_gone` is called once, when the launcher has ended before us.
  LauncherClient(boost::asio::io_context& control, int socket, std::function<void()> launcher_gone);
  LauncherClient(boost::asio::io_context& control, int socket, std::function<void()> launcher_gone,
                 ProcessOps& ops);
  ~LauncherClient();

  // Once, before the first launch.
  boost::asio::awaitable<Inheritance> inherit();

  // `id` of the request is filled in here. The sockets stay the caller's.
  boost::asio::awaitable<LaunchResult> launch(LaunchRequest request, std::vector<int> sockets);

  // Until this process has ended, as its pidfd says; where there is none, as the launcher does. Takes the pidfd.
  boost::asio::awaitable<void> gone(RunningProcess& process);

  // Until this process, launched or inherited, has ended; then the launcher forgets it. Once for each
  // process.
  // When the launcher has gone, how it ended is not known, and nothing is waited for.
  boost::asio::awaitable<ProcessEnd> ended(std::uint64_t id);

  // A descriptor that outlives this process under a name; replaces what had the name before. False, and errno: there is no
  // descriptor left to send it with, and what had the name before is still kept.
  bool keep(const std::string& name, const std::vector<int>& fds);
  void drop(const std::string& name);

  // Lines for the service manager that started the launcher (base/service_manager.h), at most 255 bytes. Once the instances are
  // another's, only that this process lives is still said: it serves until it is dismissed.
  void notify(const std::string& lines);

  // How long a stop takes at most, of that the instances' own time; a launcher that has waited in vain for so long ends
  // this process.
  void stop_within(std::chrono::milliseconds all, std::chrono::milliseconds instances);
  // This process ends by its own decision, as it would by a signal: the launcher's time runs, and nothing is started anew.
  void stopping();

  // Another program in our place. What becomes of it is told to `told`: Yield, Drop, Leave, UpgradeFailed, Reclaim. Behind the
  // last one nothing is read here any more: whoever takes the socket is told what runs.
  void upgrade(const std::string& program, std::chrono::milliseconds within);
  void on_upgrade(std::function<void(const LauncherMessage&)> told) { upgrade_told_ = std::move(told); }
  // Another front door has the instances from now on: nothing is started any more, and no end is answered.
  void yield();
  bool yielded() const { return yielded_; }
  // Whoever is about to do something to an instance, or to what it listens on, waits here: once they are another's, for ever.
  boost::asio::awaitable<void> still_ours();
  // This one was started beside another, which serves: it could serve, too; and until it is its turn, or the launcher has
  // gone. Before inherit().
  void prepared();
  boost::asio::awaitable<void> turn();
  void ready(const std::string& version);  // it serves: the one before may leave
  // For another client in this place; this one says and hears nothing any more.
  int release_socket() { return socket_.release(); }

 private:
  struct Expected;

  boost::asio::awaitable<void> read();
  void take(LauncherMessage message);
  void launcher_has_gone();
  void send(LauncherMessage message);
  bool put_at_once(LauncherMessage& message, const std::vector<int>& lent);
  void put(LauncherMessage message);
  boost::asio::awaitable<void> flush();
  bool in_place_of_one_that_waits(const LauncherMessage& notice);
  void answer_unsent(const LauncherMessage& launch, int error);
  Expected& expect(std::uint64_t id);
  OwnedFd duplicate(int fd) { return OwnedFd(ops_.duplicate(fd)); }

  ProcessOps kernel_;
  ProcessOps& ops_;
  boost::asio::posix::stream_descriptor socket_;
  std::function<void()> launcher_gone_;
  boost::asio::steady_timer handed_over_;
  boost::asio::steady_timer turn_;
  boost::asio::steady_timer never_;
  bool has_turn_ = false;
  bool all_handed_over_ = false;
  Inheritance inheritance_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Expected>> expected_;
  std::deque<LauncherMessage> unsent_;
  bool flushing_ = false;
  std::function<void(const LauncherMessage&)> upgrade_told_ = [](const LauncherMessage&) {};
  bool yielded_ = false;
  bool reclaimed_ = false;                                            // by the next client in this place
  bool gone_ = false;                                                 // the launcher
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // for coroutines that outlive this
};

}  // namespace frontdoor
