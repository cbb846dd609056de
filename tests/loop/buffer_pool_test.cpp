// Blocks on loan: the warm one first, and memory given back after a burst.

#include "loop/buffer_pool.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <cstring>
#include <utility>
#include <vector>

namespace frontdoor {
namespace {

constexpr std::size_t kBlock = 64 * 1024;

// Whether the kernel still maps this block.
bool mapped(void* block) {
  unsigned char residency[kBlock / 4096];
  return ::mincore(block, kBlock, residency) == 0;  // ENOMEM: not mapped
}

TEST(BufferPool, HandsOutTheBlockGivenBackLast) {
  BufferPool pool(kBlock);
  char* const a = pool.take();
  char* const b = pool.take();
  EXPECT_NE(a, b);
  EXPECT_EQ(pool.in_use(), 2u);
  pool.give(a);
  pool.give(b);
  EXPECT_EQ(pool.take(), b);
  EXPECT_EQ(pool.take(), a);
  pool.give(a);
  pool.give(b);
  EXPECT_EQ(pool.in_use(), 0u);
}

TEST(BufferPool, TrimGivesBackHalfOfWhatNobodyNeeded) {
  BufferPool pool(kBlock);
  std::vector<char*> burst;
  for (int i = 0; i < 8; ++i) burst.push_back(pool.take());
  for (char* block : burst) pool.give(block);
  pool.trim();  // the burst was since the last trim: all were needed
  for (char* block : burst) EXPECT_TRUE(mapped(block));

  pool.trim();  // eight idle: four go, those given back longest ago
  for (std::size_t i = 0; i < burst.size(); ++i) EXPECT_EQ(mapped(burst[i]), i >= 4) << i;
  pool.trim();  // two more
  pool.trim();
  pool.trim();
  for (char* block : burst) EXPECT_FALSE(mapped(block));
  pool.trim();  // nothing left is fine
  pool.give(pool.take());
}

TEST(BufferPool, TrimKeepsWhatWasInUseMeanwhile) {
  BufferPool pool(kBlock);
  char* const a = pool.take();
  char* const b = pool.take();
  pool.give(b);
  pool.give(a);
  pool.trim();
  pool.give(pool.take());  // one of two was needed
  pool.trim();             // the other one is surplus
  EXPECT_TRUE(mapped(a));
  EXPECT_FALSE(mapped(b));
}

TEST(Buffer, GivesItsBlockBackWhenItDies) {
  BufferPool pool(kBlock);
  {
    Buffer buffer(pool);
    EXPECT_TRUE(buffer);
    EXPECT_EQ(buffer.size(), kBlock);
    std::memset(buffer.data(), 1, buffer.size());
    EXPECT_EQ(pool.in_use(), 1u);
  }
  EXPECT_EQ(pool.in_use(), 0u);
  const Buffer none;
  EXPECT_FALSE(none);
  EXPECT_EQ(none.size(), 0u);
}

TEST(Buffer, MovesWithoutASecondBlock) {
  BufferPool pool(kBlock);
  Buffer first(pool);
  char* const block = first.data();
  Buffer second(std::move(first));
  EXPECT_EQ(second.data(), block);
  Buffer third;
  third = std::move(second);
  EXPECT_EQ(third.data(), block);
  EXPECT_EQ(pool.in_use(), 1u);
  third = Buffer(pool);
  EXPECT_EQ(pool.in_use(), 1u);
  third.reset();
  third.reset();
  EXPECT_EQ(pool.in_use(), 0u);
}

}  // namespace
}  // namespace frontdoor
