#include "admin/gate.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

const AdminTcpRules kRules{.hosts = {"frontdoor.internal"}, .token = "0123456789abcdef"};

unsigned status_of(const std::optional<AdminProblem>& problem) { return problem ? problem->status : 200; }

TEST(AdminGate, AnswersToAddressesAndToItsOwnNamesOnly) {
  struct {
    const char* host;
    unsigned status;
  } cases[] = {
      {"", 200},  // HTTP/1.0, and no browser
      {"localhost", 200},
      {"LocalHost:9900", 200},
      {"localhost.", 200},
      {"127.0.0.1:9900", 200},
      {"10.1.2.3", 200},  // a pod's, which Kubernetes asks
      {"[::1]:9900", 200},
      {"[fd00::7]", 200},
      {"frontdoor.internal:9900", 200},
      {"FrontDoor.Internal", 200},
      {"evil.example", 421},  // whose name leads to 127.0.0.1
      {"evil.example:9900", 421},
      {"localhost.evil.example", 421},
      {"127.0.0.1.evil.example", 421},
      {"frontdoor.internal.evil.example", 421},
      {"sub.frontdoor.internal", 421},
      {"1.2.3", 421},
      {"[::1", 200},
      {"[evil.example]", 421},
      {":9900", 421},
  };
  for (const auto& c : cases) EXPECT_EQ(status_of(why_not_for_us({.host = c.host}, kRules)), c.status) << c.host;
}

TEST(AdminGate, PagesOfOtherSitesAreRefused) {
  struct {
    const char* host;
    const char* origin;
    unsigned status;
  } cases[] = {
      {"127.0.0.1:9900", "http://127.0.0.1:9900", 200},
      {"frontdoor.internal", "https://frontdoor.internal", 200},  // behind a proxy that speaks TLS
      {"localhost:9900", "HTTP://LOCALHOST:9900", 200},
      {"127.0.0.1:9900", "http://evil.example", 403},
      {"127.0.0.1:9900", "http://127.0.0.1:3000", 403},  // another program of this machine
      {"127.0.0.1:9900", "http://127.0.0.1", 403},
      {"127.0.0.1:9900", "null", 403},
      {"127.0.0.1:9900", "", 403},
      {"127.0.0.1:9900", "http://", 403},
      {"127.0.0.1:9900", "ftp://127.0.0.1:9900", 403},
      {"127.0.0.1:9900", "http://127.0.0.1:9900.evil.example", 403},
      {"", "http://", 403},
  };
  for (const auto& c : cases)
    EXPECT_EQ(status_of(why_not_for_us({.host = c.host, .origin = c.origin}, kRules)), c.status) << c.host << ' ' << c.origin;
}

TEST(AdminGate, WhatNeedsTrustNeedsTheToken) {
  struct {
    const char* authorization;
    unsigned status;
  } cases[] = {
      {"Bearer 0123456789abcdef", 200},
      {"bearer 0123456789abcdef", 200},
      {"", 401},
      {"Bearer", 401},
      {"Bearer ", 401},
      {"Bearer 0123456789abcdeg", 401},
      {"Bearer 1123456789abcdef", 401},
      {"Bearer 0123456789abcde", 401},
      {"Bearer 0123456789abcdef0", 401},
      {"Bearer 0123456789ABCDEF", 401},
      {"Basic 0123456789abcdef", 401},
      {"0123456789abcdef", 401},
  };
  for (const auto& c : cases) {
    const AdminOrigin from{.authorization = c.authorization};
    EXPECT_EQ(status_of(why_not_trusted(from, kRules, AdminNeeds::Trust)), c.status) << c.authorization;
    EXPECT_EQ(status_of(why_not_trusted(from, kRules, AdminNeeds::Nothing)), 200u);
    EXPECT_EQ(status_of(why_not_trusted(from, {}, AdminNeeds::Trust)), 403u) << "without a token nothing stands for it";
    EXPECT_EQ(status_of(why_not_trusted(from, {}, AdminNeeds::Nothing)), 200u);
  }
  EXPECT_EQ(status_of(why_not_trusted({.authorization = "Bearer "}, {}, AdminNeeds::Trust)), 403u);
}

}  // namespace
}  // namespace frontdoor
