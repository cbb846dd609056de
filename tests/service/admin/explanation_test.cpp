// Why an upstream takes no requests, in sentences.

#include "service/admin/explanation.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

WhyFacts facts(std::string state, std::string reason = "", DownCause cause = DownCause::None) {
  WhyFacts facts{.pool = "app", .name = "10.0.0.2:80", .address = "10.0.0.2:80", .state = std::move(state)};
  facts.reason = std::move(reason);
  facts.state_millis = 180'000;
  facts.cause = cause;
  config::HealthCheck check;
  check.path = "/healthz";
  facts.check = check;
  facts.next_probe_millis = 400;
  return facts;
}

std::string text_of(const WhyFacts& facts) {
  const Explanation explanation = explain(facts);
  std::string text = explanation.summary;
  for (const auto& line : explanation.back) text += "\n< " + line;
  for (const auto& line : explanation.advice) text += "\n> " + line;
  return text;
}

TEST(Explanation, IsForSomebodyWhoHasNeverReadTheDocs) {
  WhyFacts without_check = facts("down", "connection refused", DownCause::Dead);
  without_check.check.reset();
  without_check.next_probe_millis.reset();
  WhyFacts unknown = facts("unknown");
  unknown.state_millis.reset();
  WhyFacts socket = facts("down", "status 503", DownCause::Unwell);
  socket.name = socket.address = "unix:/run/a.sock";
  WhyFacts https = facts("down", "status 503", DownCause::Unwell);
  https.name = https.address = "https://shop.example:443";
  WhyFacts handshake = https;
  handshake.check->type = config::HealthCheck::Type::Tls;
  WhyFacts by_command = facts("down", "3 of 3 probes failed: exit 1", DownCause::Unwell);
  by_command.check->type = config::HealthCheck::Type::Exec;
  by_command.check->command = {"./check", "a b"};
  WhyFacts no_end = by_command;
  no_end.reason = "3 of 3 probes failed: probe timed out";
  no_end.cause = DownCause::Hung;
  no_end.name = no_end.address = "unix:/run/a.sock";
  WhyFacts name = facts("down", "name does not resolve", DownCause::Unwell);
  name.name = name.address = "app.internal:80";
  WhyFacts drained = facts("up");
  drained.order = "drain";
  drained.ordered_by = "root, 3m ago: a new disk";
  drained.in_flight = 6;
  WhyFacts both = facts("down", "connection refused", DownCause::Dead);
  both.order = "maintenance";
  both.ordered_by = "root, 3m ago";
  WhyFacts closed = facts("up");
  closed.pool_maintenance = true;
  WhyFacts crash = facts("crash loop");
  crash.name = "app.2";
  crash.is_instance = true;
  crash.last_end = "exit 1";
  crash.next_start_millis = 8'000;
  WhyFacts stopped = facts("stopped");
  stopped.name = "app.2";
  stopped.is_instance = true;
  WhyFacts ended = stopped;
  ended.state = "exited";
  ended.last_end = "exit 1";
  WhyFacts done = ended;
  done.state = "done";
  done.last_end = "exit 0";
  const struct {
    const char* what;
    WhyFacts facts;
    const char* text;
  } cases[] = {
      {"well", facts("up"), "app/10.0.0.2:80 has been up for 3m"},
      {"dead", facts("down", "connection refused", DownCause::Dead),
       "app/10.0.0.2:80 has been down for 3m: connection refused\n"
       "< it is up again after 2 passes in a row of GET /healthz, asked every 500ms while it is down; so far 0; the next is asked at "
       "once\n"
       "> nobody listens at 10.0.0.2:80: is the app running there? On its machine: ss -ltnp 'sport = :80'"},
      {"without a check", without_check,
       "app/10.0.0.2:80 has been down for 3m: connection refused\n"
       "< it is up again when a TCP connect succeeds, tried every 100 ms at first and more seldom later\n"
       "> nobody listens at 10.0.0.2:80: is the app running there? On its machine: ss -ltnp 'sport = :80'"},
      {"https", https,
       "app/https://shop.example:443 has been down for 3m: status 503\n"
       "< it is up again after 2 passes in a row of GET /healthz, asked every 500ms while it is down; so far 0; the next is asked at "
       "once\n"
       "> see what it says: curl -i https://shop.example:443/healthz"},
      {"a handshake", handshake,
       "app/https://shop.example:443 has been down for 3m: status 503\n"
       "< it is up again after 2 passes in a row of a TLS handshake, asked every 500ms while it is down; so far 0; the next is asked "
       "at once\n"
       "> see what it says: curl -i https://shop.example:443/"},
      {"hung", facts("down", "3 of 3 probes failed: probe timed out", DownCause::Hung),
       "app/10.0.0.2:80 has been down for 3m: 3 of 3 probes failed: probe timed out\n"
       "< it is up again after 2 passes in a row of GET /healthz, asked every 500ms while it is down; so far 0; the next is asked at "
       "once\n"
       "> it takes connections and says nothing: it hangs, or has more to do than it can\n"
       "> see what it says: curl -i http://10.0.0.2:80/healthz"},
      {"not judged yet", unknown,
       "app/10.0.0.2:80 is unknown\n"
       "< it is up again after 1 pass of GET /healthz, asked every 500ms while it is down; the next is asked at once\n"
       "> see what it says: curl -i http://10.0.0.2:80/healthz"},
      {"behind a unix socket", socket,
       "app/unix:/run/a.sock has been down for 3m: status 503\n"
       "< it is up again after 2 passes in a row of GET /healthz, asked every 500ms while it is down; so far 0; the next is asked at "
       "once\n"
       "> see what it says: curl -i --unix-socket /run/a.sock http://localhost/healthz"},
      {"asked by a command", by_command,
       "app/10.0.0.2:80 has been down for 3m: 3 of 3 probes failed: exit 1\n"
       "< it is up again after 2 passes in a row of its check command (./check), asked every 500ms while it is down; so far 0; the "
       "next is asked at once\n"
       "> run it by hand: PORT=80 FRONTDOOR_ADDRESS=10.0.0.2:80 ./check \"a b\""},
      {"a command that does not end", no_end,
       "app/unix:/run/a.sock has been down for 3m: 3 of 3 probes failed: probe timed out\n"
       "< it is up again after 2 passes in a row of its check command (./check), asked every 500ms while it is down; so far 0; the "
       "next is asked at once\n"
       "> its check did not end in time: the app hangs, or the check takes longer than its timeout, 1s\n"
       "> run it by hand: PORT=/run/a.sock FRONTDOOR_ADDRESS=unix:/run/a.sock ./check \"a b\""},
      {"a name", name,
       "app/app.internal:80 has been down for 3m: name does not resolve\n"
       "< it is up again after 2 passes in a row of GET /healthz, asked every 500ms while it is down; so far 0; the next is asked at "
       "once\n"
       "> ask the resolver: getent hosts app.internal; see `resolver` in the config"},
      {"drained", drained,
       "app/10.0.0.2:80 is drained by root, 3m ago: a new disk; 6 requests are on it\n< frontdoor ready app/10.0.0.2:80"},
      {"out, and it would be down", both,
       "app/10.0.0.2:80 is in maintenance by root, 3m ago. It would be down: connection refused\n"
       "< frontdoor ready app/10.0.0.2:80\n"
       "< it is up again after 2 passes in a row of GET /healthz, asked every 500ms while it is down; so far 0; the next is asked at "
       "once\n"
       "> nobody listens at 10.0.0.2:80: is the app running there? On its machine: ss -ltnp 'sport = :80'"},
      {"its pool", closed,
       "app/10.0.0.2:80 has been up for 3m. Its whole pool is in maintenance: every request gets a 503\n< frontdoor ready app"},
      {"a crash loop", crash,
       "app/app.2 has been in a crash loop for 3m; it ended last with exit 1\n< it is started again in 8s\n"
       "> what it wrote: frontdoor logs app.2 -n 50\n"
       "> start it now, once the cause is gone: frontdoor restart app.2 --now"},
      {"ended for good", ended, "app/app.2 exited 3m ago; it ended last with exit 1\n"
       "< it is not started again by itself (restart.policy): frontdoor start app.2\n> what it wrote: frontdoor logs app.2 -n 50"},
      {"done", done, "app/app.2 has done its work, 3m ago; it ended last with exit 0\n"
       "< it is not started again by itself (restart.policy): frontdoor start app.2\n> what it wrote: frontdoor logs app.2 -n 50"},
      {"stopped", stopped, "app/app.2 has been stopped for 3m\n< frontdoor start app.2"},
  };
  for (const auto& c : cases) EXPECT_EQ(text_of(c.facts), c.text) << c.what;
}

}  // namespace
}  // namespace frontdoor
