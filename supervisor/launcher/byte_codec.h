// Values as bytes and back, for what crosses from one process of this program to another on this machine. A text has its
// size before it, a list its count. Values; any thread.

#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace frontdoor {

// Numbers in the machine's own order.
class ByteWriter {
 public:
  template <class Number>
  requires std::is_arithmetic_v<Number>
  void put(Number number) { out_.append(reinterpret_cast<const char*>(&number), sizeof number); }
  void put(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    out_.append(text);
  }
  template <class List, class PutOne>
  void put_list(const List& list, PutOne put_one) {
    put(static_cast<std::uint32_t>(list.size()));
    for (const auto& one : list) put_one(one);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// After the first thing that is not there, everything reads as zero or empty and ok() is false.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  template <class Number>
  void get(Number& number) {
    number = Number{};
    if (rest_.size() < sizeof number) return fail();
    std::memcpy(&number, rest_.data(), sizeof number);
    rest_.remove_prefix(sizeof number);
  }
  void get(std::string& text) {
    std::uint32_t size = 0;
    get(size);
    if (size > rest_.size()) return fail();
    text.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }
  // A list can not have more entries than there are bytes left: a wrong count takes no memory.
  template <class T, class GetOne>
  void get_list(std::vector<T>& list, GetOne get_one) {
    std::uint32_t size = 0;
    get(size);
    if (size > rest_.size()) return fail();
    for (std::uint32_t i = 0; i < size && ok_; ++i) get_one(list.emplace_back());
  }
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }

 private:
  void fail() {
    ok_ = false;
    rest_ = {};
  }
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace frontdoor
