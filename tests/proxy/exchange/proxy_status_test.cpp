// Outcomes in the words of RFC 9209, and what a response is told by them.

#include "proxy/exchange/proxy_status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

#include "proxy/exchange/response_notes.h"

namespace frontdoor {
namespace {

using ProxyStatus = config::Listener::ProxyStatus;
using namespace std::chrono_literals;

// RFC 9209 §2.3, all of them.
const std::set<std::string_view> kRegistered = {
    "dns_timeout", "dns_error", "destination_not_found", "destination_unavailable", "destination_ip_prohibited",
    "destination_ip_unroutable", "connection_refused", "connection_terminated", "connection_timeout", "connection_read_timeout",
    "connection_write_timeout", "connection_limit_reached", "tls_protocol_error", "tls_certificate_error", "tls_alert_received",
    "http_request_error", "http_request_denied", "http_response_incomplete", "http_response_header_section_size",
    "http_response_header_size", "http_response_body_size", "http_response_trailer_section_size", "http_response_trailer_size",
    "http_response_transfer_coding", "http_response_content_coding", "http_response_timeout", "http_upgrade_failed",
    "http_protocol_error", "proxy_internal_response", "proxy_internal_error", "proxy_configuration_error", "proxy_loop_detected"};

// docs/outcomes.md says with which status each outcome is answered: that is what Proxy-Status has to have a word for.
TEST(ProxyErrorType, ThereIsOneForEachAnswerOfOurOwn) {
  std::ifstream page(FRONTDOOR_SOURCE_DIR "/docs/outcomes.md");
  const std::regex row(R"(^\| (`[a-z_0-9]+`(?:, `[a-z_0-9]+`)*) \| ([^|]*) \|.*)"), word(R"(`([a-z_0-9]+)`)");
  std::smatch found;
  int answers = 0;
  for (std::string line; std::getline(page, line) && !line.starts_with("\"Begun\"");) {
    if (!std::regex_match(line, found, row)) continue;
    const std::string words = found[1], status = found[2];
    const bool is_answer = status.find_first_of("45") == 0 || status == "200" || status == "308";
    for (std::sregex_iterator at(words.begin(), words.end(), word), end; at != end; ++at) {
      const std::string outcome = (*at)[1];
      const std::string_view type = proxy_error_type(outcome);
      EXPECT_EQ(kRegistered.contains(type), is_answer) << outcome << ", " << status << ": " << type;
      answers += is_answer ? 1 : 0;
    }
  }
  EXPECT_GT(answers, 30);
}

// A type that says whose fault it was must not say another's.
TEST(ProxyErrorType, Says) {
  const struct {
    std::string_view outcome, type;
  } rows[] = {
      {"served", ""},
      {"client_closed", ""},
      {"response_truncated", ""},
      {"no such outcome", ""},
      {"", ""},
      {"answered", "proxy_internal_response"},
      {"redirected", "proxy_internal_response"},
      {"bad_request", "http_request_error"},
      {"client_header_timeout", "http_request_error"},
      {"not_implemented", "proxy_internal_response"},
      {"no_route", "destination_not_found"},
      {"maintenance", "destination_unavailable"},
      {"hold_timeout", "destination_unavailable"},
      {"pool_saturated", "connection_limit_reached"},
      {"connect_refused", "connection_refused"},
      {"connect_failed", "destination_ip_unroutable"},
      {"connect_timeout", "connection_timeout"},
      {"tls_untrusted", "tls_certificate_error"},
      {"tls_failed", "tls_protocol_error"},
      {"upstream_reset", "connection_terminated"},
      {"response_header_timeout", "http_response_timeout"},
      {"invalid_response", "http_protocol_error"},
      {"websocket_unsupported", "http_upgrade_failed"},
      {"loop_detected", "proxy_loop_detected"},
      {"local_resources", "proxy_internal_error"},
      {"drained", "proxy_internal_error"},
  };
  for (const auto& row : rows) EXPECT_EQ(proxy_error_type(row.outcome), row.type) << row.outcome;
}

std::string notes_told(const ClientInfo& client, const ResponseNotes& notes, http::Fields fields = {}) {
  std::string scratch = "left over", text;
  add_response_notes(client, notes, fields, scratch);
  for (const auto& field : fields) text += std::string(field.name) + ": " + std::string(field.value) + "\n";
  return text;
}

ResponseNotes passed_on() {
  return {.request_id = "id1", .received_status = 200, .next_hop = "127.0.0.1:3001", .total = 15'500us, .upstream = 12'345us};
}
ResponseNotes our_own() { return {.request_id = "id1", .outcome = "hold_timeout", .next_hop = "127.0.0.1:3001", .total = 10s}; }

TEST(ResponseNotes, ByDefaultNothingIsTold) {
  const ClientInfo client;
  EXPECT_FALSE(client.wants_notes());
  EXPECT_EQ(notes_told(client, passed_on()), "");
  EXPECT_EQ(notes_told(client, our_own()), "");
}

TEST(ResponseNotes, ProxyStatus) {
  const struct {
    ProxyStatus which;
    bool trusted;
    const char* of_ours;
    const char* of_theirs;
  } rows[] = {
      {ProxyStatus::Own, false, "Proxy-Status: frontdoor; error=destination_unavailable; details=\"hold_timeout\"\n", ""},
      {ProxyStatus::Own, true,
       "Proxy-Status: frontdoor; error=destination_unavailable; details=\"hold_timeout\"; next-hop=\"127.0.0.1:3001\"\n", ""},
      {ProxyStatus::All, false, "Proxy-Status: frontdoor; error=destination_unavailable; details=\"hold_timeout\"\n",
       "Proxy-Status: frontdoor; received-status=200\n"},
      {ProxyStatus::All, true,
       "Proxy-Status: frontdoor; error=destination_unavailable; details=\"hold_timeout\"; next-hop=\"127.0.0.1:3001\"\n",
       "Proxy-Status: frontdoor; received-status=200; next-hop=\"127.0.0.1:3001\"\n"},
  };
  for (const auto& row : rows) {
    ClientInfo client;
    client.proxy_status = row.which;
    client.trusted = row.trusted;
    EXPECT_TRUE(client.wants_notes());
    EXPECT_EQ(notes_told(client, our_own()), row.of_ours);
    EXPECT_EQ(notes_told(client, passed_on()), row.of_theirs);
  }
}

TEST(ResponseNotes, ANameOfAnUpstreamIsAStringWhateverItIs) {
  ClientInfo client;
  client.proxy_status = ProxyStatus::All;
  client.trusted = true;
  ResponseNotes notes = passed_on();
  notes.next_hop = "unix:/run/a\"b\\c\r\n\x7f\xc3\xa4";
  EXPECT_EQ(notes_told(client, notes), "Proxy-Status: frontdoor; received-status=200; next-hop=\"unix:/run/a\\\"b\\\\c\"\n");
  notes.next_hop = "";
  EXPECT_EQ(notes_told(client, notes), "Proxy-Status: frontdoor; received-status=200\n");
}

TEST(ResponseNotes, ServerTiming) {
  ClientInfo client;
  client.server_timing = true;
  EXPECT_TRUE(client.wants_notes());
  EXPECT_EQ(notes_told(client, passed_on()), "Server-Timing: fd;dur=3.155, upstream;dur=12.345\n");
  EXPECT_EQ(notes_told(client, our_own()), "Server-Timing: fd;dur=10000.000\n");
  EXPECT_EQ(notes_told(client, {.outcome = "no_route"}), "Server-Timing: fd;dur=0.000\n");
  EXPECT_EQ(notes_told(client, {.received_status = 200, .total = 1ms, .upstream = 2ms}), "Server-Timing: fd;dur=0.000, upstream;dur=2.000\n")
      << "nothing took less than no time";
}

TEST(ResponseNotes, WhatUpstreamsHaveSaidStandsBeforeIt) {
  ClientInfo client;
  client.server_timing = true;
  client.proxy_status = ProxyStatus::All;
  client.request_id_header = "X-Request-Id";
  const http::Fields theirs = {{"server-timing", "db;dur=5"}, {"Proxy-Status", "cache; fwd=miss"}, {"x-request-id", "theirs"}};
  EXPECT_EQ(notes_told(client, passed_on(), theirs),
            "server-timing: db;dur=5\nProxy-Status: cache; fwd=miss\nX-Request-Id: id1\n"
            "Server-Timing: fd;dur=3.155, upstream;dur=12.345\nProxy-Status: frontdoor; received-status=200\n");
  EXPECT_EQ(notes_told(ClientInfo{}, passed_on(), theirs), "server-timing: db;dur=5\nProxy-Status: cache; fwd=miss\nx-request-id: theirs\n")
      << "nobody has asked us to remove anything";
}

}  // namespace
}  // namespace frontdoor
