// Small things side by side, and pages that go back when they are empty.

#include "loop/object_pages.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <vector>

// AddressSanitizer has its own memory instead.
#ifndef __SANITIZE_ADDRESS__

namespace frontdoor {
namespace {

TEST(ObjectPages, HaveAsManyAsFit) {
  if (kernel_page_bytes() != 4096) GTEST_SKIP() << "counted for pages of 4 KiB";
  const struct {
    std::size_t bytes, in_page;
  } cases[] = {{8, 508}, {24, 169}, {200, 20}, {201, 19}, {4'064, 1}};
  for (const auto& c : cases) {
    ObjectPages pages(c.bytes);
    const auto page_number = [&](void* object) { return reinterpret_cast<std::uintptr_t>(object) / pages.page_bytes(); };
    EXPECT_EQ(pages.objects_in_page(), c.in_page) << c.bytes;
    std::vector<void*> all;
    for (std::size_t i = 0; i <= c.in_page; ++i) {
      all.push_back(pages.take());
      std::memset(all.back(), 0xff, c.bytes);
      EXPECT_EQ(page_number(all.back()), page_number(static_cast<char*>(all.back()) + c.bytes - 1)) << c.bytes;
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(all.back()) % alignof(void*), 0u) << c.bytes;
    }
    EXPECT_EQ(pages.pages_in_use(), 2u) << c.bytes;
    for (void* object : all) pages.give(object);
    EXPECT_EQ(pages.pages_in_use(), 0u) << c.bytes;
  }
}

TEST(ObjectPages, GiveOutAgainWhatCameBackBeforeANewPageIsTouched) {
  ObjectPages pages(200);
  std::vector<void*> all;
  while (all.size() < 2 * pages.objects_in_page()) all.push_back(pages.take());
  EXPECT_EQ(pages.pages_in_use(), 2u);
  pages.give(all[3]);
  pages.give(all[27]);
  const std::set<void*> back{pages.take(), pages.take()};
  EXPECT_EQ(back, (std::set<void*>{all[3], all[27]}));
  EXPECT_EQ(pages.pages_in_use(), 2u);
  for (void* object : all) pages.give(object);
}

// Whatever comes and goes in whatever order: nobody gets what another one has, what is given back to the kernel was
// nobody's, and what is empty goes back.
TEST(ObjectPages, NeverGiveOneThingTwice) {
  constexpr std::size_t kBytes = 56;
  ObjectPages pages(kBytes);
  struct Owned {
    unsigned char* object;
    unsigned char mark;
    bool whole() const { return std::all_of(object, object + kBytes, [this](unsigned char at) { return at == mark; }); }
  };
  std::vector<Owned> all;
  std::set<unsigned char*> owned;
  std::minstd_rand random(7);
  for (int step = 0; step < 20'000; ++step) {
    if (step % 64 == 0) pages.trim();
    const bool grow = random() % 100 < (step < 10'000 ? 60u : 40u);
    if (grow || all.empty()) {
      const Owned one{static_cast<unsigned char*>(pages.take()), static_cast<unsigned char>(step % 255 + 1)};
      ASSERT_TRUE(owned.insert(one.object).second);
      std::memset(one.object, one.mark, kBytes);
      all.push_back(one);
      continue;
    }
    std::swap(all[random() % all.size()], all.back());
    ASSERT_TRUE(all.back().whole());
    owned.erase(all.back().object);
    pages.give(all.back().object);
    all.pop_back();
  }
  for (const Owned& one : all) {
    EXPECT_TRUE(one.whole());
    pages.give(one.object);
  }
  EXPECT_EQ(pages.pages_in_use(), 0u);
}

}  // namespace
}  // namespace frontdoor

#endif
