#include "supervisor/instances/start_diagnosis.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

using Port = config::Launch::Port;
using Ready = config::Launch::Ready;

Endpoint endpoint_at(const char* host, std::uint16_t port) { return *Endpoint::numeric(host, port); }
Endpoint path(const char* text) { return Endpoint::unix_path(text); }
ListeningSocket socket(const Endpoint& where, pid_t pid = 412) { return {.at = where, .inode = 1, .pid = pid}; }

const Endpoint kExpected = endpoint_at("127.0.0.1", 7001);

TEST(StartDiagnosis, SaysWhatIsSeen) {
  const std::string advice = ": let it listen on $PORT, as by sh -c 'exec app --port $PORT'";
  const std::string passed = " instead of the socket that it was passed (LISTEN_FDS)";
  const struct {
    const char* name;
    StartSight sight;
    std::string text;
    bool certain;
  } cases[] = {
      {"elsewhere", {.expected = kExpected, .tree = {412}, .sockets = {socket(endpoint_at("127.0.0.1", 8080))}},
       "pid 412 listens on 127.0.0.1:8080, expected PORT=7001" + advice, true},
      {"in a child", {.expected = kExpected, .tree = {412, 413}, .sockets = {socket(endpoint_at("0.0.0.0", 3000), 413)}},
       "pid 413 listens on 0.0.0.0:3000, expected PORT=7001" + advice, true},
      {"on two", {.expected = kExpected, .sockets = {socket(endpoint_at("::", 80)), socket(endpoint_at("::", 443))}},
       "pid 412 listens on [::]:80 and [::]:443, expected PORT=7001" + advice, true},
      {"on many",
       {.expected = kExpected,
        .sockets = {socket(endpoint_at("::", 1)), socket(endpoint_at("::", 2)), socket(endpoint_at("::", 3)), socket(endpoint_at("::", 4))}},
       "pid 412 listens on [::]:1, [::]:2, [::]:3 and others, expected PORT=7001" + advice, true},
      {"IPv6 only", {.expected = kExpected, .sockets = {socket(endpoint_at("::1", 7001))}, .refused = true},
       "pid 412 listens on [::1]:7001, IPv6 only; expected 127.0.0.1:7001", true},
      {"every IPv6 only", {.expected = kExpected, .sockets = {socket(endpoint_at("::", 7001))}, .refused = true},
       "pid 412 listens on [::]:7001, IPv6 only; expected 127.0.0.1:7001", true},
      {"another address", {.expected = kExpected, .sockets = {socket(endpoint_at("10.0.0.5", 7001))}, .refused = true},
       "pid 412 listens on 10.0.0.5:7001 only; expected 127.0.0.1:7001", true},
      {"unwell", {.expected = kExpected, .sockets = {socket(kExpected)}, .last_probe = "status 500"},
       "pid 412 listens on 127.0.0.1:7001, but its probe does not pass: status 500", false},
      {"both families", {.expected = kExpected, .sockets = {socket(endpoint_at("::", 7001))}},
       "pid 412 listens on [::]:7001, but no probe has passed yet", false},
      {"silent", {.expected = kExpected, .ready = Ready::Notify, .sockets = {socket(endpoint_at("0.0.0.0", 7001))}},
       "pid 412 listens on 0.0.0.0:7001, but has not said READY=1", false},
      {"nowhere", {.expected = kExpected, .tree = {412}}, "nothing of it listens anywhere, expected PORT=7001", false},
      {"nowhere and silent", {.expected = kExpected, .ready = Ready::Notify},
       "it has not said READY=1, and nothing of it listens anywhere, expected PORT=7001", false},
      {"taken", {.expected = kExpected, .other_holder = "pid 77 (nginx)"}, "port 7001 is held by pid 77 (nginx)", true},
      {"a control socket of its own", {.expected = kExpected, .sockets = {socket(path("/tmp/x"))}},
       "nothing of it listens anywhere, expected PORT=7001", false},
      {"no number", {.expected = path("/run/a.sock"), .port = Port::Unix, .sockets = {socket(endpoint_at("::", 3000))}},
       "pid 412 listens on [::]:3000, expected PORT=/run/a.sock (an app that takes only a number needs port = \"auto\")", true},
      {"another path", {.expected = path("/run/a.sock"), .port = Port::Unix, .sockets = {socket(path("/tmp/b.sock"))}},
       "pid 412 listens on unix:/tmp/b.sock, expected PORT=/run/a.sock (an app that takes only a number needs port = "
       "\"auto\")", true},
      {"worker", {.port = Port::None, .ready = Ready::Notify}, "it has not said READY=1", false},
      {"passed, not taken",
       {.expected = kExpected, .port = Port::ListenFds, .tree = {412}, .sockets = {socket(kExpected)}, .last_probe = "probe timed out"},
       "pid 412 does not answer on the socket that it was passed (LISTEN_FDS): probe timed out", false},
      {"passed, listens elsewhere",
       {.expected = kExpected, .port = Port::ListenFds, .tree = {412}, .sockets = {socket(kExpected), socket(endpoint_at("::", 80))}},
       "pid 412 listens on [::]:80" + passed, true},
      {"passed to a wrapper",
       {.expected = kExpected, .port = Port::ListenFds, .tree = {412, 413}, .sockets = {socket(kExpected)}},
       "LISTEN_PID names pid 412, which has started pid 413: only the process that frontdoor starts may take the socket, so "
       "start the app itself, or put exec before its command in the shell", false},
      {"passed, silent",
       {.expected = kExpected, .port = Port::ListenFds, .ready = Ready::Notify, .tree = {412}, .sockets = {socket(kExpected)}},
       "it has not said READY=1", false},
  };
  for (const auto& c : cases) {
    const StartDiagnosis found = diagnose_start(c.sight);
    EXPECT_EQ(found.text, c.text) << c.name;
    EXPECT_EQ(found.certain, c.certain) << c.name;
  }
}

// As the languages of most apps say it.
TEST(AddressInUse, TellsOneThatListensWhereItAlwaysDid) {
  const std::string told =
      "; it found an address in use and did not try PORT=7001: let it listen on $PORT, as by sh -c 'exec app --port $PORT'";
  const struct {
    const char* last_words;
    bool expected;
  } cases[] = {
      {"Error: listen EADDRINUSE: address already in use :::3000\n    at Server.setupListenHandle", true},
      {"OSError: [Errno 98] Address already in use", true},
      {"listen tcp :8080: bind: address already in use", true},
      {"java.net.BindException: Address already in use", true},
      {"Error: listen EADDRINUSE: address already in use 127.0.0.1:7001", false},  // there it was to listen: no advice helps
      {"Error: Cannot find module 'x'", false},
      {"", false},
  };
  for (const auto& c : cases) EXPECT_EQ(address_in_use(c.last_words, kExpected), c.expected ? told : "") << c.last_words;
  EXPECT_EQ(address_in_use("EADDRINUSE", path("/run/a.sock")), "");
  EXPECT_EQ(address_in_use("EADDRINUSE", Endpoint{}), "") << "a worker";
}

}  // namespace
}  // namespace frontdoor
