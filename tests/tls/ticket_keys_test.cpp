// How long a ticket opens.

#include "tls/ticket_keys.h"

namespace frontdoor::tls {
namespace {

using namespace std::chrono_literals;

std::span<const std::uint8_t, 16> name_of(const TicketKey& key) { return std::span<const std::uint8_t, 16>(key.name); }

TEST(TicketKeys, OpenForOnePeriodMoreThanTheyAreMade) {
  TicketKeys keys(12h);
  const TimePoint start = TimePoint{} + 1000h;
  const TicketKey first = keys.newest(start);
  EXPECT_EQ(keys.newest(start + 12h - 1s).name, first.name);
  EXPECT_TRUE(keys.find(name_of(first), start)->newest);

  const TicketKey second = keys.newest(start + 12h);
  EXPECT_NE(second.name, first.name);
  EXPECT_NE(second.cipher, first.cipher);
  EXPECT_NE(second.mac, first.mac);
  ASSERT_TRUE(keys.find(name_of(first), start + 24h - 1s));
  EXPECT_FALSE(keys.find(name_of(first), start + 24h - 1s)->newest) << "the client should get another one";
  EXPECT_EQ(keys.find(name_of(first), start + 24h - 1s)->key.cipher, first.cipher);

  EXPECT_FALSE(keys.find(name_of(first), start + 24h)) << "gone, whoever asks";
  EXPECT_TRUE(keys.find(name_of(second), start + 24h));
}

TEST(TicketKeys, ALongSilenceForgetsBoth) {
  TicketKeys keys(12h);
  const TicketKey first = keys.newest(TimePoint{} + 1000h);
  EXPECT_FALSE(keys.find(name_of(first), TimePoint{} + 1024h));
}

TEST(TicketKeys, AreEachListenersOwn) {
  TicketKeys one(12h), other(12h);
  EXPECT_FALSE(other.find(name_of(one.newest(TimePoint{} + 1h)), TimePoint{} + 1h));
}

}  // namespace
}  // namespace frontdoor::tls
