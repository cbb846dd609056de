// What is asked of grpc.health.v1.Health, and what its answers mean.

#include "health/grpc_health.h"

#include <gtest/gtest.h>

namespace frontdoor::grpc_health {
namespace {

std::string message(std::string_view bytes) {
  std::string body(1, '\0');
  body += std::string(3, '\0') + static_cast<char>(bytes.size());
  return body += bytes;
}

TEST(GrpcHealth, AsksForAServiceOrForTheServer) {
  EXPECT_EQ(question(""), std::string(5, '\0'));
  EXPECT_EQ(question("shop.Cart"), std::string("\0\0\0\0\x0b\x0a\x09shop.Cart", 16));
  const std::string name(200, 'x');
  EXPECT_EQ(question(name), std::string("\0\0\0\0\xcb\x0a\xc8\x01", 8) + name) << "its length takes two bytes";
}

TEST(GrpcHealth, AnAnswerMeans) {
  const struct {
    const char* status;
    std::string body;
    const char* wrong;
  } cases[] = {
      {"0", message("\x08\x01"), ""},
      {"0", message(std::string("\x12\x02xy\x08\x01", 6)), ""},  // with a field that we do not know
      {"0", message(""), "status UNKNOWN"},
      {"0", message("\x08\x02"), "status NOT_SERVING"},
      {"0", message("\x08\x03"), "status SERVICE_UNKNOWN"},
      {"0", message("\x08\x09"), "an unknown status"},
      {"0", "", "no answer in the call"},
      {"0", message("\x08"), "the answer is no HealthCheckResponse"},
      {"0", message("\x12\x7f"), "the answer is no HealthCheckResponse"},
      {"0", message("\x0d\x01"), "the answer is no HealthCheckResponse"},
      {"0", message("\x08\x01") + "x", "the answer is no HealthCheckResponse"},
      {"0", std::string("\x01\0\0\0\0", 5), "a compressed answer"},
      {"5", "", "the server does not know the service"},
      {"12", "", "the server has no grpc.health.v1.Health"},
      {"14", "", "grpc-status 14: gone"},
      {"", "", "no grpc-status"},
  };
  for (const auto& one : cases) EXPECT_EQ(verdict(one.status, "gone", one.body), one.wrong) << one.status << " " << one.wrong;
}

}  // namespace
}  // namespace frontdoor::grpc_health
