// The thread behind a destination, and destinations that fail it.

#include "supervisor/output/output_writer.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>

namespace frontdoor {
namespace {

// Takes what it is given, when it is let.
struct Taken {
  std::mutex mutex;
  std::condition_variable changed;
  bool blocked = false;
  std::string lines;
  int looks = 0;
  bool fails = false;

  void let() {
    {
      const std::lock_guard lock(mutex);
      blocked = false;
    }
    changed.notify_all();
  }
  template <class Condition>
  bool eventually(Condition condition) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(20), [&] { return condition(*this); });
  }
};

class Fake : public OutputDestination {
 public:
  explicit Fake(std::shared_ptr<Taken> taken) : taken_(std::move(taken)) {}
  std::uint64_t write(const std::string& name, std::string_view lines) override {
    std::unique_lock lock(taken_->mutex);
    taken_->lines += name + ':' + std::string(lines);
    taken_->changed.notify_all();
    taken_->changed.wait(lock, [&] { return !taken_->blocked; });
    return taken_->fails ? 3 : 0;
  }
  std::string last_error() const override { return "it broke"; }
  void look(bool asked) override {
    const std::lock_guard lock(taken_->mutex);
    if (asked) ++taken_->looks;
    taken_->changed.notify_all();
  }
  void finish_by(TimePoint) override { taken_->let(); }

 private:
  std::shared_ptr<Taken> taken_;
};

class Writer : public ::testing::Test {
 protected:
  const std::shared_ptr<Taken> taken_ = std::make_shared<Taken>();
  OutputWriter writer_{"standard output", std::make_unique<Fake>(taken_)};
};

TEST_F(Writer, WritesAllInOrderBeforeItCloses) {
  writer_.hand_over("a", "1\n", 1);
  writer_.hand_over("b", "2\n", 1);
  writer_.close();
  EXPECT_EQ(taken_->lines, "a:1\nb:2\n");
  EXPECT_EQ(writer_.lost(), 0u);
  EXPECT_TRUE(writer_.ended());
}

TEST_F(Writer, ADestinationThatStandsStillCostsABoundedRoomAndThenLines) {
  taken_->blocked = true;
  writer_.hand_over("", "first\n", 1);
  ASSERT_TRUE(taken_->eventually([](const Taken& taken) { return !taken.lines.empty(); }));
  const std::string block(64 * 1024, 'x');
  EXPECT_FALSE(writer_.behind());
  while (!writer_.behind()) writer_.hand_over("", block, 10);
  EXPECT_EQ(writer_.lost(), 0u) << "apps are slowed before anything is lost";
  for (std::size_t bytes = 0; bytes < 2 * OutputWriter::kMostBytes; bytes += block.size())
    writer_.hand_over("", block, 10);
  EXPECT_GT(writer_.lost(), 0u);
  EXPECT_EQ(writer_.lost() % 10, 0u);
  EXPECT_EQ(writer_.last_loss(), "it takes less than the instances write");
  taken_->let();
  writer_.close();
  EXPECT_LE(taken_->lines.size(), OutputWriter::kMostBytes + block.size());
  EXPECT_FALSE(writer_.behind());
}

TEST_F(Writer, WhatFailsIsCountedWithItsReason) {
  taken_->fails = true;
  writer_.hand_over("", "1\n2\n3\n", 3);
  writer_.close();
  EXPECT_EQ(writer_.lost(), 3u);
  EXPECT_EQ(writer_.last_loss(), "it broke");
}

TEST_F(Writer, LooksWhenItIsAsked) {
  writer_.look_now();
  EXPECT_TRUE(taken_->eventually([](const Taken& taken) { return taken.looks == 1; }));
}

// A write on a dead network file system returns when it likes.
class Stuck : public OutputDestination {
 public:
  explicit Stuck(std::shared_ptr<Taken> taken) : taken_(std::move(taken)) {}
  std::uint64_t write(const std::string&, std::string_view) override {
    std::unique_lock lock(taken_->mutex);
    taken_->changed.wait(lock, [&] { return !taken_->blocked; });
    return 0;
  }
  std::string last_error() const override { return ""; }
  void look(bool) override {}
  void finish_by(TimePoint) override {}

 private:
  std::shared_ptr<Taken> taken_;
};

TEST(OutputWriter, OneThatIsStuckIsLeftToItself) {
  const auto taken = std::make_shared<Taken>();
  taken->blocked = true;
  {
    OutputWriter writer("a file", std::make_unique<Stuck>(taken));
    writer.hand_over("", "1\n", 1);
    writer.close();
    EXPECT_FALSE(writer.ended());
  }
  taken->let();
}

}  // namespace
}  // namespace frontdoor
