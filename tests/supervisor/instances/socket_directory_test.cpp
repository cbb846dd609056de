#include "supervisor/instances/socket_directory.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "supervisor/instances/instance_places.h"
#include "tests/support/temporary_directory.h"

namespace frontdoor {
namespace {

namespace fs = std::filesystem;

class SocketDirectories : public ::testing::Test {
 protected:
  std::vector<std::string> left() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(place_)) names.push_back(entry.path());
    return names;
  }
  static void touch(const std::string& path) { std::ofstream(path) << "x"; }

  const test::TemporaryDirectory temporary_;
  const std::string place_ = temporary_.path();
};

TEST_F(SocketDirectories, EachInstanceHasOneThatNobodyElseEnters) {
  SocketDirectory directory({place_});
  const auto first = directory.make("app.1", std::nullopt);
  const auto second = directory.make("app.1", std::nullopt);  // of a roll
  EXPECT_EQ(first.problem + second.problem, "");
  EXPECT_EQ(first.path, directory.path() + "/app.1");
  EXPECT_EQ(second.path, directory.path() + "/app.1-2");
  struct stat info {};
  ASSERT_EQ(::stat(first.path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0700U);
}

TEST_F(SocketDirectories, WhatWasGivenBackIsGone) {
  SocketDirectory directory({place_});
  const auto made = directory.make("app.1", std::nullopt);
  touch(made.path + '/' + kServingSocket);
  SocketDirectory::remove(made.path);
  EXPECT_FALSE(fs::exists(made.path));
  EXPECT_EQ(directory.make("app.1", std::nullopt).path, made.path);
}

// As what cleans /tmp does, or a logout.
TEST_F(SocketDirectories, OneThatWasClearedAwayIsMadeAnew) {
  SocketDirectory directory({place_});
  const auto made = directory.make("app.1", std::nullopt);
  fs::remove_all(directory.path());
  const auto again = directory.make("app.1", std::nullopt);
  EXPECT_EQ(again.problem, "");
  EXPECT_TRUE(fs::is_directory(again.path));
  EXPECT_EQ(again.path, directory.path() + "/app.1");
  fs::remove_all(place_);
  EXPECT_NE(directory.make("app.1", std::nullopt).problem, "");
  fs::create_directory(place_);
  EXPECT_EQ(directory.make("app.1", std::nullopt).problem, "");
}

TEST_F(SocketDirectories, WhatAnAppHasPutThereItselfIsLeftToIt) {
  SocketDirectory directory({place_});
  const auto made = directory.make("app.1", std::nullopt);
  touch(made.path + "/its-own");
  SocketDirectory::remove(made.path);
  EXPECT_TRUE(fs::exists(made.path + "/its-own"));
  EXPECT_EQ(directory.make("app.1", std::nullopt).path, made.path + "-2");
}

TEST_F(SocketDirectories, NothingIsLeftInTheEnd) {
  {
    SocketDirectory directory({place_});
    touch(directory.make("app.1", std::nullopt).path + '/' + kServingSocket);
  }
  EXPECT_THAT(left(), ::testing::IsEmpty());
}

TEST_F(SocketDirectories, ALongNameOfAnInstanceBecomesANumber) {
  SocketDirectory directory({place_});
  const auto made = directory.make(std::string(200, 'a') + ".1", std::nullopt);
  EXPECT_EQ(made.path, directory.path() + "/1");
}

TEST_F(SocketDirectories, ALongPathOfThePlaceIsSaidToBe) {
  const std::string deep = place_ + '/' + std::string(100, 'd');
  fs::create_directory(deep);
  SocketDirectory directory({deep});
  const auto made = directory.make("app.1", std::nullopt);
  EXPECT_EQ(made.path, "");
  EXPECT_EQ(made.problem, directory.path() + "/1 is too long for a unix socket's path");
}

TEST_F(SocketDirectories, TheFirstPlaceThatWorksIsTaken) {
  SocketDirectory directory({"/nonexistent/place", place_});
  EXPECT_EQ(directory.make("app.1", std::nullopt).problem, "");
  EXPECT_TRUE(directory.path().starts_with(place_));
  SocketDirectory nowhere({"/nonexistent/place"});
  EXPECT_EQ(nowhere.make("app.1", std::nullopt).problem, "/nonexistent/place: No such file or directory");
}

TEST_F(SocketDirectories, WhatAKilledFrontDoorHasLeftIsClearedAway) {
  const std::string leftover = place_ + "/frontdoor-killed";  // as long as ours
  fs::create_directories(leftover + "/app.1");
  touch(leftover + "/app.1/" + kServingSocket);
  fs::create_directory(place_ + "/frontdoor-not-ours");
  SocketDirectory directory({place_});
  directory.make("app.1", std::nullopt);
  EXPECT_FALSE(fs::exists(leftover));
  EXPECT_TRUE(fs::exists(place_ + "/frontdoor-not-ours"));
}

TEST_F(SocketDirectories, WhatALivingOneHasIsNot) {
  SocketDirectory living({place_});
  const auto made = living.make("app.1", std::nullopt);
  SocketDirectory other({place_});
  other.make("app.1", std::nullopt);
  EXPECT_TRUE(fs::exists(made.path));
}

// The launcher keeps the lock; the successor goes on with the directory.
TEST_F(SocketDirectories, ACrashOfTheFrontDoorLeavesItToTheNext) {
  std::string path;
  OwnedFd kept;
  {
    static SocketDirectory* crashed = nullptr;  // is never destroyed: a crash
    crashed = new SocketDirectory({place_});
    crashed->make("app.1", std::nullopt);
    path = crashed->path();
    kept = OwnedFd(::fcntl(crashed->lock(), F_DUPFD_CLOEXEC, 0));
    ::close(crashed->lock());
  }
  SocketDirectory other({place_});
  other.make("x.1", std::nullopt);
  EXPECT_TRUE(fs::exists(path + "/app.1"));
  SocketDirectory successor({place_});
  successor.adopt(path, std::move(kept));
  EXPECT_EQ(successor.make("app.1", std::nullopt).path, path + "/app.1-2");
}

TEST(InstancePlace, IsAPortOrAPath) {
  const struct {
    const char *text, *port;
  } cases[] = {{"127.0.0.1:24001", "24001"}, {"unix:/run/frontdoor-x/app.1/http.sock", "/run/frontdoor-x/app.1/http.sock"}};
  for (const auto& c : cases) {
    const auto place = parse_place(c.text);
    ASSERT_TRUE(place) << c.text;
    EXPECT_EQ(place->to_string(), c.text);
    EXPECT_EQ(port_variable(*place), c.port);
  }
  for (const char* none : {"24001", "unix:", "localhost:1"}) EXPECT_FALSE(parse_place(none)) << none;
  const auto nowhere = parse_place("");
  ASSERT_TRUE(nowhere);
  EXPECT_TRUE(is_nowhere(*nowhere));
  EXPECT_EQ(nowhere->to_string(), "");
  EXPECT_EQ(port_variable(*nowhere), "");
}

}  // namespace
}  // namespace frontdoor
