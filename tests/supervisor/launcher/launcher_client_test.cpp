// What the front door believes of its processes.

#include "supervisor/launcher/launcher_client.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio.hpp>
#include <csignal>

#include "supervisor/launcher/launch.h"
#include "tests/supervisor/launch_and_see.h"
#include "tests/support/run_until.h"
#include "tests/support/stale_event.h"

namespace frontdoor {
namespace {

namespace asio = boost::asio;

TEST(LauncherClient, AnEventOfAnotherDescriptorIsNotTheEndOfAProcess) {
  asio::io_context control{1};
  int ends[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  const OwnedFd launcher(ends[1]);
  LauncherClient client(control, ends[0], [] {});
  LaunchRequest request;
  request.command = {"sleep", "1000"};
  request.environment = {"PATH=/usr/bin:/bin"};
  const Launched launched = test::launch_and_see(request, {1, 2, {}});
  ASSERT_TRUE(launched.ok());
  RunningProcess process{.id = 1, .pid = launched.pid};
  process.pidfd = OwnedFd(launched.pidfd);

  bool asked = false, gone = false;
  test::with_stale_event(control, [&] {
    asked = true;
    asio::co_spawn(control, client.gone(process), [&](const std::exception_ptr&) { gone = true; });
  });
  while (control.poll() != 0) {
  }
  EXPECT_TRUE(asked);
  EXPECT_FALSE(gone) << "it lives";

  ::kill(launched.pid, SIGKILL);
  EXPECT_TRUE(test::run_until(control, [&] { return gone; }));
  ::waitpid(launched.pid, nullptr, 0);
}

}  // namespace
}  // namespace frontdoor
