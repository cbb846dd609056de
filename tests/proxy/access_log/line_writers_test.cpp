// The quick way to write a line says the same as the other one, and knows each text that it must leave to it.

#include "proxy/access_log/line_writers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace frontdoor {
namespace {

// At the end of its memory, so that a tool that watches it sees whatever is read behind it.
bool is_plain(const std::string& text, std::string& written) {
  const std::vector<char> exact(text.begin(), text.end());
  std::string room(text.size() + 64, '?');
  QuickLine line(room.data());
  line.quoted({exact.data(), exact.size()});
  written = line.text();
  return line.plain();
}

TEST(QuickLine, CopiesATextOfAnySizeAndFindsTheOneOddByteInIt) {
  const std::vector<char> odd = {'\0', '\n', '\x1f', '"', '\\', '\x7f', '\x80', '\xc3', '\xff'};
  const std::vector<char> plain = {' ', '!', '#', '0', '[', ']', 'a', '~'};
  std::string written;
  for (std::size_t size = 0; size <= 70; ++size) {
    std::string text(size, 'x');
    for (std::size_t i = 0; i < size; ++i) text[i] = plain[(i * 7 + size) % plain.size()];
    ASSERT_TRUE(is_plain(text, written)) << size;
    ASSERT_EQ(written, '"' + text + '"');
    for (std::size_t at = 0; at < size; ++at)
      for (const char byte : odd) {
        std::string other = text;
        other[at] = byte;
        ASSERT_FALSE(is_plain(other, written)) << size << " bytes, " << static_cast<int>(byte) << " at " << at;
        ASSERT_EQ(written, '"' + other + '"');
      }
  }
}

TEST(QuickLine, OneOddTextAmongManyIsEnough) {
  std::string room(1'000, '?');
  for (int odd_one = 0; odd_one < 6; ++odd_one) {
    QuickLine line(room.data());
    for (int i = 0; i < 5; ++i) line.quoted(i == odd_one ? "caf\xc3\xa9" : "plain");
    EXPECT_EQ(line.plain(), odd_one == 5) << odd_one;
  }
}

TEST(QuickLine, WritesNumbersAsTheOtherOneDoes) {
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t i = 0; i <= 2'000; ++i) numbers.push_back(i);
  for (std::uint64_t power = 10'000; power <= 1'000'000'000'000'000'000; power *= 10)
    numbers.insert(numbers.end(), {power - 1, power, power + 1});
  numbers.push_back(~std::uint64_t{0});
  for (const std::uint64_t number : numbers) {
    std::string room(64, '?'), out;
    QuickLine quick(room.data());
    quick.number(number);
    AnyLine any(out);
    any.number(number);
    if (number < 1'000) quick.three_digits(static_cast<unsigned>(number)), any.three_digits(static_cast<unsigned>(number));
    ASSERT_EQ(quick.text(), out);
  }
}

}  // namespace
}  // namespace frontdoor
