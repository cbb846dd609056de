// Watches one upstream from the control thread: probes it at the pace its Verdict asks for, and moves it
// between states. One for each upstream; lives on in its coroutine until stopped.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>

#include "balancer/check_commands.h"
#include "balancer/upstream.h"
#include "base/log.h"
#include "config/config.h"
#include "health/probe.h"
#include "health/report.h"
#include "health/verdict.h"

namespace frontdoor {

class Prober : public std::enable_shared_from_this<Prober> {
 public:
  // Without a check the upstream is up until live traffic is refused, then brought back by TCP connects.
  Prober(boost::asio::io_context& control, Log& log, std::shared_ptr<Upstream> upstream,
         std::optional<config::HealthCheck> check, ProxyVersion send_proxy, const http::HeadLimits& limits,
         Approach approach = {});

  // Who runs the command of an exec check, from the next one on. Null: nobody can, and it connects instead.
  void run_commands_with(CheckCommands* commands) { commands_ = commands; }
  void start();
  void stop();
  // A reload; for the next probe.
  void set_check(std::optional<config::HealthCheck> check, ProxyVersion send_proxy, const http::HeadLimits& limits,
                 Approach approach = {});
  void look_now();                                           // its process has been started anew
  void refused(const std::string& reason);                   // live traffic moved the upstream to Down
  void suspect();                                            // live traffic could not connect to it
  HealthReport report() const;
  HealthDetail detail() const;

 private:
  boost::asio::awaitable<void> run(std::shared_ptr<Prober> self);
  boost::asio::awaitable<void> sleep();
  // Looks at the upstream once; returns how long to pause.
  boost::asio::awaitable<Duration> look();
  boost::asio::awaitable<Duration> probe(Upstream::Seen seen);
  boost::asio::awaitable<Duration> probe_by_command(Upstream::Seen seen, config::HealthCheck check);

  Duration judge(Upstream::Seen seen, const ProbeReport& report, TimePoint started);
  Duration without_address(Upstream::Seen seen);
  void move(Upstream::Seen seen, UpstreamState to, const std::string& reason,
            DownCause cause = DownCause::Unwell, const std::string& last_words = {});
  void wake_within(Duration delay);
  void remember(ProbeRecord record);
  double random_share();  // in [0,1)
  config::HealthCheck check_or_connect() const;

  boost::asio::io_context& control_;
  Log& log_;
  const std::shared_ptr<Upstream> upstream_;
  std::optional<config::HealthCheck> check_;
  ProxyVersion send_proxy_;
  http::HeadLimits limits_;
  Approach approach_;
  Verdict verdict_;
  boost::asio::steady_timer pause_;
  TimePoint wake_at_{};
  std::function<void()> cancel_;  // what is under way
  CheckCommands* commands_ = nullptr;
  bool stopped_ = false;
  bool suspected_ = false;  // has no check, and is looked at once
  Duration last_latency_{};
  std::string last_error_;
  std::deque<ProbeRecord> recent_;
  WordTotals results_;
  std::minstd_rand random_;
};

// The one line that each change of state leaves in the log. Any thread.
void log_change(Log& log, const Upstream& upstream, UpstreamState from, UpstreamState to,
                const std::string& reason, const std::string& last_words = {});

}  // namespace frontdoor
