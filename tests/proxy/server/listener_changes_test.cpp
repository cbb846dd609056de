// Which listeners a new config leaves alone, changes, opens and closes.

#include "proxy/server/listener_changes.h"

#include <gtest/gtest.h>

#include <string>

namespace frontdoor {
namespace {

config::Listener listening_at(const std::string& address, const std::string& name = "") {
  AddressError error;
  config::Listener listener;
  listener.name = name;
  listener.address = *parse_address(address, error);
  return listener;
}

using ListenerList = std::vector<config::Listener>;

// "0 new 1; gone 2": where each of the new config was before, and what ends.
std::string changes_told(const ListenerList& running, const ListenerList& next) {
  const ListenerChanges changes = compare_listeners(running, next);
  std::string text;
  for (const auto& before : changes.before) text += (text.empty() ? "" : " ") + (before ? std::to_string(*before) : "new");
  for (const std::size_t gone : changes.removed) text += "; gone " + std::to_string(gone);
  return text;
}

TEST(ListenerChanges, AListenerIsTheSameByItsAddress) {
  struct {
    const char* what;
    ListenerList running, next;
    const char* expected;
  } const cases[] = {
      {"the first ones", {}, {listening_at(":80"), listening_at(":81")}, "new new"},
      {"nothing", {listening_at(":80")}, {listening_at(":80")}, "0"},
      {"another name", {listening_at(":80", "a")}, {listening_at(":80", "b")}, "0"},
      {"another order", {listening_at(":80"), listening_at(":81")}, {listening_at(":81"), listening_at(":80")}, "1 0"},
      {"one more", {listening_at(":80")}, {listening_at(":81"), listening_at(":80")}, "new 0"},
      {"one less", {listening_at(":80"), listening_at(":81")}, {listening_at(":81")}, "1; gone 0"},
      {"another address", {listening_at(":80")}, {listening_at("127.0.0.1:80")}, "new; gone 0"},
      {"a unix socket", {listening_at("unix:/run/a"), listening_at("fd:web")}, {listening_at("fd:web"), listening_at("unix:/run/a"), listening_at("unix:/run/b")}, "1 0 new"},
      {"ports that the kernel chose are told by name", {listening_at("127.0.0.1:0", "a"), listening_at("127.0.0.1:0", "b")},
       {listening_at("127.0.0.1:0", "b"), listening_at("127.0.0.1:0", "c")}, "1 new; gone 0"},
      {"or one by one", {listening_at("127.0.0.1:0"), listening_at("127.0.0.1:0")}, {listening_at("127.0.0.1:0")}, "0; gone 1"},
  };
  for (const auto& c : cases) EXPECT_EQ(changes_told(c.running, c.next), c.expected) << c.what;
}

TEST(ListenerChanges, CertificatesAreNoOtherTermsButTheRestIs) {
  config::Listener plain = listening_at(":443");
  config::Listener tls = plain;
  tls.tls = config::ListenerTls{.certificates = {{.cert = "a.pem", .key = "a.key"}}};
  config::Listener other = tls;
  other.tls->certificates[0].cert = "b.pem";
  other.tls->min_version = config::ListenerTls::MinVersion::Tls13;
  EXPECT_TRUE(same_terms(tls, other)) << "they are exchanged where they are kept";
  EXPECT_FALSE(same_terms(plain, tls));
  other.tls->hsts = config::Millis{1};
  EXPECT_FALSE(same_terms(tls, other));
  for (const auto& change : std::vector<void (*)(config::Listener&)>{
           [](config::Listener& l) { l.via = false; }, [](config::Listener& l) { l.max_connections = 7; },
           [](config::Listener& l) { l.proxy_protocol = true; }, [](config::Listener& l) { l.protocols.h2 = false; },
           [](config::Listener& l) { l.request_id_header = "X-Id"; }, [](config::Listener& l) { l.name = "web"; }}) {
    config::Listener changed = plain;
    change(changed);
    EXPECT_FALSE(same_terms(plain, changed));
  }
}

}  // namespace
}  // namespace frontdoor
