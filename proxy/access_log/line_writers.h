// Two ways to put a JSON line together, with one interface: QuickLine into a piece of the stack, without asking for room
// at each step, as long as no text needs an escape; AnyLine into a string, whatever the texts are. Nearly every line is a
// quick one, at a third of the price. Private to access_log_format.cpp. Pure.

#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/json.h"

namespace frontdoor {

// `value` with leading zeros, in exactly `width` characters.
inline char* put_padded(char* at, unsigned value, int width) {
  for (int i = width - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
  return at + width;
}

// "000" to "999", four bytes each: numbers in a line are small, and a division for each digit is not.
inline constexpr auto kThreeDigits = [] {
  std::array<char, 4 * 1000 + 4> digits{};
  for (std::size_t i = 0; i < 1000; ++i) {
    digits[4 * i] = static_cast<char>('0' + i / 100);
    digits[4 * i + 1] = static_cast<char>('0' + i / 10 % 10);
    digits[4 * i + 2] = static_cast<char>('0' + i % 10);
  }
  return digits;
}();

// The numbers below a thousand as they are written, and in the fourth byte how many digits that are.
inline constexpr auto kSmallNumbers = [] {
  std::array<char, 4 * 1000> numbers{};
  for (std::size_t i = 0; i < 1000; ++i) {
    char* at = &numbers[4 * i];
    char* const begin = at;
    if (i >= 100) *at++ = static_cast<char>('0' + i / 100);
    if (i >= 10) *at++ = static_cast<char>('0' + i / 10 % 10);
    *at++ = static_cast<char>('0' + i % 10);
    begin[3] = static_cast<char>(at - begin);
  }
  return numbers;
}();

// ---- Whether a text needs an escape: a control character, DEL, beyond ASCII, a quote or a backslash

namespace plain_text {

// Signed, so that what is beyond ASCII is below the space, too.
using Chunk [[gnu::vector_size(16)]] = signed char;
using Halves [[gnu::vector_size(16)]] = std::uint64_t;

template <class Word>
Word load(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}
template <class Word>
void store(char* to, Word word) {
  std::memcpy(to, &word, sizeof word);
}

// Not zero where a byte is odd.
inline Chunk odd(Chunk bytes) { return (bytes < ' ') | (bytes == 0x7f) | (bytes == '"') | (bytes == '\\'); }
inline Chunk odd(std::uint64_t first, std::uint64_t second) {
  const Halves halves{first, second};
  return odd(reinterpret_cast<Chunk>(halves));
}

// Copies the text, and adds to `found` what is odd in it: a line asks once, for all of its texts.
inline void copy(std::string_view text, char* to, Chunk& found) {
  const char* const from = text.data();
  const std::size_t size = text.size();
  if (size >= 16) {
    const auto look_at = [&](std::size_t i) {
      const auto chunk = load<Chunk>(from + i);
      store(to + i, chunk);
      found |= odd(chunk);
    };
    for (std::size_t i = 0; i + 16 < size; i += 16) look_at(i);
    return look_at(size - 16);
  }
  if (size >= 8) {
    const auto first = load<std::uint64_t>(from), last = load<std::uint64_t>(from + size - 8);
    store(to, first);
    store(to + size - 8, last);
    found |= odd(first, last);
    return;
  }
  std::uint64_t all = 0;
  if (size >= 4) {
    const auto first = load<std::uint32_t>(from), last = load<std::uint32_t>(from + size - 4);
    store(to, first);
    store(to + size - 4, last);
    all = static_cast<std::uint64_t>(first) << 32 | last;
  } else {
    if (size == 0) return;
    const auto first = static_cast<unsigned char>(from[0]), middle = static_cast<unsigned char>(from[size / 2]),
               last = static_cast<unsigned char>(from[size - 1]);
    to[0] = static_cast<char>(first);
    to[size / 2] = static_cast<char>(middle);
    to[size - 1] = static_cast<char>(last);
    constexpr std::uint64_t kSpaces = 0x2020202020000000;  // a byte of zero would be odd
    all = kSpaces | std::uint64_t{first} << 16 | std::uint64_t{middle} << 8 | last;
  }
  found |= odd(all, all);
}

}  // namespace plain_text

class QuickLine {
 public:
  // Names, numbers and punctuation of all fields, and what short_text may write too much.
  static constexpr std::size_t kBesidesTexts = 1024;

  explicit QuickLine(char* room) : begin_(room), at_(room) {}

  template <std::size_t N>
  void literal(const char (&text)[N]) {
    std::memcpy(at_, text, N - 1);
    at_ += N - 1;
  }
  // At most 32 bytes of a place that has so many, nothing odd.
  void short_text(const char* text, std::size_t size) {
    std::memcpy(at_, text, 32);
    at_ += size;
  }
  void quoted(std::string_view text) {
    *at_++ = '"';
    plain_text::copy(text, at_, odd_);
    at_ += text.size();
    *at_++ = '"';
  }
  void number(std::uint64_t value) {
    if (value >= 1000) {
      at_ = std::to_chars(at_, at_ + 20, value).ptr;
      return;
    }
    const char* const digits = &kSmallNumbers[4 * value];
    std::memcpy(at_, digits, 4);
    at_ += digits[3];
  }
  void three_digits(unsigned value) {
    std::memcpy(at_, &kThreeDigits[4 * value], 4);
    at_ += 3;
  }

  void bare(std::string_view text) { at_ += text.copy(at_, text.size()); }  // which may be of no address, when empty

  bool plain() const {
    const auto halves = reinterpret_cast<plain_text::Halves>(odd_);
    return (halves[0] | halves[1]) == 0;
  }
  bool empty() const { return at_ == begin_; }
  std::string_view text() const { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }

 private:
  char* const begin_;
  char* at_;
  plain_text::Chunk odd_{};
};

class AnyLine {
 public:
  explicit AnyLine(std::string& out) : out_(out) {}

  template <std::size_t N>
  void literal(const char (&text)[N]) {
    out_.append(text, N - 1);
  }
  void short_text(const char* text, std::size_t size) { out_.append(text, size); }
  void quoted(std::string_view text) { append_json_string(out_, text); }
  void bare(std::string_view text) { out_ += text; }
  void number(std::uint64_t value) {
    char digits[20];
    out_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
  }
  void three_digits(unsigned value) { out_.append(&kThreeDigits[std::size_t{4} * value], 3); }

 private:
  std::string& out_;
};

}  // namespace frontdoor
