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

// ---- Whether a text needs an escape: a control character, DEL, beyond ASCII, a quote or a backslash

namespace plain_text {

inline constexpr std::uint64_t kOnes = 0x0101010101010101, kHigh = 0x8080808080808080;

// Not zero when one of eight bytes is odd. Bytes of zero are: what is shorter is filled up with spaces.
inline std::uint64_t odd(std::uint64_t bytes) {
  const auto has_zero = [](std::uint64_t v) { return (v - kOnes) & ~v; };
  return (bytes | ((bytes - kOnes * 0x20) & ~bytes) | has_zero(bytes ^ kOnes * '"') | has_zero(bytes ^ kOnes * '\\') |
          has_zero(bytes ^ kOnes * 0x7f)) & kHigh;
}

using Chunk [[gnu::vector_size(16)]] = unsigned char;

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

// Copies the text; false: it has something odd.
inline bool copy(std::string_view text, char* to) {
  const char* const from = text.data();
  const std::size_t size = text.size();
  if (size >= 16) {
    Chunk found{};
    const auto look_at = [&](std::size_t i) {
      const auto chunk = load<Chunk>(from + i);
      store(to + i, chunk);
      found |= reinterpret_cast<Chunk>((chunk < 0x20) | (chunk > 0x7e) | (chunk == '"') | (chunk == '\\'));
    };
    for (std::size_t i = 0; i + 16 < size; i += 16) look_at(i);
    look_at(size - 16);
    std::uint64_t halves[2];
    std::memcpy(halves, &found, sizeof halves);
    return (halves[0] | halves[1]) == 0;
  }
  if (size >= 8) {
    const auto first = load<std::uint64_t>(from), last = load<std::uint64_t>(from + size - 8);
    store(to, first);
    store(to + size - 8, last);
    return (odd(first) | odd(last)) == 0;
  }
  if (size >= 4) {
    const auto first = load<std::uint32_t>(from), last = load<std::uint32_t>(from + size - 4);
    store(to, first);
    store(to + size - 4, last);
    return odd(static_cast<std::uint64_t>(first) << 32 | last) == 0;
  }
  if (size == 0) return true;
  const auto first = static_cast<unsigned char>(from[0]), middle = static_cast<unsigned char>(from[size / 2]),
             last = static_cast<unsigned char>(from[size - 1]);
  to[0] = static_cast<char>(first);
  to[size / 2] = static_cast<char>(middle);
  to[size - 1] = static_cast<char>(last);
  constexpr std::uint64_t kSpaces = kOnes * ' ' << 24;
  return odd(kSpaces | std::uint64_t{first} << 16 | std::uint64_t{middle} << 8 | last) == 0;
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
    plain_ &= plain_text::copy(text, at_);
    at_ += text.size();
    *at_++ = '"';
  }
  void number(std::uint64_t value) {
    if (value >= 1000) {
      at_ = std::to_chars(at_, at_ + 20, value).ptr;
      return;
    }
    const std::size_t zeros = (value < 10 ? 1u : 0u) + (value < 100 ? 1u : 0u);
    std::memcpy(at_, &kThreeDigits[4 * value + zeros], 4);
    at_ += 3 - zeros;
  }
  void three_digits(unsigned value) {
    std::memcpy(at_, &kThreeDigits[4 * value], 4);
    at_ += 3;
  }

  void bare(std::string_view text) { at_ += text.copy(at_, text.size()); }  // which may be of no address, when empty

  bool plain() const { return plain_; }
  bool empty() const { return at_ == begin_; }
  std::string_view text() const { return {begin_, static_cast<std::size_t>(at_ - begin_)}; }

 private:
  char* const begin_;
  char* at_;
  bool plain_ = true;
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
