// The admin socket and address among the sockets that are handed on.

#include "service/admin/kept_admin.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

std::vector<KeptSocket> all_kept() {
  return {{"listener 0 :8080", 5},
          {name_of_admin_address("127.0.0.1:9901"), 6},
          {name_of_admin_socket("", "/run/a b/admin.sock 1:22"), 7},
          {"listener 1 :8080", 8}};
}

TEST(KeptAdmin, IsTakenOutWhereTheConfigMeansTheSame) {
  auto kept = all_kept();
  const KeptAdmin admin = take_kept_admin(kept, "127.0.0.1:9901", "");
  EXPECT_EQ(kept, (std::vector<KeptSocket>{{"listener 0 :8080", 5}, {"listener 1 :8080", 8}}));
  EXPECT_EQ(admin.address, 6);
  ASSERT_TRUE(admin.socket);
  EXPECT_EQ(admin.socket->fd, 7);
  EXPECT_EQ(admin.socket->path, "/run/a b/admin.sock");
  EXPECT_EQ(admin.socket->device, 1u);
  EXPECT_EQ(admin.socket->inode, 22u);
  EXPECT_TRUE(admin.others.empty());
}

TEST(KeptAdmin, IsNobodysWhereItMeansAnother) {
  for (const auto& [address, socket, others] : std::vector<std::tuple<std::string, std::string, std::size_t>>{
           {"", "", 1}, {"off", "/run/other.sock", 2}, {"127.0.0.1:9901", "/run/other.sock", 1}}) {
    auto kept = all_kept();
    const KeptAdmin admin = take_kept_admin(kept, address, socket);
    EXPECT_EQ(kept.size(), 2u);
    EXPECT_EQ(admin.others.size(), others) << address << socket;
    EXPECT_EQ(admin.address.has_value(), address == "127.0.0.1:9901");
    EXPECT_EQ(admin.socket.has_value(), socket.empty());
  }
}

TEST(KeptAdmin, WhatMakesNoSenseIsNobodys) {
  for (const char* text : {"", "|", "|/run/a", "|/run/a 1", "|/run/a 1:", "|/run/a x:2", "|/run/a 1:2x"}) {
    std::vector<KeptSocket> kept{{std::string(kKeptListener) + "0 admin socket " + text, 5}};
    const KeptAdmin admin = take_kept_admin(kept, "", "");
    EXPECT_FALSE(admin.socket) << text;
    EXPECT_EQ(admin.others.size(), 1u) << text;
  }
}

}  // namespace
}  // namespace frontdoor
