// Which files have changed, on a real file system: editors' ways to save, directories that come and go.

#include "supervisor/triggers/file_tree.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <mutex>
#include <utility>

#include "supervisor/triggers/file_watch.h"
#include "tests/support/temporary_directory.h"

namespace frontdoor {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Texts = std::vector<std::string>;

class Tree {
 public:
  void write(const std::string& name, const std::string& text = "text") const {
    fs::create_directories((path / name).parent_path());
    std::ofstream(path / name, std::ios::app) << text;
  }
  // As most editors do: a new file takes the old one's name.
  void save(const std::string& name) const {
    write(name + ".new");
    fs::rename(path / (name + ".new"), path / name);
  }

  const test::TemporaryDirectory temporary;
  const fs::path path = fs::canonical(temporary.path());
};

class Watched {
 public:
  Watched(const fs::path& directory, const Texts& watch, const Texts& ignore = {}, FileTreeOptions options = {})
      : tree(WatchPatterns(directory.string(), watch, ignore), std::move(options)) {
    tree.look();
  }

  // What has changed; events are waited for, since the kernel has queued them before the change returned.
  Texts changed() {
    const bool any = tree.take_events();
    const bool roots = tree.check_roots();
    EXPECT_EQ(any || roots, expects_event);
    return tree.look();
  }

  FileTree tree;
  bool expects_event = true;
};

TEST(FileTree, EverySaveIsAChange) {
  const Tree directory;
  directory.write("server.js");
  directory.write("lib/a.js");
  Watched watched(directory.path, {"."});
  EXPECT_EQ(watched.tree.files(), 2u);
  EXPECT_EQ(watched.tree.directories(), 2u);

  directory.write("server.js");
  EXPECT_THAT(watched.changed(), ElementsAre("server.js"));
  directory.save("lib/a.js");
  EXPECT_THAT(watched.changed(), ElementsAre("lib/a.js"));
  directory.write("lib/b.js");
  directory.write("server.js");
  EXPECT_THAT(watched.changed(), ElementsAre("lib/b.js", "server.js"));
  fs::remove(directory.path / "lib/b.js");
  EXPECT_THAT(watched.changed(), ElementsAre("lib/b.js"));
  fs::rename(directory.path / "lib/a.js", directory.path / "lib/c.js");
  EXPECT_THAT(watched.changed(), ElementsAre("lib/a.js", "lib/c.js"));
}

TEST(FileTree, WhatIsThereAndGoneAgainIsNone) {
  const Tree directory;
  directory.write("server.js");
  Watched watched(directory.path, {"."});
  directory.write("brief.js");
  fs::remove(directory.path / "brief.js");
  EXPECT_THAT(watched.changed(), IsEmpty());
}

TEST(FileTree, WhatNoPatternMeansIsNone) {
  const Tree directory;
  directory.write("server.js");
  directory.write("node_modules/x/index.js");
  Watched watched(directory.path, {"**/*.js"}, {"tmp"});
  EXPECT_EQ(watched.tree.directories(), 1u);
  directory.write("notes.txt");
  EXPECT_THAT(watched.changed(), IsEmpty());
  fs::create_directories(directory.path / "tmp");
  directory.write("tmp/x.js");
  EXPECT_THAT(watched.changed(), IsEmpty());
  EXPECT_EQ(watched.tree.directories(), 1u);
  watched.expects_event = false;
  directory.write("tmp/y.js");
  directory.write("node_modules/x/index.js");
  EXPECT_THAT(watched.changed(), IsEmpty());
}

TEST(FileTree, DirectoriesComeAndGo) {
  const Tree directory;
  directory.write("server.js");
  Watched watched(directory.path, {"."});
  directory.write("new/deep/a.js");
  EXPECT_THAT(watched.changed(), ElementsAre("new/deep/a.js"));
  directory.write("new/deep/a.js");
  EXPECT_THAT(watched.changed(), ElementsAre("new/deep/a.js"));
  fs::rename(directory.path / "new", directory.path / "moved");
  EXPECT_THAT(watched.changed(), ElementsAre("moved/deep/a.js", "new/deep/a.js"));
  directory.write("moved/deep/a.js");
  EXPECT_THAT(watched.changed(), ElementsAre("moved/deep/a.js"));
  fs::remove_all(directory.path / "moved");
  EXPECT_THAT(watched.changed(), ElementsAre("moved/deep/a.js"));
  EXPECT_EQ(watched.tree.directories(), 1u);
  EXPECT_EQ(watched.tree.files(), 1u);
}

TEST(FileTree, ADirectoryThatTookTheOthersPlaceIsTheOneThatIsWatched) {
  const Tree directory;
  directory.write("dist/a.js");
  directory.write("next/a.js", "another");
  Watched watched(directory.path, {"dist"});
  fs::rename(directory.path / "dist", directory.path / "before");
  fs::rename(directory.path / "next", directory.path / "dist");
  EXPECT_THAT(watched.changed(), ElementsAre("dist/a.js"));
  directory.write("dist/b.js");
  EXPECT_THAT(watched.changed(), ElementsAre("dist/b.js"));
  watched.expects_event = false;
  directory.write("before/a.js");
  EXPECT_THAT(watched.changed(), IsEmpty());
}

TEST(FileTree, ADirectoryThatWasMovedElsewhereIsWatchedThere) {
  const Tree directory;
  directory.write("x/a/f.js");
  directory.write("y/g.js");
  Watched watched(directory.path, {"."});
  for (const auto& [from, to] : {std::pair("x/a", "y/a"), std::pair("y/a", "x/a")}) {
    fs::rename(directory.path / from, directory.path / to);
    EXPECT_THAT(watched.changed(), ElementsAre("x/a/f.js", "y/a/f.js"));
    directory.write(std::string(to) + "/f.js");
    EXPECT_THAT(watched.changed(), ElementsAre(std::string(to) + "/f.js"));
  }
}

TEST(FileTree, TheDirectoryItselfMayGoAndComeBack) {
  const Tree directory;
  directory.write("app/server.js");
  Watched watched(directory.path / "app", {"."});
  fs::rename(directory.path / "app", directory.path / "away");
  EXPECT_THAT(watched.changed(), IsEmpty());  // not gone yet: it may be replaced
  watched.expects_event = false;
  EXPECT_THAT(watched.changed(), IsEmpty());
  watched.expects_event = true;
  directory.write("app/server.js", "another");
  EXPECT_THAT(watched.changed(), ElementsAre("server.js"));
  directory.write("app/server.js");
  EXPECT_THAT(watched.changed(), ElementsAre("server.js"));
}

TEST(FileTree, ALinkToTheCurrentReleaseIsFollowed) {
  const Tree directory;
  directory.write("1/server.js");
  directory.write("2/server.js");
  fs::create_directory_symlink("1", directory.path / "current");
  Watched watched(directory.path / "current", {"."});
  EXPECT_EQ(watched.tree.files(), 1u);
  fs::create_directory_symlink("2", directory.path / "new");
  fs::rename(directory.path / "new", directory.path / "current");
  EXPECT_THAT(watched.changed(), ElementsAre("server.js"));
  directory.write("2/server.js");
  EXPECT_THAT(watched.changed(), ElementsAre("server.js"));
}

TEST(FileTree, ALinkedFileIsFollowedAndALinkedDirectoryIsNot) {
  const Tree directory;
  directory.write("app/server.js");
  directory.write("data/1/app.json");
  directory.write("data/2/app.json", "another");
  // As Kubernetes mounts a ConfigMap.
  fs::create_directory_symlink("../data/1", directory.path / "app/..data");
  fs::create_symlink("..data/app.json", directory.path / "app/app.json");
  fs::create_directory_symlink("..", directory.path / "app/round");
  Watched watched(directory.path / "app", {"."});
  EXPECT_EQ(watched.tree.directories(), 1u);
  EXPECT_EQ(watched.tree.files(), 2u);
  fs::create_directory_symlink("../data/2", directory.path / "app/..new");
  fs::rename(directory.path / "app/..new", directory.path / "app/..data");
  EXPECT_THAT(watched.changed(), ElementsAre("app.json"));
}

TEST(FileTree, OurOwnLogsAndAnybodysSocketsAreNone) {
  const Tree directory;
  directory.write("access.log");
  FileTreeOptions options;
  options.own_files = {(directory.path / "access.log").string()};
  options.logs.emplace_back((directory.path / "{instance}.log").string(), "app");
  directory.write("app.1.log");
  Watched watched(directory.path, {"."}, {}, options);
  EXPECT_EQ(watched.tree.files(), 0u);
  directory.write("app.2.log.1");
  EXPECT_THAT(watched.changed(), IsEmpty());
  directory.write("access.log");
  EXPECT_THAT(watched.changed(), IsEmpty());
  fs::rename(directory.path / "access.log", directory.path / "access.log.1");
  directory.write("access.log");
  EXPECT_THAT(watched.changed(), IsEmpty());

  const int listening = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (directory.path / "app.sock").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_THAT(watched.changed(), IsEmpty());
  ::close(listening);

  directory.write("access.logic.js");
  directory.write("access.logs");
  EXPECT_THAT(watched.changed(), ElementsAre("access.logic.js", "access.logs"));
}

TEST(FileTree, WhatWePrintIntoIsNone) {
  const Tree directory;
  directory.write("out");
  const int before = ::dup(STDOUT_FILENO);
  std::fflush(stdout);
  ASSERT_NE(std::freopen((directory.path / "out").c_str(), "a", stdout), nullptr);
  Watched watched(directory.path, {"."});
  directory.write("out");
  const Texts changed = watched.changed();
  std::fflush(stdout);
  ::dup2(before, STDOUT_FILENO);
  ::close(before);
  EXPECT_THAT(changed, IsEmpty());
  EXPECT_EQ(watched.tree.files(), 0u);
}

TEST(FileTree, AQueueThatOverflowsLosesNoChange) {
  const Tree directory;
  directory.write("server.js");
  for (int i = 0; i < 2; ++i) directory.write("busy/" + std::to_string(i));
  Watched watched(directory.path, {"."}, {"busy/**"});
  int most = 0;
  std::ifstream("/proc/sys/fs/inotify/max_queued_events") >> most;
  if (most > 100'000) GTEST_SKIP() << "the queue is too long to fill";
  const std::string one = (directory.path / "one").string();
  const std::string two = (directory.path / "two").string();
  directory.write("one");
  for (int i = 0; i < most; ++i) ASSERT_EQ(::rename(i % 2 ? two.c_str() : one.c_str(), i % 2 ? one.c_str() : two.c_str()), 0);
  directory.write("server.js");  // of this nobody was told
  EXPECT_THAT(watched.changed(), ::testing::Contains("server.js"));
}

TEST(FileTree, WithoutWatchesItIsLookedAtNowAndThen) {
  const Tree directory;
  for (const char* name : {"a/x.js", "b/x.js", "c/x.js"}) directory.write(name);
  FileTreeOptions options;
  options.most_watches = 2;
  Watched watched(directory.path, {"."}, {}, options);
  EXPECT_TRUE(watched.tree.polls());
  EXPECT_THAT(watched.tree.take_troubles(),
              ElementsAre("more directories are to be watched than frontdoor does for a pool (2), all are looked at "
                          "every two seconds instead"));
  watched.tree.take_events();
  for (const char* name : {"a/x.js", "b/x.js", "c/x.js"}) directory.write(name);
  watched.tree.look_everywhere();
  EXPECT_THAT(watched.tree.look(), ElementsAre("a/x.js", "b/x.js", "c/x.js"));
  EXPECT_THAT(watched.tree.take_troubles(), IsEmpty());
}

TEST(FileTree, WithoutInotifyToo) {
  const Tree directory;
  directory.write("server.js");
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  FileTree tree(WatchPatterns(directory.path.string(), {"."}, {}));
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_TRUE(tree.polls());
  EXPECT_EQ(tree.fd(), -1);
  EXPECT_THAT(tree.take_troubles(),
              ElementsAre("files can not be watched (Too many open files; fs.inotify.max_user_instances), they are "
                          "looked at every two seconds instead"));
  tree.look();
  directory.write("server.js");
  EXPECT_FALSE(tree.take_events());
  tree.look_everywhere();
  EXPECT_THAT(tree.look(), ElementsAre("server.js"));
}

TEST(FileTree, ATreeThatIsTooLargeIsToldAndBounded) {
  const Tree directory;
  for (const char* name : {"a/1", "a/2", "b/1", "c/1"}) directory.write(name);
  FileTreeOptions options;
  options.most_directories = 2;
  options.most_files = 1;
  Watched watched(directory.path, {"."}, {}, options);
  EXPECT_EQ(watched.tree.directories(), 2u);
  EXPECT_EQ(watched.tree.files(), 1u);
  EXPECT_THAT(watched.tree.take_troubles(),
              ElementsAre("more than 1 files are to be watched, the others are not: name fewer in watch, or more in "
                          "watch_ignore",
                          "more than 2 directories are to be watched, the others are not: name fewer in watch, or more "
                          "in watch_ignore"));
}

// Calls from the thread, taken one by one.
class Heard : public FileWatchListener {
 public:
  void watching(std::size_t files, std::size_t) override { add("watching " + std::to_string(files)); }
  void changed(Texts files) override {
    for (const std::string& file : files) add(file);
  }
  void trouble(std::string what) override { add(what); }

  std::string next() {
    std::unique_lock lock(mutex_);
    if (!come_.wait_for(lock, std::chrono::seconds(60), [&] { return !heard_.empty(); })) return "nothing";
    std::string first = heard_.front();
    heard_.erase(heard_.begin());
    return first;
  }

 private:
  void add(std::string what) {
    const std::lock_guard lock(mutex_);
    heard_.push_back(std::move(what));
    come_.notify_one();
  }
  std::mutex mutex_;
  std::condition_variable come_;
  Texts heard_;
};

TEST(FileWatch, TellsWhatChanges) {
  const Tree directory;
  directory.write("app/server.js");
  const auto heard = std::make_shared<Heard>();
  {
    const FileWatch watch(WatchPatterns((directory.path / "app").string(), {"."}, {}), {}, heard);
    EXPECT_EQ(heard->next(), "watching 1");
    directory.save("app/server.js");
    EXPECT_EQ(heard->next(), "server.js");
    fs::rename(directory.path / "app", directory.path / "away");
    directory.write("app/server.js", "another");
    EXPECT_EQ(heard->next(), "server.js");  // nothing calls for that: it is looked for
  }
  directory.save("app/server.js");  // and ends with its owner
}

// The thread is held in the middle of a look, as by a network file system that hangs.
TEST(FileWatch, DoesNotMakeItsOwnerWaitForADisk) {
  const Tree directory;
  directory.write("server.js");
  const auto heard = std::make_shared<Heard>();
  const auto looks = std::make_shared<std::promise<void>>();
  std::promise<void> answers;
  FileTreeOptions options;
  options.go_on = [looks, held = answers.get_future().share()] {
    looks->set_value();
    held.wait();
    return false;
  };
  auto watch = std::make_unique<FileWatch>(WatchPatterns(directory.path.string(), {"."}, {}), options, heard);
  looks->get_future().wait();
  watch.reset();  // or the test ends never
  const std::weak_ptr<Heard> held_by_the_watch = heard;
  EXPECT_EQ(held_by_the_watch.use_count(), 1);
  answers.set_value();
}

TEST(FileTree, EndsALookWhenItIsTold) {
  const Tree directory;
  directory.write("a/server.js");
  FileTreeOptions options;
  bool on = true;
  options.go_on = [&on] { return std::exchange(on, false); };
  FileTree tree(WatchPatterns(directory.path.string(), {"."}, {}), options);
  tree.look();
  EXPECT_EQ(tree.directories(), 1u) << "the one below is not read";
}

TEST(FileWatch, PollsWhereItMust) {
  const Tree directory;
  directory.write("server.js");
  const auto heard = std::make_shared<Heard>();
  FileTreeOptions options;
  options.most_watches = 0;
  const FileWatch watch(WatchPatterns(directory.path.string(), {"."}, {}), options, heard);
  EXPECT_THAT(heard->next(), HasSubstr("looked at every two seconds"));
  EXPECT_EQ(heard->next(), "watching 1");
  directory.write("server.js");
  EXPECT_EQ(heard->next(), "server.js");
}

}  // namespace
}  // namespace frontdoor
