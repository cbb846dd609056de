// Where instances listen, and what is told of it.

#include "supervisor/instances/instance_places.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <boost/asio/io_context.hpp>
#include <string>
#include <vector>

#include "tests/support/captured_log.h"

namespace frontdoor {
namespace {

// Whoever may use this machine may have reserved every port. Instances get their places all the same, and one line says so.
TEST(InstancePlaces, SayOnceThatPortsCanNotBeReserved) {
  boost::asio::io_context control{1};
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  const OwnedFd end_of_launcher(ends[1]);
  LauncherClient launcher(control, ends[0], [] {});
  test::CapturedLog log;

  std::vector<OwnedFd> squatted;
  for (std::uint16_t port = 20'320; port < 20'330; ++port) squatted.push_back(reserve_port(port).socket);
  InstancePlaces places(launcher, log.log(), InstancePorts(20'320, 20'330, 20'325));
  const config::Launch launch;
  EXPECT_TRUE(places.take(launch, "app.1").place);
  EXPECT_TRUE(places.take(launch, "app.2").place);
  EXPECT_EQ(log.count("ports cannot be reserved for instances"), 1) << log.text();
  EXPECT_TRUE(log.says(R"("instance":"app.1")")) << log.text();
  EXPECT_TRUE(log.says("other processes have reserved every port")) << log.text();

  squatted.clear();
  InstancePlaces unhindered(launcher, log.log(), InstancePorts(20'320, 20'330, 20'325));
  EXPECT_TRUE(unhindered.take(launch, "app.3").place);
  EXPECT_EQ(log.count("ports cannot be reserved for instances"), 1) << log.text();
}

}  // namespace
}  // namespace frontdoor
