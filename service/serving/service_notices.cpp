#include "service/serving/service_notices.h"

#include <ctime>
#include <new>
#include <optional>

#include "base/quietly.h"

namespace frontdoor {

namespace {

namespace asio = boost::asio;

// What reload protocols of systemd compare with: CLOCK_MONOTONIC, whatever Clock is.
std::string monotonic_usec() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::to_string(std::int64_t{now.tv_sec} * 1'000'000 + now.tv_nsec / 1'000);
}

}  // namespace

std::string status_line(const Census& census) {
  if (census.members == 0) return "no upstreams";
  std::string line = std::to_string(census.up) + '/' + std::to_string(census.members) + " up";
  if (census.starting != 0) line += ", " + std::to_string(census.starting) + " starting";
  if (census.crash_loop != 0) line += ", " + std::to_string(census.crash_loop) + " crash loop";
  return line;
}

void ServiceNotices::tell(const std::string& lines) {
  if (send_) send_(lines);
}

// MAINPID is news only where something stands between us and the service manager, a shell for instance. In a
// namespace of process numbers ours means nothing outside.
void ServiceNotices::ready(const std::string& status) {
  last_status_ = status;
  tell("READY=1\nSTATUS=" + status + (main_ != 1 ? "\nMAINPID=" + std::to_string(main_) : ""));
}

void ServiceNotices::succeeded_by(pid_t process) { tell("READY=1\nMAINPID=" + std::to_string(process)); }

void ServiceNotices::reloading() { tell("RELOADING=1\nMONOTONIC_USEC=" + monotonic_usec()); }

void ServiceNotices::reloaded(const std::string& status) {
  last_status_ = status;
  tell("READY=1\nSTATUS=" + status);
}

void ServiceNotices::stopping(const std::string& status, Duration at_most) {
  last_status_ = status;
  const auto usec = std::chrono::duration_cast<std::chrono::microseconds>(at_most).count();
  tell("STOPPING=1\nSTATUS=" + status + "\nEXTEND_TIMEOUT_USEC=" + std::to_string(usec));
}

void ServiceNotices::status(const std::string& status) {
  if (status == last_status_) return;
  last_status_ = status;
  tell("STATUS=" + status);
}

asio::awaitable<void> watch_workers(Server& server, Log& log, ServiceNotices& notices,
                                    std::chrono::microseconds watchdog) {
  asio::steady_timer pause(co_await asio::this_coro::executor);
  bool told = false;
  for (;;) {
    try {
      server.ask_for_a_turn();
    } catch (const std::bad_alloc&) {
      // Those that could not be asked owe nothing; the next round asks them.
    }
    pause.expires_after(watchdog / 3);
    co_await pause.async_wait(quietly);
    const std::optional<unsigned> stuck = server.stuck_worker(watchdog / 3);
    if (!stuck) {
      if (std::exchange(told, false)) log.warn("the worker goes on");
      notices.alive();
    } else if (!std::exchange(told, true)) {
      log.error("a worker is stuck: the watchdog is not told that all is well",
                {{"worker", static_cast<std::uint64_t>(*stuck)}});
    }
  }
}

}  // namespace frontdoor
