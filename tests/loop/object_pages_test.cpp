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

std::uintptr_t page_number(void* object) { return reinterpret_cast<std::uintptr_t>(object) / ObjectPages::kPageBytes; }

TEST(ObjectPages, HaveAsManyAsFit) {
  const struct {
    std::size_t bytes, in_page;
  } cases[] = {{8, 508}, {24, 169}, {200, 20}, {201, 19}, {4'064, 1}};
  for (const auto& c : cases) {
    ObjectPages pages(c.bytes);
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
  for (int i = 0; i < 40; ++i) all.push_back(pages.take());
  EXPECT_EQ(pages.pages_in_use(), 2u);
  pages.give(all[3]);
  pages.give(all[27]);
  const std::set<void*> back{pages.take(), pages.take()};
  EXPECT_EQ(back, (std::set<void*>{all[3], all[27]}));
  EXPECT_EQ(pages.pages_in_use(), 2u);
  for (void* object : all) pages.give(object);
}

// Whatever comes and goes in whatever order: nobody gets what another one has, and what is empty goes back.
TEST(ObjectPages, NeverGiveOneThingTwice) {
  ObjectPages pages(56);
  std::minstd_rand random(7);
  std::vector<unsigned char*> all;
  for (int step = 0; step < 20'000; ++step) {
    const bool grow = random() % 100 < (step < 10'000 ? 60u : 40u);
    if (grow || all.empty()) {
      auto* const object = static_cast<unsigned char*>(pages.take());
      object[0] = object[55] = static_cast<unsigned char>(step);
      object[1] = static_cast<unsigned char>(step);
      all.push_back(object);
      continue;
    }
    std::swap(all[random() % all.size()], all.back());
    ASSERT_EQ(all.back()[1], all.back()[55]);
    pages.give(all.back());
    all.pop_back();
  }
  EXPECT_EQ(std::set<unsigned char*>(all.begin(), all.end()).size(), all.size());
  for (unsigned char* object : all) pages.give(object);
  EXPECT_EQ(pages.pages_in_use(), 0u);
}

}  // namespace
}  // namespace frontdoor

#endif
