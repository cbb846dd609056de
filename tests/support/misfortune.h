// What the tests of misfortune share: the ways in which a socket operation fails, the stage on which a
// conversation is played while one does, and what everybody may expect of it afterwards.
// tests/proxy/misfortune_*.cpp are the tables.

#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "support/planned_upstream.h"
#include "support/test_proxy.h"

namespace frontdoor::testing {

struct NamedFault {
  Fault fault;
  const char* name;
};
inline constexpr NamedFault kFaults[] = {{Fault::Eof, "EOF"},
                                         {Fault::Reset, "RST"},
                                         {Fault::OneByte, "one byte at a time"},
                                         {Fault::WouldBlock, "would block for ever"},
                                         {Fault::Refused, "refused"},
                                         {Fault::OutOfFds, "EMFILE"}};

inline std::string nth(std::string_view scenario, std::uint64_t n, std::string_view misfortune, Over over = Over::Plain) {
  return std::string(over == Over::Tls ? "over TLS: " : "") + std::string(scenario) + ", operation " + std::to_string(n) +
         ": " + std::string(misfortune);
}

// FRONTDOOR_EVERY_MISFORTUNE, as scripts/acceptance sets it: nothing is left out for the sake of time.
inline bool every_misfortune() { return std::getenv("FRONTDOOR_EVERY_MISFORTUNE") != nullptr; }

// Lets each of `misfortunes` happen to operations of each of `scenarios`: to every third, beginning with another one for
// each misfortune and for each scenario, and to the last; or to all of them (every_misfortune). Returns how many operations
// there were, all together. `survives`: one run; false when the conversation was over before its n-th operation.
template <class Scenarios, class Misfortunes, class Survives>
std::size_t at_every_operation(const Scenarios& scenarios, const Misfortunes& misfortunes,
                               Survives&& survives) {
  constexpr std::uint64_t kMost = 400;
  const std::uint64_t step = every_misfortune() ? 1 : 3;
  std::size_t operations = 0;
  std::uint64_t scenarios_begun = 0;
  for (const auto& scenario : scenarios) {
    std::uint64_t first = scenarios_begun++;
    for (const auto& misfortune : misfortunes) {
      std::uint64_t n = 1 + first++ % step;
      std::uint64_t last = 0;
      for (; n < kMost && survives(scenario, misfortune, n); n += step) last = n;
      EXPECT_LT(n, kMost) << scenario.name << ", " << misfortune.name << ": the conversation does not end";
      while (--n > last)
        if (survives(scenario, misfortune, n)) last = n;
      operations += last;
    }
  }
  std::cout << "misfortune: " << operations << " operations survived it\n";
  return operations;
}

// Over TLS each run takes ten times as long: every fourth scenario, or with FRONTDOOR_EVERY_MISFORTUNE all of them.
template <class Scenarios>
auto some_of(const Scenarios& scenarios) {
  std::vector<std::decay_t<decltype(*std::begin(scenarios))>> some;
  const std::size_t step = every_misfortune() ? 1 : 4;
  std::size_t at = 0;
  for (const auto& scenario : scenarios)
    if (at++ % step == 0) some.push_back(scenario);
  return some;
}

// An access log for all runs: a thread for each would take longer than most of them. Nobody reads it.
AccessLog& unread_log();

// One conversation: a pool of planned upstreams, and clients that ask once each. Nothing here waits
// (TestProxy::settle_with).
class Scene {
 public:
  struct Setting {
    std::size_t upstreams = 2;
    std::string_view pool = "";  // TOML
    Over over = Over::Plain;
  };
  explicit Scene(const Setting& setting);

  PlannedUpstream& upstream(std::size_t i) { return *upstreams_[i]; }
  TestProxy& proxy() { return *proxy_; }
  FaultySocketOps& ops() { return proxy_->ops(); }

  struct Client {
    std::unique_ptr<Peer> peer;
    std::string request;
    bool left = false;  // of its own accord, and waits for nothing any more
  };
  Client& ask(std::string_view request);
  Client& client(std::size_t i) { return clients_[i]; }
  const Client& client(std::size_t i) const { return clients_[i]; }
  std::size_t clients() const { return clients_.size(); }

  // Both upstreams have a connection that has served a request before.
  void warm_up();
  void let_connects_hang();  // to both, neither made nor refused
  void take_down(std::size_t i, DownCause cause);
  void bring_up(std::size_t i);
  // What the prober does: an upstream that is down comes up again.
  void bring_all_up();

  void settle();
  // Plays until nobody waits for anything, letting a good second pass whenever all stand still; at most
  // `patience`. `course` is what happens besides, asked each time that all stand still.
  template <class Course>
  void play(Course&& course, Duration patience = std::chrono::seconds{90}) {
    const TimePoint began = proxy_->time().now();
    for (;;) {
      passed_ = proxy_->time().now() - began;
      for (int look = 0; look < 3; ++look) {
        settle();
        course(*this);
      }
      settle();
      if (over() || passed_ >= patience) return;
      proxy_->time().advance(std::chrono::milliseconds{1'050});  // timers may be a tick late
    }
  }
  Duration passed() const { return passed_; }  // since play() began

  bool over() const;  // no client waits for anything
  std::size_t held() const { return memory().held.size(); }
  std::uint64_t in_flight() const;
  std::size_t posts_delivered() const;  // that came whole to an upstream
  // Connections to upstreams that were left open in the middle of an exchange.
  std::size_t still_waiting() const;

  // ---- What everybody may expect. `what` names the run.

  // One whole answer or a closed connection; never two answers, never half of one that looks whole.
  void expect_answered_or_closed(const std::string& what) const;
  // Nor is a POST ever sent a second time, once it may have been carried out.
  void expect_posts_sent_once(const std::string& what) const;
  void expect_status(const Client& client, int status, const std::string& what) const;
  // The same after a misfortune that should not matter. One that makes an upstream silent may end with 504 once each was
  // tried: none is asked a second time.
  void expect_status_despite(Fault fault, const Client& client, int status, const std::string& what) const;
  // A client whose connection lives on may ask again, and nothing of its last request is in the way.
  void expect_next_request_served(const std::string& what);
  // Everything is given back: to be called last, closes the clients.
  void expect_nothing_left(const std::string& what);

 private:
  const PoolMemory& memory() const { return *first_snapshot_->pools.front().memory; }
  bool nothing_open();

  const std::size_t frames_before_;
  std::vector<std::unique_ptr<PlannedUpstream>> upstreams_;
  std::unique_ptr<TestProxy> proxy_;
  std::shared_ptr<const Snapshot> first_snapshot_;
  std::vector<Client> clients_;
  std::unique_ptr<DeafSocket> deaf_;
  Duration passed_{};
};

// What a request is worth when an upstream failed it: whether it may be sent once more.
inline bool is_get(std::string_view request) { return request.starts_with("GET "); }
inline bool is_post(std::string_view request) { return request.starts_with("POST "); }
// A silent upstream may still carry out what it was sent, so only what is safe is then sent elsewhere.
inline bool may_be_repeated(std::string_view request, Fault fault) {
  return fault == Fault::WouldBlock ? is_get(request) : !is_post(request);
}

}  // namespace frontdoor::testing
