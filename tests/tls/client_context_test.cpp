// Our side towards upstreams: whom it believes, what it shows, and which sessions it uses again.

#include "tls/client_context.h"

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>

#include "pair.h"
#include "tls/pipe.h"
#include "tests/support/temporary_directory.h"

namespace frontdoor::tls {
namespace {

namespace fs = std::filesystem;
using testing::Made;
using testing::SessionPair;
using testing::some_keys;
using testing::Wish;

const std::int64_t kReal = std::time(nullptr);  // what OpenSSL verifies by

Wish now(Wish wish) {
  if (wish.from == Wish{}.from) wish.from = kReal - testing::kDay;
  if (wish.until == Wish{}.until) wish.until = kReal + testing::kDay;
  return wish;
}

// Files that a config names.
class Files {
 public:
  std::string put(const std::string& name, const std::string& text) const {
    std::ofstream(directory_ / name) << text;
    return directory_ / name;
  }
  std::string path(const std::string& name) const { return directory_ / name; }

 private:
  const test::TemporaryDirectory directory_;
};

std::shared_ptr<const ServerContext> site(const Made& made, const ServerRules& rules = {}) {
  auto loaded = load_certificate({"site.pem", made.cert(), made.key(), ""}, kReal);
  std::string error;
  auto context = ServerContext::make(CertificateTable({loaded.certificate}), rules, some_keys(), error);
  EXPECT_EQ(error, "");
  return context;
}

std::shared_ptr<const ClientContext> context(const ClientFiles& files) {
  std::string error;
  auto made = ClientContext::load(files, error);
  EXPECT_EQ(error, "");
  return made;
}

const Made& authority() {
  static const Made made(now({.common = "authority", .alternatives = "", .authority = true}));
  return made;
}

// Until both have said what they think.
Session::Step shake(SessionPair& pair) {
  for (int turns = 0; turns < 20; ++turns) {
    const auto step = pair.at_client->shake_hands();
    pair.at_client->flush();
    pair.turn();
    if (step == Session::Step::Failed) return step;
    if (!pair.at_server->shaken() && *pair.at_server->failure() == 0) pair.at_server->shake_hands();
    pair.turn();
    if (step == Session::Step::Done && pair.at_server->shaken()) return step;
  }
  return Session::Step::Pending;
}

TEST(ClientContext, BelievesAsItIsTold) {
  const Files files;
  const Made stranger(now({.common = "stranger", .alternatives = "", .authority = true}));
  const Made good(now({.alternatives = "DNS:a.example,DNS:*.b.example,IP:127.0.0.1,IP:::1"}), &authority());
  const Made expired(now({.from = kReal - 2 * testing::kDay, .until = kReal - testing::kDay}), &authority());
  const Made alone(now({}));
  const std::string ca = files.put("ca.pem", authority().cert()), other = files.put("other.pem", stranger.cert());
  struct {
    const Made* site;
    std::string ca;
    bool verify;
    const char* name;
    const char* problem;
  } cases[] = {
      {&good, ca, true, "a.example", ""},
      {&good, ca, true, "A.Example", ""},
      {&good, ca, true, "a.example.", ""},
      {&good, ca, true, "x.b.example", ""},
      {&good, ca, true, "127.0.0.1", ""},
      {&good, ca, true, "::1", ""},
      {&good, ca, true, "x.y.b.example", "hostname mismatch"},
      {&good, ca, true, "b.example", "hostname mismatch"},
      {&good, ca, true, "127.0.0.2", "IP address mismatch"},
      {&good, ca, true, "::1%lo", ""},
      {&good, ca, true, "fe80::1%lo", "IP address mismatch"},
      {&good, ca, true, ".", "hostname mismatch"},
      {&good, ca, true, "", "hostname mismatch"},
      {&good, other, true, "a.example", "unable to get local issuer certificate"},
      {&expired, ca, true, "a.example", "certificate has expired"},
      {&alone, ca, true, "a.example", "self-signed certificate"},
      {&good, other, false, "c.example", ""},
      {&expired, ca, false, "a.example", ""},
  };
  for (const auto& c : cases) {
    SessionShelf shelf;
    const auto server = site(*c.site);
    const auto client = context({.verify = c.verify, .ca = c.ca});
    SessionPair pair(*server);
    pair.encrypt_client(client->connect(pair.client, c.name, shelf));
    EXPECT_EQ(shake(pair) == Session::Step::Done, *c.problem == 0) << c.name << pair.at_client->failure();
    EXPECT_STREQ(pair.at_client->failure(), c.problem) << c.name;
    EXPECT_EQ(pair.at_client->untrusted(), *c.problem != 0) << c.name;
  }
}

TEST(ClientContext, NobodyIsAskedForThePassphraseOfAKey) {
  const Files files;
  const Made made(now({}));
  std::string error;
  const std::string key = files.put("key.pem", made.locked_key());
  EXPECT_EQ(ClientContext::load({.verify = false, .cert = files.put("cert.pem", made.cert()), .key = key}, error), nullptr);
  EXPECT_EQ(error, "key " + key + ": the key is encrypted: nobody is asked for its passphrase");
}

TEST(ClientContext, AsksByNameAndNotByAddress) {
  const Files files;
  const Made made(now({.alternatives = "DNS:a.example,IP:127.0.0.1"}), &authority());
  const auto server = site(made);
  const auto client = context({.ca = files.put("ca.pem", authority().cert())});
  for (const auto& [name, asked] : {std::pair("a.example", "a.example"), std::pair("a.example.", "a.example"),
                                    std::pair("127.0.0.1", "")}) {
    SessionShelf shelf;
    SessionPair pair(*server);
    pair.encrypt_client(client->connect(pair.client, name, shelf));
    ASSERT_EQ(shake(pair), Session::Step::Done) << name << pair.at_client->failure();
    EXPECT_EQ(pair.at_server->facts().server_name, asked);
    EXPECT_EQ(pair.at_server->protocol(), "http/1.1");
  }
}

TEST(ClientContext, AnotherFailureIsNoDistrust) {
  const Files files;
  const auto client = context({.verify = false, .ca = ""});
  const Made made(now({}));
  const auto server = site(made, {.client_ca = authority().cert()});
  SessionShelf shelf;
  SessionPair pair(*server);
  pair.encrypt_client(client->connect(pair.client, "a.example", shelf));
  ASSERT_GT(::write(pair.server_fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28), 0);
  pair.turn();
  EXPECT_EQ(shake(pair), Session::Step::Failed);
  EXPECT_FALSE(pair.at_client->untrusted());
  EXPECT_STREQ(pair.at_client->failure(), "wrong version number");
}

// In TLS 1.3 the server looks at our certificate when our handshake is done.
TEST(ClientContext, AnAlertBehindTheHandshakeIsToldInWords) {
  const Files files;
  const Made made(now({}), &authority());
  const auto server = site(made, {.client_ca = authority().cert()});
  const auto client = context({.ca = files.put("ca.pem", authority().cert())});
  SessionShelf shelf;
  SessionPair pair(*server);
  pair.encrypt_client(client->connect(pair.client, "a.example", shelf));
  shake(pair);
  EXPECT_STREQ(pair.at_server->failure(), "peer did not return a certificate");
  pair.turn();
  EXPECT_STREQ(pair.at_client->failure(), "");
  EXPECT_EQ(SessionPair::read_some(pair.client), "");
  EXPECT_EQ(SessionPair::last.status, IoStatus::Failed);
  EXPECT_STREQ(pair.at_client->failure(), "tlsv13 alert certificate required");
}

TEST(ClientContext, ShowsItsCertificate) {
  const Files files;
  const Made made(now({}), &authority());
  const Made door(now({.common = "door", .alternatives = ""}), &authority());
  const auto server = site(made, {.client_ca = authority().cert()});
  const auto client = context({.ca = files.put("ca.pem", authority().cert()),
                               .cert = files.put("door.pem", door.cert()),
                               .key = files.put("door.key", door.key())});
  SessionShelf shelf;
  SessionPair pair(*server);
  pair.encrypt_client(client->connect(pair.client, "a.example", shelf));
  ASSERT_EQ(shake(pair), Session::Step::Done) << pair.at_server->failure();
  ASSERT_TRUE(pair.at_server->facts().client);
  EXPECT_EQ(pair.at_server->facts().client->subject, "CN=door");
}

TEST(ClientContext, FilesThatWillNotDo) {
  const Files files;
  const Made made(now({}), &authority());
  const std::string ca = files.put("ca.pem", authority().cert()), cert = files.put("cert.pem", made.cert());
  const std::string empty = files.put("empty.pem", ""), gone = files.path("gone.pem");
  struct {
    ClientFiles files;
    std::string begins;
  } cases[] = {
      {{.ca = gone}, "ca " + gone + ": "},
      {{.ca = empty}, "ca " + empty + ": "},
      {{.ca = ca, .cert = gone, .key = gone}, "cert " + gone + ": "},
      {{.ca = ca, .cert = cert, .key = gone}, "key " + gone + ": "},
      {{.ca = ca, .cert = cert, .key = files.put("other.key", authority().key())}, "key " + files.path("other.key") + ": "},
  };
  for (const auto& c : cases) {
    std::string error;
    EXPECT_EQ(ClientContext::load(c.files, error), nullptr) << c.begins;
    EXPECT_TRUE(error.starts_with(c.begins) && error.size() > c.begins.size()) << error;
  }
}

class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    ::setenv(name, value.c_str(), 1);
  }
  ~Environment() {
    if (before_.empty()) ::unsetenv(name_);
    else ::setenv(name_, before_.c_str(), 1);
  }

 private:
  const char* const name_;
  std::string before_;
};

TEST(ClientContext, TheSystemsStoreIsBelievedByDefault) {
  const Files files;
  const Made made(now({}), &authority());
  const auto server = site(made);
  const Environment no_directory("SSL_CERT_DIR", files.path("gone"));
  {
    const Environment file("SSL_CERT_FILE", files.put("system.pem", authority().cert()));
    SessionShelf shelf;
    const auto client = context({});
    SessionPair pair(*server);
    pair.encrypt_client(client->connect(pair.client, "a.example", shelf));
    EXPECT_EQ(shake(pair), Session::Step::Done) << pair.at_client->failure();
  }
  const Environment file("SSL_CERT_FILE", files.path("gone.pem"));
  std::string error;
  EXPECT_EQ(ClientContext::load({}, error), nullptr);
  EXPECT_EQ(error, "this system has no certificates of authorities (" + files.path("gone.pem") + ", " + files.path("gone") +
                       "): install ca-certificates, or name a file as ca");
  EXPECT_TRUE(ClientContext::load({.verify = false}, error)) << error;
}

// ---- Sessions

class Resuming : public ::testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(ClientContext, Resuming, ::testing::Bool(),
                         [](const auto& only_12) { return only_12.param ? "Tls12" : "Tls13"; });

TEST_P(Resuming, TheNextConnectionsNeedNoFullHandshake) {
  const Files files;
  const Made made(now({}), &authority());
  const auto server = site(made);
  const ClientFiles believes{.ca = files.put("ca.pem", authority().cert())};
  const auto client = context(believes);
  SessionShelf shelf;
  const auto connect = [&](const ClientContext& by, bool read_tickets) {
    SessionPair pair(*server);
    pair.encrypt_client(by.connect(pair.client, "a.example", shelf));
    if (GetParam()) SSL_set_max_proto_version(pair.at_client->ssl(), TLS1_2_VERSION);
    EXPECT_EQ(shake(pair), Session::Step::Done) << pair.at_client->failure();
    pair.turn();
    if (read_tickets) {
      EXPECT_FALSE(pair.client.input_waits());
    }
    return pair.at_server->facts().resumed;
  };
  EXPECT_FALSE(connect(*client, true));
  EXPECT_TRUE(connect(*client, true));
  EXPECT_TRUE(connect(*client, false));
  // A ticket of TLS 1.3 is for one connection, and the last one has read no new one.
  EXPECT_EQ(connect(*client, true), GetParam());
  EXPECT_EQ(shelf.count(), 1u);
  // Another context may believe somebody else.
  const auto another = context(believes);
  EXPECT_FALSE(connect(*another, true));
  EXPECT_FALSE(connect(*client, true));
  shelf.forget();
  EXPECT_FALSE(connect(*client, true));
}

TEST(SessionShelf, HasRoomForAFewAndPrefersTheNewest) {
  SessionShelf shelf;
  const SslCtxPtr context(SSL_CTX_new(TLS_client_method()));
  std::vector<SSL_SESSION*> made;
  for (std::size_t i = 0; i < SessionShelf::kMost + 2; ++i) {
    SessionPtr session(SSL_SESSION_new());
    SSL_SESSION_set_protocol_version(session.get(), TLS1_3_VERSION);
    made.push_back(session.get());
    shelf.put(std::move(session), context.get());
  }
  EXPECT_EQ(shelf.count(), SessionShelf::kMost);
  for (std::size_t i = 0; i < SessionShelf::kMost; ++i)
    EXPECT_EQ(shelf.take(context.get()).get(), made[made.size() - 1 - i]) << i;
  EXPECT_EQ(shelf.take(context.get()), nullptr);
}

// ---- Around the handshake

TEST(ClientContext, AProxyHeaderComesBeforeAllElse) {
  const Files files;
  const Made made(now({}), &authority());
  const auto server = site(made);
  const auto client = context({.ca = files.put("ca.pem", authority().cert())});
  SessionShelf shelf;
  SessionPair pair(*server);
  pair.ops.most_per_send = 5;
  pair.encrypt_client(client->connect(pair.client, "a.example", shelf));
  pair.at_client->send_ahead("PROXY UNKNOWN\r\n");
  std::string came;
  for (int turns = 0; turns < 200 && came.size() < 15; ++turns) {
    pair.at_client->shake_hands();
    pair.at_client->flush();
    pair.turn();
    char byte = 0;
    while (came.size() < 15 && ::recv(pair.server_fd, &byte, 1, MSG_DONTWAIT) == 1) came += byte;
  }
  EXPECT_EQ(came, "PROXY UNKNOWN\r\n");
  pair.ops.most_per_send = 1'000'000;
  EXPECT_EQ(pair.shake_hands(), Session::Step::Done) << "and behind it the handshake as ever";
}

// A probe's: the same without a Transport.
TEST(Pipe, ShakesHandsSpeaksAndSaysGoodbye) {
  const Files files;
  const Made made(now({}), &authority());
  const auto server = site(made);
  const auto client = context({.ca = files.put("ca.pem", authority().cert())});
  for (const char* name : {"a.example", "b.example"}) {
    SessionPair pair(*server);
    Pipe pipe(*client, name);
    auto step = Session::Step::Pending;
    const auto exchange = [&] {
      const std::string out = pipe.take_outgoing();
      ASSERT_EQ(::write(pair.client_fd, out.data(), out.size()), static_cast<ssize_t>(out.size()));
      pair.turn();
      if (!pair.at_server->shaken()) pair.at_server->shake_hands();
      std::array<char, 16384> in;
      const ssize_t got = ::recv(pair.client_fd, in.data(), in.size(), MSG_DONTWAIT);
      if (got > 0) pipe.feed({in.data(), static_cast<std::size_t>(got)});
    };
    for (int turns = 0; turns < 10 && step == Session::Step::Pending; ++turns) {
      step = pipe.shake_hands();
      exchange();
    }
    if (std::string_view(name) == "b.example") {
      EXPECT_EQ(step, Session::Step::Failed);
      EXPECT_STREQ(pipe.failure(), "hostname mismatch");
      continue;
    }
    ASSERT_EQ(step, Session::Step::Done) << pipe.failure();
    pipe.write("question");
    exchange();
    EXPECT_EQ(SessionPair::read_some(pair.server), "question");
    SessionPair::write(pair.server, "answer");
    std::string read;
    EXPECT_EQ(pipe.read(read), Pipe::Read::Nothing);
    exchange();
    EXPECT_EQ(pipe.read(read), Pipe::Read::Bytes);
    EXPECT_EQ(read, "answer");
    pipe.finish();
    exchange();
    EXPECT_EQ(SessionPair::read_some(pair.server), "");
    EXPECT_EQ(SessionPair::last.status, IoStatus::End);
    pair.server.shutdown_write();
    exchange();
    EXPECT_EQ(pipe.read(read), Pipe::Read::End);
  }
}

}  // namespace
}  // namespace frontdoor::tls
