// Every rule of "Never lose a request that need not be lost", as a table.

#include "proxy/exchange/replay.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace frontdoor {
namespace {

using Choice = Replay::Choice;
using Failure = UpstreamFailure;
using http::Method;
using namespace std::chrono_literals;

constexpr auto kNever = Choice::Never;
constexpr auto kAnother = Choice::AnotherUpstream;
constexpr auto kFresh = Choice::FreshConnection;

struct Case {
  const char* what;
  FailedAttempt attempt;
  Choice choice;
  const char* rule;
};

void check(const std::vector<Case>& cases, const config::Retry& retry = {}) {
  for (const auto& c : cases) {
    const Replay replay = decide_replay(c.attempt, retry);
    EXPECT_EQ(replay.choice, c.choice) << c.what;
    EXPECT_STREQ(replay.rule, c.rule) << c.what;
  }
}

constexpr Failure kConnectFailures[] = {Failure::Refused, Failure::Unreachable, Failure::ConnectTimeout,
                                        Failure::Overloaded, Failure::LocalResources};
constexpr Method kMethods[] = {Method::Get,     Method::Head,  Method::Post,  Method::Put,  Method::Delete,
                               Method::Options, Method::Trace, Method::Patch, Method::Other};

TEST(Replay, NothingSentAnyMethodGoesElsewhere) {
  for (const auto failure : kConnectFailures)
    for (const auto method : kMethods)
      check({{"connect failed", {.failure = failure, .method = method}, kAnother, "nothing_sent"}});
  // The connection was there, yet the kernel took nothing of the request before it ended.
  for (const auto method : kMethods)
    check({{"reset", {.failure = Failure::Reset, .method = method}, kAnother, "nothing_sent"}});
}

TEST(Replay, AStaleConnectionIsReplacedByAFreshOne) {
  check({
      {"GET", {Failure::Reset, Method::Get, true, true}, kFresh, "stale_connection"},
      {"PUT", {Failure::Reset, Method::Put, true, true}, kFresh, "stale_connection"},
      {"POST", {Failure::Reset, Method::Post, true, true}, kNever, "stale_not_idempotent"},
      {"PATCH", {Failure::Reset, Method::Patch, true, true}, kNever, "stale_not_idempotent"},
      {"unknown method", {Failure::Reset, Method::Other, true, true}, kNever, "stale_not_idempotent"},
      {"POST, nothing sent", {Failure::Reset, Method::Post, false, true}, kFresh, "stale_nothing_sent"},
  });
  FailedAttempt used_body{Failure::Reset, Method::Put, true, true};
  used_body.body_replayable = false;
  check({{"PUT whose body is gone", used_body, kNever, "stale_body_not_kept"}});

  // A try as any other once it was sent: the upstream may have died of it. What was not sent is free.
  FailedAttempt last_try{Failure::Reset, Method::Get, true, true};
  last_try.tries = 3;
  check({{"GET", last_try, kNever, "attempts_used_up"}});
  last_try.tries = 2;
  check({{"GET", last_try, kFresh, "stale_connection"}});
  last_try.tries = 1;
  check({{"GET", last_try, kNever, "attempts_used_up"}}, {.attempts = 0});
  FailedAttempt not_sent{Failure::Reset, Method::Get, false, true};
  not_sent.tries = 100;
  check({{"GET", not_sent, kFresh, "stale_nothing_sent"}}, {.attempts = 0});
  // Nor does it depend on retry.on.
  check({{"GET", {Failure::Reset, Method::Get, true, true}, kFresh, "stale_connection"}},
        {.on_reset = false});
}

TEST(Replay, AReusedConnectionThatHasAnsweredIsNotStale) {
  FailedAttempt answered{Failure::Reset, Method::Get, true, true, true};
  check({{"GET", answered, kAnother, "reset_idempotent"}});
  answered.method = Method::Post;
  check({{"POST", answered, kNever, "reset_not_idempotent"}});
}

TEST(Replay, AfterAResetIdempotentMethodsGoElsewhere) {
  for (const auto method : kMethods) {
    const FailedAttempt attempt{.failure = Failure::Reset, .method = method, .sent = true};
    if (http::is_idempotent(method))
      check({{"idempotent", attempt, kAnother, "reset_idempotent"}});
    else
      check({{"not idempotent", attempt, kNever, "reset_not_idempotent"}});
  }
}

TEST(Replay, FromASilentUpstreamOnlySafeMethodsAreTakenBack) {
  for (const auto method : kMethods) {
    const FailedAttempt attempt{.failure = Failure::HeaderTimeout, .method = method, .sent = true};
    if (http::is_safe(method))
      check({{"safe", attempt, kAnother, "timeout_safe"}});
    else
      check({{"not safe", attempt, kNever, "timeout_not_safe"}});  // PUT and DELETE too: it may wake up later
  }
}

TEST(Replay, ABodyThatWasNotKeptCannotBeSentAgain) {
  for (const auto failure : {Failure::Reset, Failure::HeaderTimeout}) {
    FailedAttempt attempt{.failure = failure, .method = Method::Get, .sent = true};
    attempt.body_replayable = false;
    check({{"sent", attempt, kNever, "body_not_kept"}});
  }
  // It waited in the output of a connection that was lost: its beginning is gone, though nobody has seen it.
  for (const auto method : kMethods)
    for (const auto failure : {Failure::Reset, Failure::Refused, Failure::Evicted, Failure::HeaderTimeout}) {
      FailedAttempt unsent{.failure = failure, .method = method, .body_replayable = false};
      check({{"nothing sent", unsent, kNever, "body_not_kept"}});
    }
  for (const auto method : kMethods) {
    FailedAttempt stale{.failure = Failure::Reset, .method = method, .reused_connection = true, .body_replayable = false};
    check({{"nothing sent, on a connection that had served", stale, kNever, "stale_body_not_kept"}});
  }
}

TEST(Replay, ACommittedResponseIsNeverReplayed) {
  for (int i = 0; i <= static_cast<int>(Failure::BodyTimeout); ++i)
    for (const bool sent : {false, true})
      for (const bool reused : {false, true}) {
        FailedAttempt attempt{static_cast<Failure>(i), Method::Get, sent, reused};
        attempt.committed = true;
        check({{"committed", attempt, kNever, "committed"}});
      }
}

TEST(Replay, AnUpstreamThatHasAnsweredIsNotAskedAgain) {
  for (const auto failure :
       {Failure::InvalidResponse, Failure::BodyTimeout, Failure::None})
    check({{"answered", {.failure = failure, .method = Method::Get, .sent = true}, kNever, "answered"}});
}

TEST(Replay, StopsWhenTheAttemptsAreUsedUp) {
  const config::Retry retry{.attempts = 2};  // three tries in all
  for (const auto failure : {Failure::Unreachable, Failure::Reset, Failure::HeaderTimeout, Failure::RetryStatus}) {
    const bool sent = failure != Failure::Unreachable;
    for (std::uint32_t tries = 1; tries <= 4; ++tries) {
      FailedAttempt attempt{.failure = failure, .method = Method::Get, .sent = sent};
      attempt.tries = tries;
      EXPECT_EQ(decide_replay(attempt, retry).choice, tries <= 2 ? kAnother : kNever) << tries;
    }
  }
  const FailedAttempt first{.failure = Failure::Refused, .method = Method::Get};
  check({{"a refusal is no try", first, kAnother, "nothing_sent"}}, {.attempts = 0});
  FailedAttempt tenth = first;
  tenth.tries = 10;
  check({{"a refusal is no try", tenth, kAnother, "nothing_sent"}});
}

// Whatever the reason, 1 + attempts tries are all that may reach an upstream. What it says that it has not begun with on
// an old connection is none; on a fresh one it is.
TEST(Replay, NothingThatWasSentIsSentMoreOftenThanAttemptsSay) {
  for (std::uint32_t attempts = 0; attempts <= 3; ++attempts)
    for (int i = 0; i <= static_cast<int>(Failure::BodyTimeout); ++i)
      for (const auto method : kMethods)
        for (const bool reused : {false, true})
          for (const bool dead : {false, true}) {
            FailedAttempt attempt{static_cast<Failure>(i), method, true, reused};
            if (attempt.failure == Failure::NotProcessed && reused) continue;
            attempt.upstream_dead = dead;
            attempt.tries = attempts + 1;
            const Replay replay = decide_replay(attempt, {.attempts = attempts});
            EXPECT_EQ(replay.choice, kNever) << attempts << " attempts, failure " << i;
            EXPECT_FALSE(replay.unless_dead) << "nor of a dead one";
            EXPECT_TRUE(is_try(attempt.failure, true, reused));
          }
}

TEST(Replay, OnTheSameUpstreamComesAfterAPauseThatGrows) {
  const std::array<Millis, 7> alone{25ms, 25ms, 50ms, 100ms, 200ms, 400ms, 400ms};
  for (std::uint32_t tries = 0; tries < alone.size(); ++tries) {
    EXPECT_EQ(pause_before_the_same_again(tries, false), alone[tries]) << tries;
    EXPECT_EQ(pause_before_the_same_again(tries, true), 1s) << tries << ": another may come, and ends it";
  }
  EXPECT_EQ(pause_before_the_same_again(~0U, false), 400ms);
  EXPECT_EQ(pause_before_the_same_again(~0U, true), 1s);
}

TEST(Replay, WhatWasRefusedOrNotSentToADeadOneIsNoTry) {
  for (const bool reused : {false, true}) {
    EXPECT_FALSE(is_try(Failure::Refused, false, reused));
    EXPECT_FALSE(is_try(Failure::Evicted, false, reused));
  }
  EXPECT_FALSE(is_try(Failure::Reset, false, true)) << "an idle connection less";
  // These do not end by themselves.
  EXPECT_TRUE(is_try(Failure::Reset, false, false));
  for (const auto failure :
       {Failure::Unreachable, Failure::ConnectTimeout, Failure::Overloaded, Failure::LocalResources})
    EXPECT_TRUE(is_try(failure, false, false));
}

TEST(Replay, ASilentUpstreamsRequestGoesOnlyToOneThatHasNotHadIt) {
  FailedAttempt silent{.failure = Failure::HeaderTimeout, .method = Method::Get, .sent = true};
  silent.another_free = false;
  check({{"GET", silent, kNever, "timeout_no_other"}});
  // One that was found to hang may wake up: there is nothing to gain from leaving it for nobody.
  FailedAttempt hung{.failure = Failure::Evicted, .method = Method::Get, .sent = true};
  hung.another_free = false;
  check({{"there is another, which is busy", hung, kAnother, "evicted_safe"}});
  hung.another_up = false;
  check({{"there is no other", hung, kNever, "evicted_no_other"}});
  hung.upstream_dead = true;
  check({{"a dead one's waits for its next life", hung, kAnother, "evicted_idempotent"}});
  FailedAttempt reset{.failure = Failure::Reset, .method = Method::Get, .sent = true};
  reset.another_up = reset.another_free = false;
  check({{"who resets works no more on it", reset, kAnother, "reset_idempotent"}});
}

TEST(Replay, AnEvictedUpstreamGivesBackWhatTheRulesAllow) {
  for (const auto method : kMethods) {
    FailedAttempt hung{.failure = Failure::Evicted, .method = method, .sent = true};
    if (http::is_safe(method))
      check({{"hung, safe", hung, kAnother, "evicted_safe"}});
    else
      check({{"hung, not safe: it may wake up later", hung, kNever, "evicted_not_safe"}});
    FailedAttempt dead = hung;
    dead.upstream_dead = true;
    if (http::is_idempotent(method))
      check({{"dead, idempotent", dead, kAnother, "evicted_idempotent"}});
    else
      check({{"dead, not idempotent", dead, kNever, "evicted_not_idempotent"}});
    dead.sent = false;
    check({{"nothing sent", dead, kAnother, "nothing_sent"}});
  }
  FailedAttempt used_body{.failure = Failure::Evicted, .method = Method::Get, .sent = true};
  used_body.body_replayable = false;
  check({{"body gone", used_body, kNever, "body_not_kept"}});
  FailedAttempt late{.failure = Failure::Evicted, .method = Method::Get, .sent = true};
  late.budget_left = false;
  check({{"moved, not multiplied: the budget does not count", late, kAnother, "evicted_safe"}});
  late.tries = 3;
  check({{"it may be what they die of: tries do", late, kNever, "attempts_used_up"}});
  check({{"not wanted", late, kNever, "not_configured"}}, {.on_evicted = false});
}

TEST(Replay, AStatusOfRetryOnIsTriedElsewhereWhenThatIsSafe) {
  for (const auto method : kMethods) {
    const FailedAttempt attempt{.failure = Failure::RetryStatus, .method = method, .sent = true, .received_anything = true};
    if (http::is_idempotent(method))
      check({{"idempotent", attempt, kAnother, "status_idempotent"}});
    else
      check({{"not idempotent", attempt, kNever, "status_not_idempotent"}});
  }
}

TEST(Replay, OnlyExtraLoadTakesFromTheBudget) {
  struct {
    const char* what;
    FailedAttempt attempt;
    bool extra;
  } cases[] = {
      {"reset", {.failure = Failure::Reset, .method = Method::Get, .sent = true}, true},
      {"silent", {.failure = Failure::HeaderTimeout, .method = Method::Get, .sent = true}, true},
      {"status", {.failure = Failure::RetryStatus, .method = Method::Get, .sent = true}, true},
      {"refused", {.failure = Failure::Refused, .method = Method::Get}, false},
      {"connect timeout", {.failure = Failure::ConnectTimeout, .method = Method::Get}, false},
      {"stale", {.failure = Failure::Reset, .method = Method::Get, .sent = true, .reused_connection = true}, false},
      {"evicted", {.failure = Failure::Evicted, .method = Method::Get, .sent = true}, false},
  };
  for (auto& c : cases) {
    EXPECT_EQ(decide_replay(c.attempt, {}).spends_budget, c.extra) << c.what;
    c.attempt.budget_left = false;
    const Replay replay = decide_replay(c.attempt, {});
    EXPECT_EQ(replay.choice == kNever, c.extra) << c.what;
    if (c.extra) {
      EXPECT_STREQ(replay.rule, "budget_used_up") << c.what;
    }
  }
}

TEST(Replay, WhatAnUpstreamSaysThatItHadNotBegunWithIsSentAgainWhateverItIs) {
  for (const auto method : kMethods)
    for (const bool reused : {false, true}) {
      const FailedAttempt refused{
          .failure = Failure::NotProcessed, .method = method, .sent = true, .reused_connection = reused};
      check({{"refused", refused, kFresh, "never_processed"}});
      EXPECT_FALSE(decide_replay(refused, {}).spends_budget) << "nobody has worked on it";
      FailedAttempt no_budget = refused;
      no_budget.budget_left = false;
      FailedAttempt convicted = refused;
      convicted.contained = true;
      FailedAttempt used_body = refused;
      used_body.body_replayable = false;
      FailedAttempt committed = refused;
      committed.committed = true;
      check({{"the budget is not asked", no_budget, kFresh, "never_processed"},
             {"what was not begun with has killed nobody", convicted, kFresh, "never_processed"},
             {"not kept", used_body, kNever, "body_not_kept"},
             {"a client has seen an answer", committed, kNever, "committed"}});
      FailedAttempt often = refused;
      often.tries = 3;
      check({{"a fresh connection that refuses is a try, an old one is not", often, reused ? kFresh : kNever,
              reused ? "never_processed" : "attempts_used_up"}});
      EXPECT_EQ(is_try(Failure::NotProcessed, true, reused), !reused);
    }
  const FailedAttempt refused{.failure = Failure::NotProcessed, .method = Method::Get, .sent = true};
  check({{"not configured", refused, kNever, "not_configured"}}, {.on_connect_failure = false});
}

TEST(Replay, AConnectionsDeathIsPaidForOnce) {
  FailedAttempt reset{.failure = Failure::Reset, .method = Method::Get, .sent = true};
  EXPECT_TRUE(decide_replay(reset, {}).spends_budget);
  reset.death_paid_for = true;
  EXPECT_FALSE(decide_replay(reset, {}).spends_budget);
  reset.budget_left = false;
  check({{"paid for, whatever is left now", reset, kAnother, "reset_idempotent"}});
  reset.method = Method::Post;
  check({{"not because it is free", reset, kNever, "reset_not_idempotent"}});
  reset.method = Method::Get;
  reset.tries = 3;
  check({{"nor more often", reset, kNever, "attempts_used_up"}});
  EXPECT_FALSE(decide_replay(reset, {}).unless_dead);
}

TEST(Replay, OfARequestWhoseLikeKillThereIsOneTryOnly) {
  for (const auto failure : {Failure::Reset, Failure::Evicted, Failure::HeaderTimeout, Failure::RetryStatus})
    for (const bool reused : {false, true}) {
      FailedAttempt attempt{.failure = failure, .method = Method::Get, .sent = true, .reused_connection = reused};
      attempt.upstream_dead = true;
      attempt.contained = true;
      check({{"contained", attempt, kNever, "contained"}});
      EXPECT_TRUE(decide_replay(attempt, {}).contained);
    }
  FailedAttempt post{.failure = Failure::Reset, .method = Method::Post, .sent = true};
  post.contained = true;
  check({{"it would not have been sent again anyway", post, kNever, "reset_not_idempotent"}});
  FailedAttempt refused{.failure = Failure::Refused, .method = Method::Get};
  refused.contained = true;
  check({{"nothing has been tried yet", refused, kAnother, "nothing_sent"}});
}

TEST(Replay, WhatALiveUpstreamsLoadForbidsMayBeAllowedForADeadOne) {
  const FailedAttempt reset{.failure = Failure::Reset, .method = Method::Get, .sent = true};
  const auto unless_dead = [](FailedAttempt attempt, const config::Retry& retry = {}) {
    return decide_replay(attempt, retry).unless_dead;
  };
  FailedAttempt no_budget = reset;
  no_budget.budget_left = false;
  FailedAttempt no_tries = reset;
  no_tries.tries = 3;
  EXPECT_TRUE(unless_dead(no_budget));
  EXPECT_FALSE(unless_dead(no_tries)) << "a dead one was hit as well";
  EXPECT_FALSE(unless_dead(reset)) << "allowed as it is";

  FailedAttempt used_body = no_budget;
  used_body.body_replayable = false;
  FailedAttempt post = no_budget;
  post.method = Method::Post;
  FailedAttempt silent = no_budget;
  silent.failure = Failure::HeaderTimeout;
  EXPECT_FALSE(unless_dead(used_body));
  EXPECT_FALSE(unless_dead(post));
  EXPECT_FALSE(unless_dead(silent)) << "nobody who is dead keeps a connection open";
  EXPECT_FALSE(unless_dead(no_budget, {.attempts = 0}));
  EXPECT_FALSE(unless_dead(no_budget, {.on_reset = false}));
  EXPECT_FALSE(unless_dead(no_budget, {.on_evicted = false}));
}

TEST(Replay, DoesWhatRetryOnSays) {
  const FailedAttempt refused{.failure = Failure::Refused, .method = Method::Get};
  const FailedAttempt reset{.failure = Failure::Reset, .method = Method::Get, .sent = true};
  const FailedAttempt silent{.failure = Failure::HeaderTimeout, .method = Method::Get, .sent = true};
  check({{"refused", refused, kNever, "not_configured"},
         {"reset", reset, kAnother, "reset_idempotent"},
         {"silent", silent, kAnother, "timeout_safe"}},
        {.on_connect_failure = false});
  check({{"refused", refused, kAnother, "nothing_sent"},
         {"reset", reset, kNever, "not_configured"},
         {"silent", silent, kAnother, "timeout_safe"}},
        {.on_reset = false});
  check({{"refused", refused, kAnother, "nothing_sent"},
         {"reset", reset, kAnother, "reset_idempotent"},
         {"silent", silent, kNever, "not_configured"}},
        {.on_timeout = false});
}

TEST(Replay, AWebSocketGoesToAnotherUpstreamThatMayKnowThem) {
  const FailedAttempt first{.failure = Failure::NoWebSocket, .method = Method::Get};
  FailedAttempt alone = first;
  alone.another_up = false;
  FailedAttempt many = first;
  many.tries = 100;
  check({{"another one is up", first, kAnother, "nothing_sent"},
         {"there is no other", alone, kNever, "websocket_no_other"},
         {"it is no try", many, kAnother, "nothing_sent"}});
  check({{"whatever retry.on says", first, kAnother, "nothing_sent"}}, {.on_connect_failure = false});
  check({{"nor how often", many, kAnother, "nothing_sent"}}, {.attempts = 0});
  EXPECT_FALSE(is_try(Failure::NoWebSocket, false, false));
  EXPECT_FALSE(is_try(Failure::NoWebSocket, false, true));
}

}  // namespace
}  // namespace frontdoor
