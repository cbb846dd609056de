// What operators have ordered, on its way to the disk.

#include "service/orders/order_store.h"

#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <filesystem>
#include <optional>
#include <string>

#include "tests/support/captured_log.h"
#include "tests/support/run_until.h"
#include "tests/support/temporary_directory.h"

namespace frontdoor {
namespace {

namespace asio = boost::asio;

// Another process that read the file meanwhile would serve without what was ordered, and write its own view over it.
TEST(OrderStore, SaysThatItWritesUntilItIsThere) {
  const test::TemporaryDirectory directory;
  asio::io_context control{1};
  test::CapturedLog log;
  OrderStore store(control, log.log());
  const std::string file = directory / "state.json";
  const Orders orders = store.open({.path = file});
  EXPECT_FALSE(store.writes());
  std::optional<std::string> trouble;
  for (int times = 0; times < 2; ++times)
    asio::co_spawn(control, store.save(orders), [&](const std::exception_ptr&, std::string reason) { trouble = std::move(reason); });
  control.poll();
  EXPECT_TRUE(store.writes()) << "nobody but this loop says that it is over";
  ASSERT_TRUE(test::run_until(control, [&] { return !store.writes(); }));
  EXPECT_TRUE(std::filesystem::exists(file));
  EXPECT_EQ(trouble, "");
}

}  // namespace
}  // namespace frontdoor
