// What operators have ordered, on its way to the disk.

#include "service/orders/order_store.h"

#include <gtest/gtest.h>

#include <boost/asio.hpp>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

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
  std::vector<std::string> troubles;
  for (int times = 0; times < 2; ++times)
    asio::co_spawn(control, store.save(orders),
                   [&](const std::exception_ptr&, std::string reason) { troubles.push_back(std::move(reason)); });
  control.run_one();
  EXPECT_TRUE(store.writes()) << "only this loop takes note of the end";
  ASSERT_TRUE(test::run_until(control, [&] { return troubles.size() == 2; }));
  EXPECT_FALSE(store.writes());
  EXPECT_TRUE(std::filesystem::exists(file));
  EXPECT_EQ(troubles, std::vector<std::string>(2));
}

}  // namespace
}  // namespace frontdoor
