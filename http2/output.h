// Room for frames on their way out, lent by whoever owns the connection: the session writes behind what is there, its
// owner gives the front to the kernel. One worker.

#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>

namespace frontdoor::http2 {

class Output {
 public:
  void lend(char* block, std::size_t size) { block_ = block, size_ = size, begin_ = end_ = 0; }
  bool lent() const { return block_ != nullptr; }
  char* take_back() {
    char* const block = block_;
    *this = {};
    return block;
  }

  std::string_view unsent() const { return {block_ + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  std::size_t room() const { return size_ - end_; }
  void append(const void* bytes, std::size_t count) {
    if (count == 0) return;  // memcpy wants a pointer even then, and an empty view may have none
    std::memcpy(block_ + end_, bytes, count);
    end_ += count;
  }
  // The first bytes have left. What remains moves to the front when there is little behind it.
  void sent(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) {
      begin_ = end_ = 0;
    } else if (begin_ >= size_ / 2) {
      std::memmove(block_, block_ + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
  }

 private:
  char* block_ = nullptr;
  std::size_t size_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace frontdoor::http2
