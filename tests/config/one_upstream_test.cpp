// An upstream that is named while the program runs is judged as in a config.

#include "config/one_upstream.h"

#include <gtest/gtest.h>

namespace frontdoor::config {
namespace {

std::string read(const UpstreamWords& words) {
  const auto upstream = read_one_upstream(words);
  if (!upstream) return "bad: " + upstream.error();
  return upstream->address.to_string() + " weight " + std::to_string(upstream->weight) + " priority " +
         std::to_string(upstream->priority) + " host \"" + upstream->host + '"';
}

TEST(OneUpstream, IsReadByTheRowsOfTheSchema) {
  const struct {
    UpstreamWords words;
    const char* read;
  } cases[] = {
      {{"10.0.0.4:8080", {}, {}, {}}, "10.0.0.4:8080 weight 1 priority 0 host \"\""},
      {{"https://app.internal:443", "3", "2", "a.example"}, "https://app.internal:443 weight 3 priority 2 host \"a.example\""},
      {{"http://10.0.0.4:80", {}, {}, {}}, "10.0.0.4:80 weight 1 priority 0 host \"\""},
      {{"unix:/run/app.sock", "1000", "100", ""}, "unix:/run/app.sock weight 1000 priority 100 host \"\""},
      {{"[::1]:80", {}, {}, {}}, "[::1]:80 weight 1 priority 0 host \"\""},
      {{"", {}, {}, {}}, "bad: bad address \"\""},
      {{":80", {}, {}, {}}, "bad: bad address \":80\": an upstream needs a host: \"127.0.0.1:80\""},
      {{"10.0.0.4", {}, {}, {}}, "bad: bad address \"10.0.0.4\""},
      {{"10.0.0.4:0", {}, {}, {}}, "bad: bad address \"10.0.0.4:0\": an upstream needs a port other than 0"},
      {{"fd:web", {}, {}, {}}, "bad: bad address \"fd:web\": a passed socket accepts clients, it is no upstream"},
      {{"10.0.0.4:80", "0", {}, {}}, "bad: weight: "},
      {{"10.0.0.4:80", "1001", {}, {}}, "bad: weight: "},
      {{"10.0.0.4:80", "", {}, {}}, "bad: weight: expected an integer as in 1, not a string"},
      {{"10.0.0.4:80", "2x", {}, {}}, "bad: weight: expected an integer as in 1, not a string"},
      {{"10.0.0.4:80", {}, "101", {}}, "bad: priority: "},
      {{"10.0.0.4:80", {}, "-1", {}}, "bad: priority: "},
      {{"10.0.0.4:80", {}, {}, "a b"}, "bad: host: "},
      {{"10.0.0.4:80", "0", "101", {}}, "; priority: "},  // all of it at once
  };
  for (const auto& c : cases) {
    const std::string got = read(c.words);
    EXPECT_NE(got.find(c.read), std::string::npos) << got << " instead of " << c.read;
    EXPECT_EQ(got.starts_with("bad: "), std::string_view(c.read).starts_with("bad: ") || c.read[0] == ';') << got;
  }
}

TEST(OneUpstream, LeadsBackWhereItIsSeenWithoutALookUp) {
  const auto tcp = [](const char* host, std::uint16_t port) { return Address{Address::Kind::Tcp, host, port}; };
  const Address path{Address::Kind::Unix, "/run/fd.sock"};
  const struct {
    Address upstream, listener;
    bool leads;
  } cases[] = {
      {tcp("127.0.0.1", 80), tcp("127.0.0.1", 80), true},   {tcp("127.0.0.1", 81), tcp("127.0.0.1", 80), false},
      {tcp("127.0.0.2", 80), tcp("", 80), true},            {tcp("::1", 80), tcp("", 80), true},
      {tcp("localhost", 80), tcp("0.0.0.0", 80), true},     {tcp("::1", 80), tcp("0.0.0.0", 80), false},
      {tcp("::1", 80), tcp("::", 80), true},                {tcp("localhost", 80), tcp("::1", 80), true},
      {tcp("10.0.0.1", 80), tcp("", 80), false},            {path, path, true},
      {path, tcp("", 80), false},
  };
  for (const auto& c : cases)
    EXPECT_EQ(leads_to(c.upstream, c.listener), c.leads) << c.upstream.to_string() << ' ' << c.listener.to_string();
}

}  // namespace
}  // namespace frontdoor::config
