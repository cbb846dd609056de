// Turns single probe results into a steady opinion of one upstream, and says when to probe next. Decides
// only: no socket, no clock, no random generator. One for each upstream, kept over reloads. Control thread.
//
//   Unknown ── first pass ──► Up ── `fall` failures, or one refusal ──► Down ── `rise` passes ──► Up
//      └────────────────────── `fall` failures ──────────────────────────►┘

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "balancer/upstream.h"
#include "base/time.h"
#include "config/config.h"

namespace frontdoor {

struct VerdictRules {
  std::uint32_t rise = 2;
  std::uint32_t fall = 3;
  Millis interval{2'000};
  Millis interval_down{500};
  Millis timeout{1'000};
  double jitter = 0.10;   // share of the interval
  bool doubling = false;  // while down the pause starts at interval_down and doubles up to interval
  bool burst = true;      // before the first pass it is asked many times a second

  static VerdictRules of(const config::HealthCheck& check);
  // For an upstream without a health check: nothing is probed until live traffic was refused, then TCP
  // connects at 100 ms doubling to the default interval bring it back.
  static VerdictRules revival();
};

// What one probe found out.
enum class Outcome : std::uint8_t {
  Passed,
  Failed,       // a wrong answer: status, reset, garbage
  TimedOut,     // no answer in time: hung, or only slow
  Refused,      // nobody listens: dead
  NotEvidence,  // our own side's fault (out of descriptors or ports, …): says nothing about the upstream
};

struct Observation {
  Outcome outcome = Outcome::Passed;
  Duration lateness{};            // how late the control loop ran while the probe was under way, at worst
  bool served_meanwhile = false;  // live traffic got an answer from the upstream after the probe was sent
  double jitter = 0.5;            // random in [0,1)
};

enum class Change : std::uint8_t { None, WentUp, WentDown };

struct Judgement {
  bool counted = false;  // false: the result was discarded and nothing was learned
  Change change = Change::None;
  std::string reason;  // of the change, for people
  DownCause cause = DownCause::None;  // with WentDown
  Duration next{};     // pause before the next probe; zero = at once
};

class Verdict {
 public:
  explicit Verdict(VerdictRules rules) : rules_(rules) {}

  // `detail` is the failure in words ("status 503"); it ends up in the reason.
  Judgement observe(const Observation& seen, std::string_view detail = {});

  // Another witness moved the upstream (live traffic was refused): go on from there.
  void align(UpstreamState state);
  // A reload changed the check. What was seen so far still counts.
  void set_rules(VerdictRules rules) { rules_ = rules; }

  Duration next_delay(double jitter) const;
  UpstreamState state() const { return state_; }
  std::uint32_t streak() const { return streak_; }  // consecutive results against the state

  // The last 64 counted results, the newest in the lowest bit, 1 = passed.
  std::uint64_t history() const { return history_; }
  unsigned history_size() const { return history_size_; }

  // A probe is evidence only if our own loop was on time: stopped (SIGSTOP, a starved container) for longer
  // than half of the timeout, we measure ourselves and not the upstream.
  static bool on_time(Duration lateness, Millis timeout) { return lateness <= Duration(timeout) / 2; }

 private:
  void record(bool passed);
  Judgement pass();
  Judgement fail(Outcome outcome, std::string_view detail);

  VerdictRules rules_;
  UpstreamState state_ = UpstreamState::Unknown;
  std::uint32_t streak_ = 0;         // consecutive results against the state
  std::uint32_t failures_down_ = 0;  // since it went down, for doubling
  std::uint32_t burst_left_ = 26;    // probes 50–100 ms apart before the first pass: about two seconds
  std::uint64_t history_ = 0;
  unsigned history_size_ = 0;
};

}  // namespace frontdoor
