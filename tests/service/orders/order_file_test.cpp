// What operators have ordered, in a file and out of it again; where that file is; and how it is written.

#include "service/orders/order_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/read_file.h"
#include "service/orders/durable_file.h"
#include "service/orders/order_store.h"
#include "support/captured_log.h"
#include "tests/support/temporary_directory.h"

namespace frontdoor {
namespace {

namespace fs = std::filesystem;

Orders some_orders() {
  Orders orders;
  orders.set({"app", "10.0.0.1:80"}, {Order::Drain, 3, {"root", 1'700'000'000'123, "a \"new\" disk", {}}});
  orders.set({"app", "a:80"}, {Order::Maintenance, std::nullopt, {"uid 1001", 5, "", {}}});
  orders.set({"app", "a:80 (10.0.0.2)"}, {Order::Ready, std::nullopt, {"root", 6, "", {}}});
  orders.set_maintenance("web", std::make_shared<PoolMaintenance>(PoolMaintenance{
                                    "<h1>zurück um 3</h1>\n", "text/html", 600, {"root", 7, "move", {}}}));
  const auto at = [](std::uint16_t port) { return Address{.host = "10.0.0.9", .port = port}; };
  Address secure = at(443);
  secure.tls = true;
  orders.members().add("app", {{.address = at(80), .weight = 7, .priority = 2, .host = "a.internal"}, {"root", 8, "Friday", {}}});
  orders.members().add("app", {{.address = secure}, {"root", 9, "", {}}});
  orders.members().remove({"app", "10.0.0.1:81"}, {"uid 7", 10, "old", {}});
  return orders;
}

TEST(OrderFile, IsReadAsItWasWritten) {
  const std::string text = order_file_text(some_orders());
  const OrderFile file = parse_order_file(text);
  EXPECT_EQ(file.error, "");
  EXPECT_EQ(order_file_text(file.orders), text);
  const UpstreamOrder& drained = *file.orders.find("app", "10.0.0.1:80");
  EXPECT_EQ(drained.order, Order::Drain);
  EXPECT_EQ(drained.weight, 3u);
  EXPECT_EQ(drained.by.name + ' ' + drained.by.reason, "root a \"new\" disk");
  EXPECT_EQ(drained.by.unix_millis, 1'700'000'000'123);
  EXPECT_EQ(file.orders.find("app", "a:80 (10.0.0.2)")->order, Order::Ready);
  EXPECT_EQ(file.orders.find("app", "a:80 (10.0.0.3)")->order, Order::Maintenance);
  EXPECT_EQ(file.orders.maintenance("web")->page, "<h1>zurück um 3</h1>\n");
  EXPECT_EQ(file.orders.maintenance("web")->retry_after_seconds, 600u);
  const RunTimeMembers& members = file.orders.members();
  ASSERT_EQ(members.added().size(), 2u);
  const AddedMember& added = members.added().at({"app", "10.0.0.9:80"});
  EXPECT_EQ(added.upstream.weight, 7u);
  EXPECT_EQ(added.upstream.priority, 2u);
  EXPECT_EQ(added.upstream.host, "a.internal");
  EXPECT_EQ(added.by.reason, "Friday");
  EXPECT_TRUE(members.added().at({"app", "https://10.0.0.9:443"}).upstream.address.tls);
  EXPECT_EQ(members.removed().at({"app", "10.0.0.1:81"}).name, "uid 7");
  EXPECT_EQ(parse_order_file(order_file_text({})).error, "");
  EXPECT_EQ(parse_order_file(R"({"version":1,"upstreams":[],"pools":[]})").error, "") << "as files were before there were members";
}

TEST(OrderFile, ThatIsBrokenInOnePlaceHoldsNothing) {
  const std::string good = order_file_text(some_orders());
  const auto with = [&](const std::string& part, const std::string& instead) {
    std::string text = good;
    text.replace(text.find(part), part.size(), instead);
    return text;
  };
  const struct {
    std::string text;
    const char* error;
  } cases[] = {
      {"", "it is empty"},
      {"{", "it is no JSON object"},
      {good.substr(0, good.size() / 2), "it is no JSON object"},
      {"[]", "it is no JSON object"},
      {"{}", "it is of another version than this frontdoor's"},
      {with("\"version\":1", "\"version\":2"), "it is of another version than this frontdoor's"},
      {with("\"upstreams\":[", "\"others\":["), "\"upstreams\" is missing or no list"},
      {with("\"pools\":[", "\"pools\":[3,"), "an entry is no object"},
      {with("\"order\":\"drain\"", "\"order\":\"burn\""), "\"order\" is missing or makes no sense"},
      {with("\"weight\":3", "\"weight\":0"), "\"weight\" is missing or makes no sense"},
      {with("\"weight\":3", "\"weight\":1001"), "\"weight\" is missing or makes no sense"},
      {with("\"weight\":3", "\"weight\":\"3\""), "\"weight\" is missing or makes no sense"},
      {with("\"by\":\"root\"", "\"bye\":\"root\""), "\"by\" is missing or makes no sense"},
      {with("\"pool\":\"web\"", "\"pool\":1"), "\"pool\" is missing or makes no sense"},
      {with("\"retry_after_seconds\":600", "\"retry_after_seconds\":-1"), "\"retry_after_seconds\" is missing or makes no sense"},
      {with("\"member\":\"added\"", "\"member\":\"odd\""), "\"member\" is missing or makes no sense"},
      {with("\"weight\":7", "\"weight\":0"), "\"weight\" is missing or makes no sense"},
      {with("\"priority\":2", "\"priority\":101"), "priority: 101 is too large, the most is 100"},
      {with("\"upstream\":\"10.0.0.9:80\"", "\"upstream\":\":80\""),
       "bad address \":80\": an upstream needs a host: \"127.0.0.1:80\""},
      {with("\"members\":[", "\"members\":3,\"x\":["), "\"members\" is missing or no list"},
      {with("<h1>", std::string(70'000, 'x')), "\"page\" is missing or makes no sense"},
  };
  for (const auto& c : cases) {
    const OrderFile file = parse_order_file(c.text);
    EXPECT_EQ(file.error, c.error) << c.text.substr(0, 300);
    EXPECT_TRUE(file.orders.empty());
  }
}

TEST(OrderFilePlace, IsOneForEachConfig) {
  const AdminSurroundings root{.user = 0, .home = "/root"}, user{.user = 7, .home = "/home/u"};
  const AdminSurroundings service{.user = 0, .state_directory = "/var/lib/frontdoor/shop:/x"};
  const struct {
    AdminSurroundings surroundings;
    const char* setting;
    const char* config;
    const char* path;
    const char* reason;
  } cases[] = {
      {root, "", "/etc/frontdoor/fd.toml", "/var/lib/frontdoor/etc+frontdoor+fd.toml.state.json", ""},
      {user, "", "/etc/fd.toml", "/home/u/.local/state/frontdoor/etc+fd.toml.state.json", ""},
      {service, "", "/etc/fd.toml", "/var/lib/frontdoor/shop/etc+fd.toml.state.json", ""},
      {root, "", "/a b+c/ü", "/var/lib/frontdoor/a%20b%2Bc+%C3%BC.state.json", ""},
      {root, "/srv/state.json", "", "/srv/state.json", ""},
      {root, "off", "/etc/fd.toml", "", "admin.state_file is \"off\""},
      {root, "", "", "", "the config was not read from a file"},
      {{.user = 7}, "", "/etc/fd.toml", "", "this user has no directory for it"},
  };
  for (const auto& c : cases) {
    const OrderFilePlace place = order_file_place(c.surroundings, c.setting, c.config);
    EXPECT_EQ(place.path, c.path);
    EXPECT_EQ(place.reason, c.reason);
  }
  EXPECT_EQ(order_file_place(root, "", '/' + std::string(300, 'x')).reason,
            "the config's path is too long to name a file after");
}

TEST(DurableFile, IsWholeOrWhatWasThereBefore) {
  const test::TemporaryDirectory directory;
  const std::string path = directory / "state.json";
  EXPECT_EQ(write_durably(path, "one"), "");
  EXPECT_EQ(write_durably(path, "two"), "");
  EXPECT_EQ(read_file(path, 99).text, "two");
  struct stat info {};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);

  const std::string secret = directory / "secret";
  std::ofstream(secret) << "untouched";
  fs::create_symlink(secret, path + ".new");  // it is not written through
  EXPECT_EQ(write_durably(path, "three"), "");
  EXPECT_EQ(read_file(secret, 99).text, "untouched");
  EXPECT_EQ(read_file(path, 99).text, "three");

  fs::create_directory(directory / "taken");
  EXPECT_NE(write_durably(directory / "taken", "four"), "");
  EXPECT_FALSE(fs::exists(directory / "taken.new"));
  EXPECT_EQ(write_durably(directory / "none/state.json", "five"), "No such file or directory");
}

// As on a full disk: the file system takes the beginning and no more.
TEST(DurableFile, ThatIsCutShortIsNotTaken) {
  const test::TemporaryDirectory directory;
  const std::string path = directory / "state.json";
  ASSERT_EQ(write_durably(path, "before"), "");
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{10, before.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
  const std::string reason = write_durably(path, std::string(100, 'x'));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(reason, "File too large");
  EXPECT_EQ(read_file(path, 99).text, "before");
  EXPECT_FALSE(fs::exists(path + ".new"));
}

std::string save(OrderStore& store, boost::asio::io_context& control, const Orders& orders) {
  std::string result = "never";
  boost::asio::co_spawn(
      control,
      [](OrderStore& to, const Orders& what, std::string& answer) -> boost::asio::awaitable<void> {
        answer = co_await to.save(what);
      }(store, orders, result),
      boost::asio::detached);
  control.restart();
  control.run();
  return result;
}

TEST(OrderStore, KeepsWhatItIsGiven) {
  const test::TemporaryDirectory directory;
  test::CapturedLog log;
  boost::asio::io_context control;
  const OrderFilePlace place{directory / "state.json", "", false};
  {
    OrderStore store(control, log.log());
    EXPECT_TRUE(store.open(place).empty());
    EXPECT_EQ(save(store, control, some_orders()), "");
  }
  EXPECT_EQ(log.text(), "");
  OrderStore next(control, log.log());
  const Orders orders = next.open(place);
  EXPECT_EQ(order_file_text(orders), order_file_text(some_orders()));
  EXPECT_LT(orders.find("app", "10.0.0.1:80")->by.since, Clock::now());
  EXPECT_EQ(log.count("an operator's order holds"), 7);
}

TEST(OrderStore, TellsOfABrokenFileAndPutsItAside) {
  const test::TemporaryDirectory directory;
  test::CapturedLog log;
  boost::asio::io_context control;
  const std::string path = directory / "state.json";
  std::ofstream(path) << "{\"version\":";
  OrderStore store(control, log.log());
  EXPECT_TRUE(store.open({path, "", false}).empty());
  EXPECT_TRUE(log.says("the state file can not be used"));
  EXPECT_TRUE(log.says("it is no JSON object"));
  EXPECT_EQ(read_file(path + ".broken", 99).text, "{\"version\":");
  EXPECT_EQ(save(store, control, some_orders()), "");
}

// A user's who may not read it, for instance: what it holds is not lost by that.
TEST(OrderStore, LeavesAFileAloneThatItCanNotRead) {
  const test::TemporaryDirectory directory;
  test::CapturedLog log;
  boost::asio::io_context control;
  const std::string path = directory / "state.json";
  fs::create_directory(path);  // root may read any file
  OrderStore store(control, log.log());
  EXPECT_TRUE(store.open({path, "", false}).empty());
  EXPECT_TRUE(log.says("the state file can not be read")) << log.text();
  EXPECT_TRUE(fs::is_directory(path));
  EXPECT_FALSE(fs::exists(path + ".broken"));
  EXPECT_EQ(save(store, control, some_orders()), "the state file could not be read at the start: Is a directory");
}

TEST(OrderStore, LooksWhereADirectoryCanNotBeEntered) {
  const test::TemporaryDirectory directory;
  test::CapturedLog log;
  boost::asio::io_context control;
  std::ofstream(directory / "file") << "x";
  OrderStore store(control, log.log());
  EXPECT_TRUE(store.open({directory / "file/state.json", "", false}).empty());
  EXPECT_TRUE(log.says("the state file can not be read")) << log.text();
}

TEST(OrderStore, WritesNothingThatItCouldNotRead) {
  const test::TemporaryDirectory directory;
  test::CapturedLog log;
  boost::asio::io_context control;
  const std::string path = directory / "state.json";
  OrderStore store(control, log.log());
  store.open({path, "", false});
  Orders orders;
  auto page = std::make_shared<PoolMaintenance>();
  page->page = std::string(kMostOrderFile, 'x');
  orders.set_maintenance("app", std::move(page));
  EXPECT_EQ(save(store, control, orders), "all that is ordered is more than a state file may hold");
  EXPECT_FALSE(fs::exists(path));
}

TEST(OrderStore, TellsOnceWhyItCanNotKeepThem) {
  const test::TemporaryDirectory directory;
  test::CapturedLog log;
  boost::asio::io_context control;
  OrderStore store(control, log.log());
  store.open({directory / "gone/state.json", "", false});
  for (int i = 0; i < 2; ++i) EXPECT_EQ(save(store, control, some_orders()), "No such file or directory");
  EXPECT_EQ(log.count("the state file can not be written"), 1);
  fs::create_directory(directory / "gone");
  EXPECT_EQ(save(store, control, some_orders()), "");
  fs::remove_all(directory / "gone");
  EXPECT_NE(save(store, control, some_orders()), "");
  EXPECT_EQ(log.count("the state file can not be written"), 2) << "again, after it had gone well";

  OrderStore nowhere(control, log.log());
  nowhere.open({"", "the config was not read from a file", false});
  EXPECT_EQ(save(nowhere, control, some_orders()), "the config was not read from a file");
}

}  // namespace
}  // namespace frontdoor
