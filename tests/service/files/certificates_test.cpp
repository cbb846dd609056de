// What the certificates of listeners are told of while time passes, and what a reload makes of them.

#include "service/files/certificates.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/load.h"
#include "support/captured_log.h"
#include "tests/support/temporary_directory.h"
#include "tls/self_signed.h"

namespace frontdoor {
namespace {

using test::CapturedLog;

constexpr std::int64_t kDay = 24 * 3600;

config::Config listener_with(const std::string& tls) {
  auto loaded = config::load("[[listener]]\nname = \"web\"\naddress = \":443\"\ntls = " + tls +
                                 "\n[pool.app]\nupstreams = [\"127.0.0.1:1\"]\n",
                             "fd.toml");
  EXPECT_TRUE(loaded.ok());
  return loaded.config;
}

TEST(Certificates, AnExpiryIsToldOfEachDayBeforeAndAfterIt) {
  CapturedLog log;
  std::int64_t now = Certificates::unix_now();
  Certificates certificates(log.log(), [&now] { return now; });
  ASSERT_TRUE(certificates.open(listener_with("\"self-signed\"")));  // for 90 days
  const auto told = [&] {
    const auto before = log.count("expire");
    certificates.look_once();
    return log.count("expire") - before;
  };
  EXPECT_EQ(told(), 0);
  now += 5 * kDay;
  EXPECT_EQ(told(), 0) << "that is far away";
  now += 83 * kDay;
  EXPECT_EQ(told(), 1) << log.text();
  EXPECT_EQ(told(), 0) << "once a day";
  now += kDay - 1;
  EXPECT_EQ(told(), 0);
  now += 1;
  EXPECT_EQ(told(), 1);
  now -= 30 * kDay;  // somebody sets the clock
  EXPECT_EQ(told(), 0);
  now += 40 * kDay;
  EXPECT_EQ(told(), 1);
  EXPECT_NE(log.text().find("it has expired on"), std::string::npos) << log.text();
}

TEST(Certificates, AReloadTakesWhatTheConfigSaysAndKeepsWhatItDoesNotChange) {
  CapturedLog log;
  Certificates certificates(log.log());
  ASSERT_TRUE(certificates.open(listener_with("\"self-signed\"")));
  const auto server = certificates.servers().front();
  const auto before = server->context();
  auto same = certificates.prepare(listener_with("\"self-signed\""), {0});
  EXPECT_TRUE(same.failures().empty());
  certificates.take(std::move(same));
  EXPECT_EQ(server->context(), before) << "nothing has changed";
  const auto bad = certificates.prepare(listener_with("{ cert = \"/nowhere.pem\", key = \"/nowhere.key\" }"), {0});
  ASSERT_EQ(bad.failures().size(), 1u);
  EXPECT_EQ(bad.failures()[0].listener, 0u);
  EXPECT_NE(bad.failures()[0].reason.find("certificate /nowhere.pem: "), std::string::npos) << bad.failures()[0].reason;
  EXPECT_EQ(server->context(), before) << "it can not be used";
  certificates.look_once();
  EXPECT_EQ(server->context(), before);
}

TEST(Certificates, WhatHasNoFilesStaysAsItIs) {
  CapturedLog log;
  Certificates certificates(log.log());
  ASSERT_TRUE(certificates.open(listener_with("\"self-signed\"")));
  const auto server = certificates.servers().front();
  const auto before = server->context();
  for (int look = 0; look < 150; ++look) certificates.look_once();
  EXPECT_EQ(server->context(), before);
  EXPECT_FALSE(log.says("certificates taken")) << log.text();
}

// Perhaps nobody touches the files again, when it was this process that could not read them.
TEST(Certificates, FilesThatCouldNotBeReadAreTriedAgain) {
  const test::TemporaryDirectory directory;
  const std::string cert = directory / "cert.pem";
  const std::string key = directory / "key.pem";
  const auto write = [&](const char* name) {
    const auto made = tls::make_self_signed({name}, Certificates::unix_now(), 90);
    std::ofstream(cert) << made.cert;
    std::ofstream(key) << made.key;
  };
  write("a.example");
  CapturedLog log;
  Certificates certificates(log.log());
  ASSERT_TRUE(certificates.open(listener_with("{ cert = \"" + cert + "\", key = \"" + key + "\" }")));
  const auto server = certificates.servers().front();
  const auto before = server->context();

  write("another.example");
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  const int next = ::dup(STDERR_FILENO);
  ::close(next);
  const rlimit no_more{static_cast<rlim_t>(next), files.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &no_more);
  for (int look = 0; look < 150; ++look) certificates.look_once();
  ::setrlimit(RLIMIT_NOFILE, &files);
  EXPECT_EQ(server->context(), before);
  EXPECT_EQ(log.count("the old ones stay"), 1) << log.text();
  for (int look = 0; look < 60 && server->context() == before; ++look) certificates.look_once();
  EXPECT_NE(server->context(), before) << log.text();
}

TEST(Certificates, AReloadTakesOtherProtocolsAndListenersThatAreNew) {
  CapturedLog log;
  Certificates certificates(log.log());
  config::Config config = listener_with("\"self-signed\"");
  ASSERT_TRUE(certificates.open(config));
  const auto server = certificates.servers().front();
  const auto before = server->context();
  config.listeners[0].protocols.h2 = false;
  config.listeners.insert(config.listeners.begin(), config::Listener{.name = "plain"});
  config.listeners.push_back(config.listeners[1]);
  config.listeners[2].name = "other";
  auto prepared = certificates.prepare(config, {std::nullopt, 0, std::nullopt});
  EXPECT_TRUE(prepared.failures().empty());
  EXPECT_EQ(server->context(), before) << "not before it is taken";
  certificates.take(std::move(prepared));
  const auto servers = certificates.servers();
  ASSERT_EQ(servers.size(), 3u);
  EXPECT_EQ(servers[0], nullptr);
  EXPECT_EQ(servers[1], server) << "its connections and tickets go on";
  EXPECT_NE(server->context(), before) << "ALPN is the context's";
  EXPECT_EQ(server->context()->table().all()[0]->not_after, before->table().all()[0]->not_after) << "the same certificate";
  ASSERT_NE(servers[2], nullptr);
  EXPECT_EQ(certificates.totals().size(), 2u);
  config.listeners.resize(1);
  certificates.take(certificates.prepare(config, {0}));
  EXPECT_TRUE(certificates.totals().empty()) << "its listener has gone";
}

// A pool whose upstreams are shown a certificate that is valid for so many days.
class OwnCertificate {
 public:
  explicit OwnCertificate(unsigned days) {
    const auto pair = tls::make_self_signed({"door.example"}, Certificates::unix_now(), days);
    pool.name = "site";
    pool.upstreams.push_back({.address = {Address::Kind::Tcp, "127.0.0.1", 443}});
    pool.tls.verify = false;
    pool.tls.cert = put("own.pem", pair.cert);
    pool.tls.key = put("own.key", pair.key);
  }

  config::Pool pool;

 private:
  std::string put(const char* name, const std::string& text) const {
    std::ofstream(directory_ / name) << text;
    return directory_ / name;
  }
  const test::TemporaryDirectory directory_;
};

TEST(UpstreamContexts, TheExpiryOfWhatIsShownToUpstreamsIsToldOfAtOnceAndEachDay) {
  CapturedLog log;
  std::int64_t now = Certificates::unix_now();
  const OwnCertificate far(90);
  UpstreamContexts contexts(log.log(), [&now] { return now; });
  const auto context = contexts.of(far.pool);
  ASSERT_TRUE(context);
  ASSERT_TRUE(context->own_certificate());
  EXPECT_NEAR(static_cast<double>(context->own_certificate()->not_after), static_cast<double>(now + 90 * kDay), kDay);
  EXPECT_EQ(log.count("expire"), 0);
  now += 85 * kDay;
  contexts.remind();
  EXPECT_EQ(log.count("it expires on"), 1) << log.text();
  EXPECT_NE(log.text().find("site"), std::string::npos) << log.text();
  EXPECT_NE(log.text().find("own.pem"), std::string::npos) << log.text();
  contexts.remind();
  EXPECT_EQ(log.count("it expires on"), 1) << "once a day";
  now += 10 * kDay;
  contexts.remind();
  EXPECT_EQ(log.count("upstreams refuse it"), 1) << log.text();

  const OwnCertificate near(3);
  now = Certificates::unix_now();
  contexts.of(near.pool);
  EXPECT_EQ(log.count("it expires on"), 2) << "and when it is read";
}

TEST(UpstreamContexts, ACheckTellsOfItToo) {
  config::LoadOptions options;
  look_at_upstream_tls(options);
  const OwnCertificate near(3), far(90);
  EXPECT_TRUE(options.upstream_tls_warning(near.pool.tls).starts_with("it expires on ")) << options.upstream_tls_warning(near.pool.tls);
  EXPECT_EQ(options.upstream_tls_warning(far.pool.tls), "");
  EXPECT_EQ(options.upstream_tls_warning({.verify = false}), "");
  EXPECT_EQ(options.upstream_tls_warning({.verify = false, .cert = "/nowhere.pem", .key = "/nowhere.key"}), "") << "that is an error";
}

}  // namespace
}  // namespace frontdoor
