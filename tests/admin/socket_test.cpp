#include "admin/socket.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "admin/place.h"
#include "tests/support/temporary_directory.h"

namespace frontdoor {
namespace {

namespace fs = std::filesystem;

class AdminSockets : public ::testing::Test {
 protected:
  AdminSocketOptions options(pid_t pid = 42) const {
    AdminSocketOptions options;
    options.directories = {directory_};
    options.main_pid = pid;
    return options;
  }
  std::string at(const std::string& name) const { return directory_ + '/' + name; }
  // A file as a process that was killed leaves it.
  void leave(const std::string& name) const {
    AdminSocketOptions left = options();
    left.path = at(name);
    AdminSocket socket = AdminSocket::open(left);
    ASSERT_TRUE(socket.valid()) << socket.error();
    fs::rename(at(name), at(name) + ".kept");
    socket.remove();
    fs::rename(at(name) + ".kept", at(name));
    ASSERT_EQ(look_at_socket(at(name)).owner, SocketOwner::Dead);
  }

  const test::TemporaryDirectory temporary_;
  const std::string directory_ = temporary_.path();
};

TEST_F(AdminSockets, BelongToTheirUserAlone) {
  const AdminSocket socket = AdminSocket::open(options());
  ASSERT_TRUE(socket.valid()) << socket.error();
  EXPECT_EQ(socket.path(), at("admin.sock"));
  struct stat info {};
  ASSERT_EQ(::stat(socket.path().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777u, 0600u);
  EXPECT_EQ(look_at_socket(socket.path()).owner, SocketOwner::Alive);
  EXPECT_EQ(look_at_socket(socket.path()).pid, ::getpid());
}

TEST_F(AdminSockets, AreRemovedByTheirOwner) {
  { const AdminSocket socket = AdminSocket::open(options()); }
  EXPECT_TRUE(fs::is_empty(directory_));
}

TEST_F(AdminSockets, OfTwoProgramsHaveTwoNames) {
  const AdminSocket first = AdminSocket::open(options(1));
  const AdminSocket second = AdminSocket::open(options(2));
  EXPECT_EQ(first.path(), at("admin.sock"));
  EXPECT_EQ(second.path(), at("admin-2.sock"));
  EXPECT_EQ(look_at_socket(first.path()).owner, SocketOwner::Alive);
}

TEST_F(AdminSockets, OfTheDeadAreReplacedAndClearedAway) {
  leave("admin.sock");
  leave("admin-7.sock");
  const AdminSocket socket = AdminSocket::open(options());
  EXPECT_EQ(socket.path(), at("admin.sock"));
  EXPECT_EQ(look_at_socket(socket.path()).owner, SocketOwner::Alive);
  EXPECT_FALSE(fs::exists(at("admin-7.sock")));
}

TEST_F(AdminSockets, OfOneThatIsLeavingPassToItsSuccessor) {
  AdminSocket old = AdminSocket::open(options(1));
  AdminSocketOptions wish = options(2);
  wish.is_leaving = [](pid_t pid) { return pid == ::getpid(); };
  const AdminSocket next = AdminSocket::open(wish);
  EXPECT_EQ(next.path(), at("admin.sock"));
  old.remove();  // and leaves what is not its own any more
  EXPECT_EQ(look_at_socket(next.path()).owner, SocketOwner::Alive);
}

TEST_F(AdminSockets, AtAPathOfTheConfigAreNeverTakenFromTheLiving) {
  AdminSocketOptions wish = options();
  wish.path = at("x.sock");
  const AdminSocket first = AdminSocket::open(wish);
  const AdminSocket second = AdminSocket::open(wish);
  EXPECT_TRUE(first.valid());
  EXPECT_FALSE(second.valid());
  EXPECT_EQ(second.error(), "in use by pid " + std::to_string(::getpid()));
  EXPECT_EQ(look_at_socket(wish.path).owner, SocketOwner::Alive);
}

TEST_F(AdminSockets, ReplaceNothingElse) {
  AdminSocketOptions wish = options();
  wish.path = at("file");
  std::ofstream(wish.path) << "precious";
  EXPECT_EQ(AdminSocket::open(wish).error(), "there is a file that is no socket of ours");
  EXPECT_EQ(fs::file_size(wish.path), 8u);
  wish.path = at("no/such/directory.sock");
  EXPECT_EQ(AdminSocket::open(wish).error(), "No such file or directory");
}

TEST_F(AdminSockets, AreNotPutWhereOthersMayWrite) {
  fs::permissions(directory_, fs::perms::others_write, fs::perm_options::add);
  EXPECT_EQ(AdminSocket::open(options()).error(), directory_ + ": others may write there");
  fs::permissions(directory_, fs::perms::owner_all);
  const std::string link = directory_ + ".link";
  fs::create_symlink(directory_, link);
  EXPECT_NE(prepare_directory(link), "");
  fs::remove(link);
  const AdminSocketOptions nowhere;
  EXPECT_EQ(AdminSocket::open(nowhere).error(), "this user has no directory for it");
}

TEST_F(AdminSockets, GoOnToTheNextDirectoryWhenOneWillNotDo) {
  AdminSocketOptions wish = options();
  wish.directories = {"/proc/no/such", directory_ + "/private"};
  const AdminSocket socket = AdminSocket::open(wish);
  EXPECT_EQ(socket.path(), at("private/admin.sock"));
  struct stat info {};
  ASSERT_EQ(::stat(at("private").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777u, 0700u);
}

TEST_F(AdminSockets, OfAGroupThatThereIsNotAreTheUserSAlone) {
  AdminSocketOptions wish = options();
  wish.group = "no-such-group";
  const AdminSocket socket = AdminSocket::open(wish);
  EXPECT_TRUE(socket.valid());
  EXPECT_EQ(socket.warning(), "there is no group no-such-group");
  EXPECT_FALSE(socket.group());
}

TEST_F(AdminSockets, AreFoundByWhatEndsInTheirName) {
  const AdminSocket socket = AdminSocket::open(options());
  std::ofstream(at("admin-1.sock")) << "no socket";
  const AdminSurroundings surroundings{7, directory_, "", "", ""};
  const auto found = find_admin_sockets(surroundings);
  EXPECT_NE(std::find(found.begin(), found.end(), at("admin.sock")), found.end());
  EXPECT_EQ(std::find(found.begin(), found.end(), at("admin-1.sock")), found.end());
}

}  // namespace
}  // namespace frontdoor
