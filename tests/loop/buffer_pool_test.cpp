// Blocks on loan: the warm one first, and memory given back after a burst.

#include "loop/buffer_pool.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace frontdoor {
namespace {

constexpr std::size_t kBlock = 64 * 1024;

// Whether any page of this block takes memory.
bool resident(char* block) {
  unsigned char pages[kBlock / 4096];
  if (::mincore(block, kBlock, pages) != 0) return false;  // ENOMEM: not even mapped
  return std::any_of(std::begin(pages), std::end(pages), [](unsigned char page) { return page & 1; });
}

bool mapped(char* block) {
  unsigned char pages[kBlock / 4096];
  return ::mincore(block, kBlock, pages) == 0;
}

std::vector<char*> take(BufferPool& pool, std::size_t count) {
  std::vector<char*> blocks;
  for (std::size_t i = 0; i < count; ++i) {
    blocks.push_back(pool.take());
    std::memset(blocks.back(), 1, kBlock);
  }
  return blocks;
}

void give(BufferPool& pool, const std::vector<char*>& blocks) {
  for (char* block : blocks) pool.give(block);
}

std::size_t mappings() {
  std::ifstream maps("/proc/self/maps");
  return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(maps), {}, '\n'));
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
  const auto burst = take(pool, 8);
  give(pool, burst);
  pool.trim();  // the burst was since the last trim: all were needed
  for (char* block : burst) EXPECT_TRUE(resident(block));

  pool.trim();  // eight idle: four go, those given back longest ago
  for (std::size_t i = 0; i < burst.size(); ++i) EXPECT_EQ(resident(burst[i]), i >= 4) << i;
  pool.trim();  // two more
  pool.trim();
  pool.trim();
  for (char* block : burst) EXPECT_FALSE(resident(block));
  pool.trim();  // nothing left is fine
  pool.give(pool.take());
}

TEST(BufferPool, TrimKeepsWhatWasInUseMeanwhile) {
  BufferPool pool(kBlock);
  const auto both = take(pool, 2);
  pool.give(both[1]);
  pool.give(both[0]);
  pool.trim();
  pool.give(pool.take());  // one of two was needed
  pool.trim();             // the other one is surplus
  EXPECT_TRUE(resident(both[0]));
  EXPECT_FALSE(resident(both[1]));
}

// Whatever size is asked for: the kernel takes back whole pages, and rounds up.
TEST(BufferPool, WhatGoesBackToTheKernelTakesNothingOfItsNeighbour) {
  for (const std::size_t asked : {1u, 4'095u, 64u * 1024, 80'000u, 128'000u}) {
    BufferPool pool(asked);
    std::vector<char*> blocks;
    for (std::size_t i = 0; i < BufferPool::kSlabBlocks; ++i) {
      blocks.push_back(pool.take());
      std::memset(blocks.back(), 'x', pool.block_bytes());
    }
    for (std::size_t i = 0; i < blocks.size(); i += 2) pool.give(blocks[i]);
    for (int turn = 0; turn < 20; ++turn) pool.trim();
    for (std::size_t i = 1; i < blocks.size(); i += 2) {
      EXPECT_EQ(std::string_view(blocks[i], asked).find_first_not_of('x'), std::string_view::npos) << asked << ", " << i;
      pool.give(blocks[i]);
    }
  }
}

TEST(BufferPool, ASlabThatNobodyUsesIsUnmappedAndTheLastOneIsKept) {
  BufferPool pool(kBlock);
  auto blocks = take(pool, 3 * BufferPool::kSlabBlocks);
  EXPECT_EQ(pool.slabs(), 3u);
  char* const kept = blocks.back();
  blocks.pop_back();
  give(pool, blocks);
  for (int i = 0; i < 12; ++i) pool.trim();
  EXPECT_EQ(pool.slabs(), 1u);
  EXPECT_TRUE(mapped(kept));
  EXPECT_TRUE(resident(kept));
  EXPECT_EQ(static_cast<std::size_t>(std::count_if(blocks.begin(), blocks.end(), mapped)),
            BufferPool::kSlabBlocks - 1);
  EXPECT_TRUE(std::none_of(blocks.begin(), blocks.end(), resident));
  pool.give(kept);
  for (int i = 0; i < 12; ++i) pool.trim();
  EXPECT_EQ(pool.slabs(), 1u);
}

TEST(BufferPool, ColdBlocksAreUsedBeforeAnotherSlabIsMapped) {
  BufferPool pool(kBlock);
  auto blocks = take(pool, BufferPool::kSlabBlocks);
  char* const kept = blocks.back();
  blocks.pop_back();
  give(pool, blocks);
  for (int i = 0; i < 12; ++i) pool.trim();
  auto again = take(pool, BufferPool::kSlabBlocks - 1);
  EXPECT_EQ(pool.slabs(), 1u);
  std::sort(again.begin(), again.end());
  std::sort(blocks.begin(), blocks.end());
  EXPECT_EQ(again, blocks);
  give(pool, again);
  pool.give(kept);
}

// vm.max_map_count is 65,530 by default; one mapping for each block would be 10,000 here once every second
// one has gone.
TEST(BufferPool, ChurnLeavesFewMappings) {
  BufferPool pool(kBlock);
  constexpr std::size_t kBlocks = 20'000;
  [[maybe_unused]] const std::size_t before = mappings();
  std::vector<char*> blocks;
  for (std::size_t i = 0; i < kBlocks; ++i) blocks.push_back(pool.take());
  for (std::size_t i = 0; i < kBlocks; i += 2) pool.give(blocks[i]);
  for (int i = 0; i < 20; ++i) pool.trim();
#ifndef __SANITIZE_THREAD__  // which maps something of its own beside each
  EXPECT_LT(mappings(), before + 2 * kBlocks / BufferPool::kSlabBlocks);
#endif
  for (std::size_t i = 1; i < kBlocks; i += 2) pool.give(blocks[i]);
  for (int i = 0; i < 20; ++i) pool.trim();
  EXPECT_EQ(pool.slabs(), 1u);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

// In a process of its own: the limit is for all of it.
TEST(BufferPoolDeathTest, WithoutAddressSpaceItThrowsAndGoesOn) {
  const auto without_address_space = [] {
    BufferPool pool(kBlock);
    std::vector<char*> blocks;
    blocks.reserve(10'000);
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    const rlimit limit{pages * 4096 + 100 * kBlock, RLIM_INFINITY};
    ::setrlimit(RLIMIT_AS, &limit);
    bool thrown = false;
    try {
      for (int i = 0; i < 10'000; ++i) blocks.push_back(pool.take());
    } catch (const std::bad_alloc&) {
      thrown = true;
    }
    const bool used_small_slabs = blocks.size() > 80 && pool.in_use() == blocks.size();
    for (char* block : blocks) pool.give(block);
    pool.give(pool.take());
    std::_Exit(thrown && used_small_slabs && pool.in_use() == 0 ? 7 : 1);
  };
  EXPECT_EXIT(without_address_space(), ::testing::ExitedWithCode(7), "");
}

#endif

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
