// What has been read from one connection and not used yet, in one block of the worker's pool. A head that is in use
// is pinned at the front; the body is read behind it. An idle connection holds no block.
//
//   data()      pinned        begin         end             size
//     │ head in use │ consumed  │  unread()   │  room to read  │

#pragma once

#include <cstddef>
#include <cstring>
#include <string_view>
#include <utility>

#include "loop/buffer_pool.h"
#include "loop/transport.h"

namespace frontdoor {

class InputBuffer {
 public:
  explicit InputBuffer(BufferPool& pool) : pool_(pool) {}
  InputBuffer(InputBuffer&&) = default;

  // Both are of one pool.
  void become(InputBuffer other) {
    block_ = std::move(other.block_);
    pinned_ = other.pinned_;
    begin_ = other.begin_;
    end_ = other.end_;
  }

  std::string_view unread() const { return {block_.data() + begin_, end_ - begin_}; }
  char* begin() { return block_.data() + begin_; }
  std::size_t size() const { return end_ - begin_; }
  std::size_t bytes_kept() const { return end_; }  // a pinned head and what is unread
  bool empty() const { return begin_ == end_; }
  bool pinned() const { return pinned_ != 0; }  // a head is in use
  bool full() const { return block_ && end_ == block_.size() && begin_ == pinned_; }

  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = pinned_;
  }

  // The first `count` unread bytes are a head: they stay where they are until unpin().
  void pin(std::size_t count) {
    begin_ += count;
    pinned_ = begin_;
    if (begin_ == end_) end_ = begin_;
  }
  // The next head may be pinned where the unread begins: near the end of the block it would leave little room or none
  // behind it for its body.
  void unpin() {
    pinned_ = 0;
    if (begin_ == end_) begin_ = end_ = 0;
    else if (begin_ > block_.size() / 4) make_room();
  }

  // Reads once, as much as there is room for. Never call it when full().
  IoResult fill(Transport& from) {
    if (!from.may_read()) return {};
    if (!block_) block_ = Buffer(pool_);
    if (end_ == block_.size()) make_room();
    const IoResult result = from.read(block_.data() + end_, block_.size() - end_);
    if (result.status == IoStatus::Ok) end_ += result.bytes;
    return result;
  }

  // Gives the block back when nothing is in it.
  void release_if_empty() {
    if (!empty() || pinned_ != 0) return;
    begin_ = end_ = 0;
    block_.reset();
  }

 private:
  void make_room() {
    std::memmove(block_.data() + pinned_, block_.data() + begin_, end_ - begin_);
    end_ -= begin_ - pinned_;
    begin_ = pinned_;
  }

  BufferPool& pool_;
  Buffer block_;
  std::size_t pinned_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace frontdoor
