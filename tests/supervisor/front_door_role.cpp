#include "tests/supervisor/front_door_role.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "base/address.h"
#include "base/kept_sockets.h"
#include "supervisor/launcher/front_door_crash.h"
#include "supervisor/launcher/launcher.h"
#include "supervisor/launcher/launcher_client.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

LaunchRequest shell_request(const std::string& script) {
  LaunchRequest request;
  request.command = {"sh", "-c", script};
  request.environment = {"PATH=/usr/bin:/bin", "FRONTDOOR_INSTANCE=launcher-test"};
  request.memo = "memo of " + script;
  return request;
}

// Each part says by its exit status whether all was as expected: 0, or the number of the step that was not.
struct Part {
  LauncherClient& launcher;

  // The first life starts `script` and is killed; the second one finds it again and learns how it ends.
  asio::awaitable<int> crash_and_adopt(std::string script, bool kill_it, ProcessEnd expected) {
    auto inherited = co_await launcher.inherit();
    if (inherited.processes.empty()) {
      LaunchRequest request = shell_request(script);
      std::vector<int> none;
      auto started = co_await launcher.launch(std::move(request), std::move(none));
      if (!started) co_return 10;
      raise(SIGKILL);
    }
    RunningProcess& process = inherited.processes.front();
    if (inherited.processes.size() != 1) co_return 11;
    if (process.memo != "memo of " + script) co_return 12;
    if (!process.output.valid() || !process.errors.valid() || !process.pidfd.valid()) co_return 13;
    if (kill_it && kill(process.pid, SIGKILL) != 0) co_return 14;
    const ProcessEnd end = co_await launcher.ended(process.id);
    co_return end == expected ? 0 : 15;
  }

  // Asks for one that stands still, and for another one, whose start and end are told meanwhile.
  asio::awaitable<bool> launch_beside_a_stuck_one() {
    const auto executor = co_await asio::this_coro::executor;
    LaunchRequest stuck = shell_request("stuck");
    stuck.command = {"stuck"};
    asio::co_spawn(executor, launcher.launch(stuck, {}), asio::detached);
    LaunchRequest request = shell_request("exit 5");
    std::vector<int> none;
    auto started = co_await launcher.launch(std::move(request), std::move(none));
    if (!started) co_return false;
    const ProcessEnd end = co_await launcher.ended(started->id);
    const ProcessEnd exit_5{false, 5};
    co_return end == exit_5;
  }

  asio::awaitable<int> wait_beside_a_stuck_one() {
    auto inherited = co_await launcher.inherit();
    const bool told = co_await launch_beside_a_stuck_one();
    if (!told) co_return 10;
    leave_note("told");
    co_return co_await wait_for_ever();
  }

  asio::awaitable<int> launch_a_stuck_one() {
    auto inherited = co_await launcher.inherit();
    LaunchRequest stuck = shell_request("stuck");
    stuck.command = {"stuck"};
    std::vector<int> none;
    auto started = co_await launcher.launch(std::move(stuck), std::move(none));
    if (started) co_return 10;
    co_return started.error().stage == LaunchStage::Exec && started.error().error == ETIMEDOUT ? 0 : 11;
  }

  asio::awaitable<int> crash_beside_a_stuck_one() {
    auto inherited = co_await launcher.inherit();
    if (inherited.processes.empty()) {
      const bool told = co_await launch_beside_a_stuck_one();
      if (!told) co_return 10;
      raise(SIGKILL);
    }
    const auto stuck = std::find_if(inherited.processes.begin(), inherited.processes.end(),
                                    [](const RunningProcess& process) { return process.memo == "memo of stuck"; });
    if (stuck == inherited.processes.end()) co_return 11;
    kill(stuck->pid, SIGKILL);
    const ProcessEnd end = co_await launcher.ended(stuck->id);
    const ProcessEnd killed{true, SIGKILL};
    co_return end == killed ? 0 : 12;
  }

  asio::awaitable<int> leave(std::string script) {
    auto inherited = co_await launcher.inherit();
    LaunchRequest request = shell_request(script);
    std::vector<int> none;
    auto started = co_await launcher.launch(std::move(request), std::move(none));
    if (!started) co_return 10;
    pollfd helper_runs{started->output.get(), POLLIN, 0};
    co_return poll(&helper_runs, 1, 10'000) == 1 ? 7 : 11;
  }

  asio::awaitable<int> fail_to_start() {
    auto inherited = co_await launcher.inherit();
    LaunchRequest request = shell_request("");
    request.command = {"no-such-command"};
    std::vector<int> none;
    auto started = co_await launcher.launch(std::move(request), std::move(none));
    if (started) co_return 10;
    co_return started.error().stage == LaunchStage::Exec&& started.error().error == ENOENT ? 0 : 11;
  }

  // How many starts failed before one did not; then that one is killed, and its end is known.
  asio::awaitable<int> try_until_it_runs() {
    auto inherited = co_await launcher.inherit();
    for (int failed = 0; failed < 50; ++failed) {
      LaunchRequest request = shell_request("exec sleep 1000");
      std::vector<int> none;
      auto started = co_await launcher.launch(std::move(request), std::move(none));
      if (!started && started.error().stage != LaunchStage::Fork) co_return 60;
      if (!started) continue;
      kill(started->pid, SIGKILL);
      co_await launcher.gone(*started);
      const ProcessEnd end = co_await launcher.ended(started->id);
      const ProcessEnd killed{true, SIGKILL};
      co_return end == killed ? failed : 61;
    }
    co_return 62;
  }

  asio::awaitable<int> adopt_without_memo() {
    auto inherited = co_await launcher.inherit();
    if (inherited.processes.empty()) {
      LaunchRequest request = shell_request("exec sleep 1000");
      std::vector<int> none;
      auto started = co_await launcher.launch(std::move(request), std::move(none));
      if (!started) co_return 10;
      raise(SIGKILL);
    }
    RunningProcess& process = inherited.processes.front();
    if (!process.memo.empty() || !process.output.valid() || !process.pidfd.valid()) co_return 11;
    kill(process.pid, SIGKILL);
    co_await launcher.gone(process);
    const ProcessEnd end = co_await launcher.ended(process.id);
    const ProcessEnd killed{true, SIGKILL};
    co_return end == killed ? 0 : 12;
  }

  // A pipe with an "x" in it.
  asio::awaitable<int> keep_and_crash(std::string name) {
    int ends[2];
    if (pipe(ends) != 0 || write(ends[1], "x", 1) != 1) co_return 10;
    std::vector<int> kept{ends[0]};
    launcher.keep(name, kept);
    // What is kept must have left before the crash: an answered launch behind it shows that.
    LaunchRequest request = shell_request("true");
    std::vector<int> none;
    auto started = co_await launcher.launch(std::move(request), std::move(none));
    raise(SIGKILL);
    co_return 12;
  }
  static int read_kept(int fd) {
    char letter = 0;
    return read(fd, &letter, 1) == 1 && letter == 'x' ? 0 : 11;
  }

  asio::awaitable<int> keep_a_socket() {
    std::string name = "a socket";
    auto inherited = co_await launcher.inherit();
    if (!inherited.kept.contains(name)) co_return co_await keep_and_crash(std::move(name));
    const auto& fds = inherited.kept[name];
    co_return fds.size() == 1 ? read_kept(fds[0].get()) : 11;
  }

  // Which the next life is given at its start.
  asio::awaitable<int> keep_the_config() {
    std::string name = kLastConfig;
    const auto inherited = co_await launcher.inherit();
    const char* const number = getenv(kLastConfigVariable);
    if (!number) co_return co_await keep_and_crash(std::move(name));
    co_return read_kept(atoi(number));
  }

  // The first life listens in TEST_DIRECTORY, lets the launcher keep that, and crashes. `next`: what the lives after it do.
  enum class Next { AdoptIt, FailToStart };
  asio::awaitable<int> listen_and_crash(Next next) {
    const auto kept = take_kept_sockets();
    auto inherited = co_await launcher.inherit();
    if (inherited.processes.empty()) {
      const Endpoint place = Endpoint::unix_path(std::string(getenv("TEST_DIRECTORY")) + "/socket");
      const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      if (bind(fd, place.data(), place.size()) != 0 || listen(fd, 8) != 0) co_return 10;
      std::vector<int> fds{fd};
      launcher.keep("listener 0 here", fds);
      launcher.keep("listener 0 dropped", fds);
      std::vector<int> other{STDIN_FILENO};
      launcher.keep("other", other);
      launcher.drop("listener 0 dropped");
      LaunchRequest request = shell_request("exec sleep 1000");
      std::vector<int> none;
      auto started = co_await launcher.launch(std::move(request), std::move(none));
      raise(SIGKILL);
    }
    if (next == Next::FailToStart) _exit(1);
    // And the launcher's word of how this one's predecessor has died.
    if (inherited.kept.size() != 2 || !inherited.kept.contains("other")) co_return 11;
    if (!inherited.kept.contains(std::string(kFrontDoorCrash))) co_return 14;
    if (kept.size() != 1 || kept.front().name != "listener 0 here") co_return 12;
    const int client = accept(kept.front().fd, nullptr, nullptr);  // the test has connected, or is about to
    co_return client >= 0 ? 0 : 13;
  }

  // The first life crashes while a check runs; those after it do not come up.
  asio::awaitable<int> check_and_fail() {
    auto inherited = co_await launcher.inherit();
    if (!inherited.processes.empty()) _exit(3);
    LaunchRequest request = shell_request("exec sleep 1000");
    request.brief = true;
    request.parent_death_signal = SIGKILL;
    std::vector<int> none;
    auto started = co_await launcher.launch(std::move(request), std::move(none));
    if (!started) co_return 10;
    raise(SIGKILL);
    co_return 11;
  }

  // Hears no stop signal; its instance does, and takes a file away.
  asio::awaitable<int> be_deaf() {
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    auto inherited = co_await launcher.inherit();
    const std::string directory = getenv("TEST_DIRECTORY");
    LaunchRequest request = shell_request("trap 'rm " + directory + "/told; exit' TERM; touch " + directory +
                                  "/told; while :; do sleep 0.01; done");
    std::vector<int> none;
    auto started = co_await launcher.launch(std::move(request), std::move(none));
    co_return co_await wait_for_ever();
  }

  asio::awaitable<int> wait_for_ever() {
    asio::steady_timer forever(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    co_await forever.async_wait(asio::use_awaitable);
    co_return 98;
  }

  // The first life has an instance and asks for another program in its place, this one again. `next`: what that one does.
  enum class Beside { Serve, EndAtOnce, DieOnce, NeverServe };
  asio::awaitable<int> upgrade(Beside next) {
    if (getenv(kBesideVariable) != nullptr) co_return co_await come(next);
    auto inherited = co_await launcher.inherit();
    LaunchRequest request = shell_request("exec sleep 1000");
    std::vector<int> none;
    auto started = co_await launcher.launch(std::move(request), std::move(none));
    if (!started) co_return 10;
    std::string failure;
    bool dismissed = false;
    bool reclaimed = false;
    asio::steady_timer told(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    launcher.on_upgrade([&](const LauncherMessage& message) {
      if (message.kind == LauncherMessage::Kind::Yield) return launcher.yield();
      reclaimed = message.kind == LauncherMessage::Kind::Reclaim;
      if (reclaimed || message.kind == LauncherMessage::Kind::UpgradeFailed) failure = message.name;
      dismissed = message.kind == LauncherMessage::Kind::Leave && message.name == "another version";
      told.cancel();
    });
    launcher.upgrade(std::filesystem::read_symlink("/proc/self/exe").string(), std::chrono::milliseconds{next == Beside::NeverServe ? 200 : 20'000});
    while (!dismissed && failure.empty()) {
      boost::system::error_code ignored;
      co_await told.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (next == Beside::EndAtOnce && failure.find("exit status 3") == std::string::npos) co_return 20;
    if (next == Beside::NeverServe && failure.find("did not serve in time") == std::string::npos) co_return 21;
    if (next == Beside::DieOnce && (!reclaimed || failure.find("SIGKILL") == std::string::npos)) co_return 22;
    if (next == Beside::DieOnce) co_return co_await have_again(started->pid);
    if (dismissed) co_return 0;
    kill(started->pid, SIGKILL);
    const ProcessEnd end = co_await launcher.ended(started->id);
    const ProcessEnd killed{true, SIGKILL};
    co_return end == killed ? 0 : 23;
  }

  // By another client in the same place, as after a crash: what the new one has started meanwhile, too.
  asio::awaitable<int> have_again(pid_t instance) {
    asio::io_context& control = static_cast<asio::io_context&>((co_await asio::this_coro::executor).context());
    LauncherClient again(control, launcher.release_socket(), [] {});
    auto inherited = co_await again.inherit();
    if (inherited.processes.size() != 2 || !inherited.kept.contains("of the new one")) co_return 24;
    const auto has = [&](pid_t pid) {
      return std::any_of(inherited.processes.begin(), inherited.processes.end(),
                         [&](const RunningProcess& process) { return process.pid == pid && process.output.valid(); });
    };
    if (!has(instance)) co_return 25;
    for (RunningProcess& process : inherited.processes) {
      kill(process.pid, SIGKILL);
      const ProcessEnd end = co_await again.ended(process.id);
      const ProcessEnd killed{true, SIGKILL};
      if (end != killed) co_return 26;
    }
    // It asks as the one before did, and under a number that nobody has.
    LaunchRequest request = shell_request("exit 5");
    std::vector<int> none;
    auto started = co_await again.launch(std::move(request), std::move(none));
    if (!started) co_return 27;
    const ProcessEnd end = co_await again.ended(started->id);
    const ProcessEnd exit_5{false, 5};
    co_return end == exit_5 ? 0 : 28;
  }

  asio::awaitable<int> come(Beside next) {
    if (next == Beside::EndAtOnce) _exit(3);
    if (next == Beside::NeverServe) co_return co_await wait_for_ever();
    launcher.prepared();
    co_await launcher.turn();
    auto inherited = co_await launcher.inherit();
    if (inherited.processes.empty()) co_return 30;
    const std::string died = std::string(getenv("TEST_DIRECTORY")) + "/died";
    if (next == Beside::DieOnce && access(died.c_str(), F_OK) != 0) {
      close(creat(died.c_str(), 0600));
      std::vector<int> kept{STDIN_FILENO};
      launcher.keep("of the new one", kept);
      co_await start_sleeper();
      raise(SIGKILL);
    }
    RunningProcess& process = inherited.processes.front();
    if (!process.output.valid() || process.memo.empty()) co_return 31;
    launcher.ready("another version");
    kill(process.pid, SIGKILL);
    const ProcessEnd end = co_await launcher.ended(process.id);
    const ProcessEnd killed{true, SIGKILL};
    co_return end == killed ? 0 : 32;
  }

  // In TEST_DIRECTORY, what one life leaves to the next.
  static std::string note(const char* name) { return std::string(getenv("TEST_DIRECTORY")) + '/' + name; }
  static bool noted(const char* name) { return access(note(name).c_str(), F_OK) == 0; }
  static void leave_note(const char* name) { close(creat(note(name).c_str(), 0600)); }
  static std::string own_program() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

  asio::awaitable<bool> start_sleeper() {
    LaunchRequest request = shell_request("exec sleep 1000");
    std::vector<int> none;
    auto started = co_await launcher.launch(std::move(request), std::move(none));
    co_return started.has_value();
  }

  asio::awaitable<void> pause(std::chrono::milliseconds time) {
    asio::steady_timer timer(co_await asio::this_coro::executor, time);
    co_await timer.async_wait(asio::use_awaitable);
  }

  // Until it is dismissed (0), or another program is refused.
  asio::awaitable<int> be_replaced(std::function<void(const LauncherMessage&)> told) {
    int result = -1;
    asio::steady_timer changed(co_await asio::this_coro::executor, asio::steady_timer::time_point::max());
    launcher.on_upgrade([&](const LauncherMessage& message) {
      told(message);
      if (message.kind == LauncherMessage::Kind::UpgradeFailed || message.kind == LauncherMessage::Kind::Reclaim) result = 24;
      if (message.kind == LauncherMessage::Kind::Leave) result = 0;
      changed.cancel();
    });
    launcher.upgrade(own_program(), std::chrono::milliseconds{20'000});
    while (result < 0) {
      boost::system::error_code ignored;
      co_await changed.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return result;
  }

  // The new one dies with the instances, and the old one, too, before a third one stands beside it. The next one is as the
  // first: another program may take its place.
  asio::awaitable<int> both_die() {
    const auto yield = [this](const LauncherMessage& message) {
      if (message.kind == LauncherMessage::Kind::Yield) launcher.yield();
    };
    const Beside next = noted("died") ? Beside::Serve : Beside::DieOnce;
    if (getenv(kBesideVariable) != nullptr) co_return co_await come(next);
    auto inherited = co_await launcher.inherit();
    if (inherited.processes.empty()) {
      if (!co_await start_sleeper()) co_return 10;
      std::function<void(const LauncherMessage&)> or_die = [yield](const LauncherMessage& message) {
        if (message.kind == LauncherMessage::Kind::Reclaim) raise(SIGKILL);
        yield(message);
      };
      co_return co_await be_replaced(std::move(or_die));
    }
    std::function<void(const LauncherMessage&)> as_usual = yield;
    co_return co_await be_replaced(std::move(as_usual));
  }

  // The old one crashes while a new one starts, which then does not take the config; and so does the next one.
  asio::awaitable<int> crash_and_not_start() {
    constexpr int kBad = 78;
    if (getenv(kBesideVariable) != nullptr) {
      pid_t old = 0;
      std::ifstream(note("old")) >> old;
      kill(old, SIGKILL);
      while (kill(old, 0) == 0) co_await pause(std::chrono::milliseconds{5});
      leave_note("died");
      _exit(kBad);
    }
    if (noted("died") && !noted("failed")) {
      leave_note("failed");
      _exit(kBad);
    }
    auto inherited = co_await launcher.inherit();
    if (!noted("failed")) {
      if (!co_await start_sleeper()) co_return 10;
      std::ofstream(note("old")) << getpid();
      launcher.upgrade(own_program(), std::chrono::milliseconds{20'000});
      co_return co_await wait_for_ever();
    }
    if (inherited.processes.size() != 1) co_return 11;
    RunningProcess& process = inherited.processes.front();
    kill(process.pid, SIGKILL);
    const ProcessEnd end = co_await launcher.ended(process.id);
    co_return end == ProcessEnd{true, SIGKILL} ? 0 : 12;
  }

  // The old one says that it lives after it has let go. The new one waits until that has been heard.
  asio::awaitable<int> be_alive_meanwhile() {
    if (getenv(kBesideVariable) != nullptr) {
      launcher.prepared();
      co_await launcher.turn();
      while (!noted("heard")) co_await pause(std::chrono::milliseconds{5});
      co_return co_await come(Beside::Serve);
    }
    auto inherited = co_await launcher.inherit();
    if (!co_await start_sleeper()) co_return 10;
    std::function<void(const LauncherMessage&)> told = [this](const LauncherMessage& message) {
      if (message.kind != LauncherMessage::Kind::Yield) return;
      launcher.yield();
      launcher.notify("STATUS=nobody is to hear of that");
      launcher.notify(kAlive);
    };
    co_return co_await be_replaced(std::move(told));
  }

  // The new one has a config with which it stops at once; the old one has not.
  asio::awaitable<int> drain_by_its_own_time() {
    if (getenv(kBesideVariable) != nullptr) {
      launcher.prepared();
      co_await launcher.turn();
      launcher.stop_within(std::chrono::milliseconds{1}, std::chrono::milliseconds{500});
      co_return co_await come(Beside::Serve);
    }
    auto inherited = co_await launcher.inherit();
    launcher.stop_within(std::chrono::milliseconds{30'000}, std::chrono::milliseconds{500});
    if (!co_await start_sleeper()) co_return 10;
    std::function<void(const LauncherMessage&)> told = [this](const LauncherMessage& message) {
      if (message.kind == LauncherMessage::Kind::Yield) launcher.yield();
    };
    const int result = co_await be_replaced(std::move(told));
    co_await pause(std::chrono::milliseconds{300});
    co_return result;
  }

  // The first life has an instance that writes more than its pipe holds; those after it do not come up, until one does.
  asio::awaitable<int> leave_it_unheard(std::string line, int lines) {
    const bool first = !noted("crashed");
    if (!first && !noted("mended")) _exit(1);
    auto inherited = co_await launcher.inherit();
    launcher.stop_within(std::chrono::milliseconds{60'000}, std::chrono::milliseconds{500});
    if (first) {
      LaunchRequest request = writer_of(line, lines);
      std::vector<int> none;
      auto started = co_await launcher.launch(std::move(request), std::move(none));
      if (!started) co_return 10;
      leave_note("crashed");
      raise(SIGKILL);
    }
    if (inherited.processes.size() != 1) co_return 11;
    std::string rest(1 << 17, '\0');
    const ssize_t size = read(inherited.processes.front().output.get(), rest.data(), rest.size());
    rest.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    co_return rest.find("line " + std::to_string(lines - 1) + " of") != std::string::npos && rest.size() >= 10'000 ? 0 : 12;
  }

  static LaunchRequest writer_of(const std::string& line, int lines) {
    return shell_request("i=0; while [ $i -lt " + std::to_string(lines) + " ]; do echo line $i of " + line +
                         "; i=$((i+1)); done; touch " + note("written") + "; exec sleep 1000");
  }

  // The old one has an instance that writes more than its pipe holds, and crashes, or lets go of it. The new one hangs
  // before it is ready for it, or when it has just got it.
  asio::awaitable<int> hang_beside(bool crash) {
    if (getenv(kBesideVariable) != nullptr) {
      leave_note("beside");
      if (crash) co_return co_await wait_for_ever();
      launcher.prepared();
      co_await launcher.turn();
      co_return co_await wait_for_ever();
    }
    auto inherited = co_await launcher.inherit();
    launcher.stop_within(std::chrono::milliseconds{60'000}, std::chrono::milliseconds{500});
    LaunchRequest request = writer_of(std::string(100, 'x'), 4'000);
    std::vector<int> none;
    auto started = co_await launcher.launch(std::move(request), std::move(none));
    if (!started) co_return 10;
    std::function<void(const LauncherMessage&)> told = [this](const LauncherMessage& message) {
      if (message.kind == LauncherMessage::Kind::Yield) launcher.yield();
    };
    if (!crash) co_return co_await be_replaced(std::move(told));
    launcher.upgrade(own_program(), std::chrono::milliseconds{20'000});
    while (!noted("beside")) co_await pause(std::chrono::milliseconds{5});
    raise(SIGKILL);
    co_return 11;
  }

  // It is stopped, by itself, while a new one starts; that it says so is read when it has ended.
  asio::awaitable<int> stop_beside() {
    if (getenv(kBesideVariable) != nullptr) {
      leave_note("beside");
      launcher.prepared();
      co_return co_await wait_for_ever();
    }
    auto inherited = co_await launcher.inherit();
    std::ofstream(note("old")) << getpid();
    launcher.upgrade(own_program(), std::chrono::milliseconds{20'000});
    while (!noted("go")) co_await pause(std::chrono::milliseconds{5});
    launcher.stopping();
    co_await pause(std::chrono::milliseconds{5});
    co_return 0;
  }

  // Says how long its stop takes, and that it has begun; then it does nothing for it.
  asio::awaitable<int> stop_and_hang() {
    auto inherited = co_await launcher.inherit();
    launcher.stop_within(std::chrono::milliseconds{50}, std::chrono::milliseconds{500});
    launcher.stopping();
    co_return co_await wait_for_ever();
  }
};

asio::awaitable<int> play(Part part, std::string_view role) {
  const ProcessEnd killed{true, SIGKILL};
  const ProcessEnd exit_5{false, 5};
  if (role == "role:adopt-running")
    co_return co_await part.crash_and_adopt("exec sleep 1000", true, killed);
  if (role == "role:adopt-ending")
    co_return co_await part.crash_and_adopt("sleep 0.1; exit 5", false, exit_5);
  if (role == "role:stuck") co_return co_await part.launch_a_stuck_one();
  if (role == "role:stuck-and-wait") co_return co_await part.wait_beside_a_stuck_one();
  if (role == "role:stuck-and-crash") co_return co_await part.crash_beside_a_stuck_one();
  if (role == "role:leave")
    co_return co_await part.leave("setsid sh -c 'echo; exec sleep 1000' & exec sleep 1000");
  if (role == "role:leave-on-purpose")
    co_return co_await part.leave(
        "FRONTDOOR_KILL_MODE=process setsid sh -c 'echo; exec sleep 3' & exec sleep 1000");
  if (role == "role:check-and-fail") co_return co_await part.check_and_fail();
  if (role == "role:fail-to-start") co_return co_await part.fail_to_start();
  if (role == "role:try-until-it-runs") co_return co_await part.try_until_it_runs();
  if (role == "role:adopt-without-memo") co_return co_await part.adopt_without_memo();
  if (role == "role:keep") co_return co_await part.keep_a_socket();
  if (role == "role:keep-config") co_return co_await part.keep_the_config();
  if (role == "role:listen-and-adopt") co_return co_await part.listen_and_crash(Part::Next::AdoptIt);
  if (role == "role:listen-and-fail") co_return co_await part.listen_and_crash(Part::Next::FailToStart);
  if (role == "role:deaf") co_return co_await part.be_deaf();
  if (role == "role:stop-and-hang") co_return co_await part.stop_and_hang();
  if (role == "role:upgrade") co_return co_await part.upgrade(Part::Beside::Serve);
  if (role == "role:upgrade-ends") co_return co_await part.upgrade(Part::Beside::EndAtOnce);
  if (role == "role:upgrade-dies") co_return co_await part.upgrade(Part::Beside::DieOnce);
  if (role == "role:upgrade-hangs") co_return co_await part.upgrade(Part::Beside::NeverServe);
  if (role == "role:upgrade-both-die") co_return co_await part.both_die();
  if (role == "role:upgrade-crashes") co_return co_await part.crash_and_not_start();
  if (role == "role:upgrade-watched") co_return co_await part.be_alive_meanwhile();
  const std::string hundred = "a hundred bytes that nobody hears, or so it seems for as long as there is no front door";
  if (role == "role:unheard") co_return co_await part.leave_it_unheard(hundred, 4'000);
  // Two of them do not fit into a page.
  if (role == "role:unheard-halves") co_return co_await part.leave_it_unheard(std::string(2'100, 'x'), 100);
  if (role == "role:upgrade-unheard") co_return co_await part.hang_beside(false);
  if (role == "role:upgrade-crash-unheard") co_return co_await part.hang_beside(true);
  if (role == "role:upgrade-stops") co_return co_await part.stop_beside();
  if (role == "role:upgrade-drains") co_return co_await part.drain_by_its_own_time();
  if (role == "role:no-launcher") co_return getenv(kRoleVariable) == nullptr && getenv(kLauncherStateVariable) == nullptr ? 0 : 10;
  if (role == "role:wait") co_return co_await part.wait_for_ever();
  co_return 99;
}

}  // namespace

int play_front_door(std::string_view role) {
  const char* const fd = getenv(kLauncherVariable);
  if (!fd) return 98;
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  asio::io_context control{1};
  int status = 97;
  LauncherClient launcher(control, atoi(fd), [&] {
    status = 42;
    control.stop();
  });
  asio::co_spawn(control, play(Part{launcher}, role), [&](std::exception_ptr error, int result) {
    status = error ? 96 : result;
    control.stop();
  });
  control.run();
  return status;
}

}  // namespace frontdoor
