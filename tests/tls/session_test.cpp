// Two sessions of ours on the two ends of a socket: handshakes, bytes, ends, tickets, and a socket that takes little.

#include "tls/session.h"

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "pair.h"

namespace frontdoor::tls {
namespace {

using testing::Client;
using testing::context_of;
using testing::Made;
using testing::SessionPair;
using testing::some_keys;
using testing::Wish;

class EachVersion : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Session, EachVersion, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](const auto& version) { return version.param == TLS1_2_VERSION ? "Tls12" : "Tls13"; });

TEST_P(EachVersion, CarriesBytesBothWays) {
  Client client(GetParam());
  SessionPair pair(*context_of({}, some_keys()), client.begin());
  ASSERT_EQ(pair.shake_hands(), Session::Step::Done) << pair.at_server->failure();
  EXPECT_EQ(pair.at_server->facts().version, GetParam() == TLS1_2_VERSION ? "TLSv1.2" : "TLSv1.3");
  EXPECT_EQ(pair.at_server->facts().server_name, "a.example");
  EXPECT_FALSE(pair.at_server->facts().resumed);
  ASSERT_TRUE(pair.at_server->facts().certificate);
  std::string much;
  for (int i = 0; i < 200'000; ++i) much += std::to_string(i);
  EXPECT_EQ(pair.carry(pair.client, pair.server, "hello"), "hello");
  EXPECT_TRUE(pair.carry(pair.server, pair.client, much) == much);
  EXPECT_TRUE(pair.carry(pair.client, pair.server, much) == much);
}

// The kernel takes a few bytes at a time: what was sealed is not lost, and is owed until it has left.
TEST_P(EachVersion, ASocketThatTakesLittleIsOwed) {
  Client client(GetParam());
  SessionPair pair(*context_of({}, some_keys()), client.begin());
  pair.ops.most_per_send = 7;
  ASSERT_EQ(pair.shake_hands(), Session::Step::Done);
  for (int turns = 0; turns < 1000 && pair.server.flush() != IoStatus::Ok; ++turns) {
    pair.turn();
    SessionPair::read_some(pair.client);  // tickets
  }
  const std::string text(3000, 'x');
  EXPECT_EQ(SessionPair::write(pair.server, text).bytes, text.size()) << "sealed";
  EXPECT_EQ(pair.server.flush(), IoStatus::WouldBlock);
  EXPECT_GT(pair.server.unacknowledged(), 2900u);
  EXPECT_EQ(SessionPair::write(pair.server, "more").status, IoStatus::WouldBlock) << "first the one, then the other";
  std::string arrived;
  for (int turns = 0; turns < 3000 && arrived.size() < text.size(); ++turns) {
    pair.turn();
    pair.server.flush();
    arrived += SessionPair::read_some(pair.client);
  }
  EXPECT_EQ(arrived, text);
  EXPECT_EQ(pair.server.flush(), IoStatus::Ok);
}

TEST_P(EachVersion, HeadAndBodyLeaveInOneRecordAndOneCall) {
  Client client(GetParam());
  SessionPair pair(*context_of({}, some_keys()), client.begin());
  ASSERT_EQ(pair.shake_hands(), Session::Step::Done);
  pair.turn();
  SessionPair::read_some(pair.client);
  const std::string body(60'000, 'b');
  const iovec parts[] = {{const_cast<char*>("head "), 5}, {const_cast<char*>(""), 0}, {const_cast<char*>(body.data()), body.size()}};
  const auto sends = pair.ops.sends;
  EXPECT_EQ(pair.server.write(parts, 3).bytes, 5 + body.size());
  EXPECT_EQ(pair.ops.sends, sends + 1);
  pair.turn();
  EXPECT_EQ(SessionPair::read_some(pair.client), "head " + body);
}

TEST_P(EachVersion, ACloseNotifyIsAnEndAndNothingElseIs) {
  for (const bool announced : {true, false}) {
    Client client(GetParam());
    SessionPair pair(*context_of({}, some_keys()), client.begin());
    ASSERT_EQ(pair.shake_hands(), Session::Step::Done);
    SessionPair::write(pair.client, "last words");
    if (announced) pair.client.shutdown_write();
    else ::shutdown(pair.client_fd, SHUT_WR);
    pair.turn();
    EXPECT_EQ(SessionPair::read_some(pair.server), "last words");
    EXPECT_EQ(SessionPair::last.status, announced ? IoStatus::End : IoStatus::Failed);
    EXPECT_TRUE(pair.server.may_read()) << "for whoever asks again";
    SessionPair::read_some(pair.server);
    EXPECT_EQ(SessionPair::last.status, announced ? IoStatus::End : IoStatus::Failed);
    // A client that has said all may still wait for the answer.
    EXPECT_EQ(SessionPair::write(pair.server, "answer").status, IoStatus::Ok);
    pair.turn();
    EXPECT_EQ(SessionPair::read_some(pair.client), "answer");
  }
}

TEST(Session, ClosingSaysSoAndAbortingDoesNot) {
  for (const bool abort : {false, true}) {
    Client client;
    SessionPair pair(*context_of({}, some_keys()), client.begin());
    ASSERT_EQ(pair.shake_hands(), Session::Step::Done);
    if (abort) pair.server.abort();
    else pair.server.close();
    pair.turn();
    SessionPair::read_some(pair.client);
    EXPECT_EQ(SessionPair::last.status, abort ? IoStatus::Failed : IoStatus::End);
  }
}

// TLS 1.3 sends tickets behind the handshake: an idle connection that gets them has not been touched.
TEST(Session, TicketsAreNoInput) {
  Client client;
  SessionPair pair(*context_of({}, some_keys()), client.begin());
  ASSERT_EQ(pair.shake_hands(), Session::Step::Done);
  pair.turn();
  EXPECT_TRUE(pair.client.may_read()) << "something has come";
  EXPECT_FALSE(pair.client.input_waits()) << "and it was tickets";
  EXPECT_TRUE(pair.client.quiet());
  EXPECT_TRUE(client.ticket);
  SessionPair::write(pair.server, "x");
  EXPECT_FALSE(pair.client.quiet());
  EXPECT_TRUE(pair.client.input_waits());
  EXPECT_EQ(SessionPair::read_some(pair.client), "x");
}

TEST_P(EachVersion, AClientComesBackToAnyWorkerByItsTicket) {
  const auto keys = some_keys();
  Client client(GetParam());
  for (int time = 0; time < 3; ++time) {
    SessionPair pair(*context_of({}, keys), client.begin());  // another context, as after a change of certificates
    ASSERT_EQ(pair.shake_hands(), Session::Step::Done) << pair.at_server->failure();
    EXPECT_EQ(pair.at_server->facts().resumed, time != 0) << time;
    EXPECT_EQ(pair.at_server->facts().server_name, "a.example");
    EXPECT_TRUE(pair.at_server->facts().certificate);
    pair.turn();
    EXPECT_FALSE(pair.client.input_waits());
    EXPECT_TRUE(client.ticket) << time;
  }
  SessionPair pair(*context_of({}, some_keys()), client.begin());
  ASSERT_EQ(pair.shake_hands(), Session::Step::Done);
  EXPECT_FALSE(pair.at_server->facts().resumed) << "another listener's keys";
}

TEST_P(EachVersion, AClientsCertificateIsKnownAlsoWhenItComesBack) {
  const std::int64_t real = std::time(nullptr);
  const Made authority(Wish{.common = "authority", .alternatives = "", .authority = true, .from = real - 1000,
                            .until = real + 1000});
  const Made other(Wish{.common = "other", .alternatives = "", .authority = true, .from = real - 1000, .until = real + 1000});
  const Made alice(Wish{.common = "alice \xc3\xa9\r\n", .alternatives = "", .from = real - 1000, .until = real + 1000},
                   &authority);
  const auto keys = some_keys();
  const ServerRules rules{.client_ca = authority.cert()};
  Client client(GetParam());
  SSL_CTX_use_certificate(client.context.get(), alice.get());
  const BioPtr key = bio_of(alice.key());
  // The text must live on; OpenSSL copies the key.
  const std::string key_text = alice.key();
  const KeyPtr alice_key(PEM_read_bio_PrivateKey(bio_of(key_text).get(), nullptr, nullptr, nullptr));
  ASSERT_EQ(SSL_CTX_use_PrivateKey(client.context.get(), alice_key.get()), 1);
  std::string fingerprint;
  for (int time = 0; time < 2; ++time) {
    SessionPair pair(*context_of(rules, keys), client.begin());
    ASSERT_EQ(pair.shake_hands(), Session::Step::Done) << pair.at_server->failure();
    EXPECT_EQ(pair.at_server->facts().resumed, time != 0);
    ASSERT_TRUE(pair.at_server->facts().client);
    EXPECT_EQ(pair.at_server->facts().client->subject, "CN=alice \\C3\\A9\\0D\\0A");
    EXPECT_EQ(pair.at_server->facts().client->issuer, "CN=authority");
    if (time == 0) fingerprint = pair.at_server->facts().client->fingerprint;
    EXPECT_EQ(pair.at_server->facts().client->fingerprint, fingerprint);
    EXPECT_EQ(fingerprint.size(), 64u);
    pair.turn();
    EXPECT_FALSE(pair.client.input_waits());
  }
  // The same keys, but another authority: the ticket is not taken, and the certificate is not believed.
  SessionPair pair(*context_of({.client_ca = other.cert()}, keys), client.begin());
  for (int turns = 0; turns < 10 && *pair.at_server->failure() == 0; ++turns) {
    pair.at_client->shake_hands();
    pair.at_server->shake_hands();
    pair.turn();
  }
  EXPECT_STREQ(pair.at_server->failure(), "unable to get local issuer certificate");
}

TEST_P(EachVersion, WithoutACertificateThatIsAskedForNobodyComesIn) {
  const Made authority(Wish{.common = "authority", .alternatives = "", .authority = true});
  Client client(GetParam());
  SessionPair pair(*context_of({.client_ca = authority.cert()}, some_keys()), client.begin());
  for (int turns = 0; turns < 10 && *pair.at_server->failure() == 0; ++turns) {
    pair.at_client->shake_hands();
    pair.at_server->shake_hands();
    pair.turn();
  }
  EXPECT_STREQ(pair.at_server->failure(), "peer did not return a certificate");
}

TEST(Session, WhatWasReadBeforeIsPutBack) {
  Client client;
  SessionPair pair(*context_of({}, some_keys()), client.begin());
  pair.at_client->shake_hands();
  pair.turn();
  std::array<char, 4096> read;
  const IoResult hello = pair.server.read_socket(read.data(), read.size());
  ASSERT_EQ(hello.status, IoStatus::Ok);
  pair.at_server->put_back({read.data(), hello.bytes});
  EXPECT_EQ(pair.shake_hands(), Session::Step::Done);
}

// ---- Messages that are no data, and each wants an answer

void ask_for_new_keys(SessionPair& pair, int times) {
  for (int i = 0; i < times; ++i) {
    ASSERT_EQ(SSL_key_update(pair.at_client->ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_EQ(pair.at_client->shake_hands(), Session::Step::Done);
  }
}

TEST(Session, SomeKeyUpdatesAreAnswered) {
  Client client;
  SessionPair pair(*context_of({}, some_keys()), client.begin());
  ASSERT_EQ(pair.shake_hands(), Session::Step::Done);
  for (int time = 0; time < 5; ++time) {
    ask_for_new_keys(pair, 30);
    EXPECT_EQ(pair.carry(pair.client, pair.server, "hello"), "hello");
    EXPECT_EQ(pair.carry(pair.server, pair.client, "hello"), "hello");
  }
}

// OpenSSL goes on to the next record by itself, so one call could read for as long as its peer likes to send.
TEST(Session, KeyUpdatesWithoutEndAreNotReadInOneCall) {
  Client client;
  SessionPair pair(*context_of({}, some_keys()), client.begin());
  ASSERT_EQ(pair.shake_hands(), Session::Step::Done);
  ask_for_new_keys(pair, 6000);  // 160 KiB
  const auto waiting = [&] {
    int bytes = 0;
    EXPECT_EQ(::ioctl(pair.server_fd, FIONREAD, &bytes), 0);
    return bytes;
  };
  int most = 0;
  IoResult result;
  std::array<char, 1000> room;
  for (int turns = 0; turns < 100 && result.status == IoStatus::WouldBlock; ++turns) {
    pair.at_client->flush();
    pair.turn();
    const int before = waiting();
    result = pair.server.read(room.data(), room.size());
    most = std::max(most, before - waiting());
  }
  EXPECT_EQ(result.status, IoStatus::Failed);
  EXPECT_LE(most, 84 * 1024) << "64 KiB and the read that reached them";
  EXPECT_STREQ(pair.at_server->failure(), "too many messages without data");
}

TEST(Session, WhoDoesNotReadTheAnswersToItsKeyUpdatesIsGivenUp) {
  Client client;
  SessionPair pair(*context_of({}, some_keys()), client.begin());
  ASSERT_EQ(pair.shake_hands(), Session::Step::Done);
  std::size_t most = 0;
  IoResult result;
  std::array<char, 1000> room;
  for (int times = 0; times < 20'000 && result.status != IoStatus::Failed; ++times) {
    ask_for_new_keys(pair, 1);
    SessionPair::write(pair.client, "x");
    pair.client.flush();
    pair.turn();
    result = pair.server.read(room.data(), room.size());
    most = std::max(most, pair.at_server->owed());
  }
  EXPECT_EQ(result.status, IoStatus::Failed);
  EXPECT_GT(most, 200u * 1024) << "it was given some time";
  EXPECT_LE(most, 320u * 1024);
}

TEST(Session, PlainHttpIsRecognised) {
  struct {
    const char* sent;
    bool http;
  } cases[] = {{"GET / HTTP/1.1\r\n\r\n", true}, {"OPTIONS * HTTP/1.1\r\n", true}, {"\x01\x02\x03\x04\x05\x06", false}};
  for (const auto& c : cases) {
    Client client;
    SessionPair pair(*context_of({}, some_keys()), client.begin());
    ASSERT_GT(::write(pair.client_fd, c.sent, std::strlen(c.sent)), 0);
    pair.turn();
    EXPECT_EQ(pair.at_server->shake_hands(), Session::Step::Failed) << c.sent;
    EXPECT_EQ(pair.at_server->saw_plain_http(), c.http) << c.sent;
    EXPECT_STRNE(pair.at_server->failure(), "");
  }
}

TEST(Session, AClientThatLeavesInTheMiddleIsToldAsThat) {
  Client client;
  SessionPair pair(*context_of({}, some_keys()), client.begin());
  pair.at_client->shake_hands();
  pair.turn();
  EXPECT_EQ(pair.at_server->shake_hands(), Session::Step::Pending);
  ::shutdown(pair.client_fd, SHUT_WR);
  pair.turn();
  EXPECT_EQ(pair.at_server->shake_hands(), Session::Step::Failed);
  EXPECT_STREQ(pair.at_server->failure(), "the connection ended");
}

TEST(Session, ProtocolsAreOursFirst) {
  struct {
    std::vector<std::string> ours;
    std::string offered;
    std::string agreed;
    bool good;
  } cases[] = {
      {{"http/1.1"}, std::string("\x02h2\x08http/1.1"), "http/1.1", true},
      {{"h2", "http/1.1"}, std::string("\x08http/1.1\x02h2"), "h2", true},
      {{"http/1.1"}, std::string("\x02h2"), "", false},
      {{"http/1.1"}, "", "", true},
  };
  for (const auto& c : cases) {
    Client client;
    SslPtr ssl = client.begin();
    if (!c.offered.empty())
      SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(c.offered.data()),
                          static_cast<unsigned>(c.offered.size()));
    SessionPair pair(*context_of({.protocols = c.ours}, some_keys()), std::move(ssl));
    EXPECT_EQ(pair.shake_hands() == Session::Step::Done, c.good) << c.offered;
    EXPECT_EQ(pair.at_server->protocol(), c.agreed) << c.offered;
  }
}

}  // namespace
}  // namespace frontdoor::tls
