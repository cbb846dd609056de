// What the certificates of listeners are told of while time passes, and what a reload makes of them.

#include "cli/certificates.h"

#include <gtest/gtest.h>

#include "config/load.h"
#include "support/captured_log.h"

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
  certificates.apply(listener_with("\"self-signed\""));
  certificates.look_once();
  EXPECT_EQ(server->context(), before) << "nothing has changed";
  certificates.apply(listener_with("{ cert = \"/nowhere.pem\", key = \"/nowhere.key\" }"));
  certificates.look_once();
  EXPECT_EQ(server->context(), before) << "it can not be used";
  EXPECT_NE(log.text().find("the old ones stay"), std::string::npos) << log.text();
}

}  // namespace
}  // namespace frontdoor
