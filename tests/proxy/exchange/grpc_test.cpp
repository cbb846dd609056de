// What gRPC asks of a front door, by table.

#include "proxy/exchange/grpc.h"

#include <gtest/gtest.h>

#include "proxy/exchange/outcome.h"

namespace frontdoor::grpc {
namespace {

using namespace std::chrono_literals;

http::Fields of_type(const char* type) { return {{"content-type", type, http::FieldId::ContentType}}; }

TEST(Grpc, IsToldByItsContentType) {
  for (const char* type : {"application/grpc", "application/grpc+proto", "Application/GRPC+json", "application/grpc-web+proto"})
    EXPECT_TRUE(is_call(of_type(type))) << type;
  for (const char* type : {"", "application/json", "application/grp", "text/plain; application/grpc"})
    EXPECT_FALSE(is_call(of_type(type))) << type;
  EXPECT_FALSE(is_call({}));
}

TEST(Grpc, ATimeoutIsANumberAndAUnit) {
  const struct {
    const char* value;
    std::optional<Duration> timeout;
  } cases[] = {
      {"1H", 1h},           {"2M", 2min},        {"10S", 10s},          {"250m", 250ms},  {"7u", 7us},
      {"99999999n", 99'999'999ns}, {"0S", 0s},    {"", std::nullopt},    {"S", std::nullopt}, {"5", std::nullopt},
      {"5x", std::nullopt}, {"-5S", std::nullopt}, {"1.5S", std::nullopt}, {"123456789S", std::nullopt}, {"99999999H", std::nullopt},
      {" 5S", std::nullopt},
  };
  for (const auto& one : cases) EXPECT_EQ(timeout_of({{"Grpc-Timeout", one.value}}), one.timeout) << one.value;
  EXPECT_EQ(timeout_of({}), std::nullopt);
}

TEST(Grpc, OurAnswersHaveItsStatus) {
  const struct {
    std::uint16_t status;
    std::string_view outcome;
    int grpc;
  } cases[] = {
      {502, outcome::kConnectRefused, 14},  {502, outcome::kUpstreamReset, 14},  {503, outcome::kNoUpstream, 14},
      {503, outcome::kHoldTimeout, 14},     {504, outcome::kConnectTimeout, 14}, {503, outcome::kDrained, 14},
      {503, outcome::kMaintenance, 14},     {502, outcome::kTlsFailed, 14},      {504, outcome::kResponseHeaderTimeout, 4},
      {504, outcome::kRequestTimeout, 4},   {504, outcome::kUpstreamHung, 4},    {408, outcome::kClientBodyTimeout, 4},
      {503, outcome::kHoldFull, 8},         {503, outcome::kPoolSaturated, 8},   {503, outcome::kUpstreamOverloaded, 8},
      {413, outcome::kBodyTooLarge, 8},     {431, outcome::kLocalResources, 8},  {404, outcome::kNoRoute, 12},
      {405, outcome::kTraceNotAllowed, 12}, {400, outcome::kBadTarget, 13},      {502, outcome::kInvalidResponse, 13},
      {502, outcome::kQueryOfDeath, 13},    {421, outcome::kMisdirected, 2},     {508, outcome::kLoopDetected, 2},
  };
  for (const auto& one : cases) EXPECT_EQ(status_for(one.status, one.outcome), one.grpc) << one.outcome;
}

TEST(Grpc, AMessageIsPercentEncoded) {
  EXPECT_EQ(message_for("no_route", "0123"), "no_route (request 0123)");
  EXPECT_EQ(message_for("no_route", ""), "no_route");
  EXPECT_EQ(message_for("no_route", "a%b\n"), "no_route (request a%25b%0A)");
}

}  // namespace
}  // namespace frontdoor::grpc
