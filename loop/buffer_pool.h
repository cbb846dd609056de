// The worker's I/O buffers: blocks of one size that belong to a connection only while bytes are under way. The block
// given back last is handed out first, so a busy worker touches few pages; after a burst the pool shrinks again.
// One worker.

#pragma once

#include <cstddef>
#include <utility>
#include <vector>

namespace frontdoor {

class BufferPool {
 public:
  explicit BufferPool(std::size_t block_bytes);
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  std::size_t block_bytes() const { return block_bytes_; }
  std::size_t in_use() const { return in_use_; }

  char* take();  // throws std::bad_alloc
  void give(char* block);

  // Called about once a second: returns half of what nobody needed since the last call.
  void trim();

 private:
  const std::size_t block_bytes_;
  std::vector<char*> free_;
  std::size_t in_use_ = 0;
  std::size_t least_free_ = 0;  // since the last trim
};

// A block on loan, or none.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(BufferPool& pool) : pool_(&pool), data_(pool.take()) {}
  Buffer(Buffer&& other) noexcept : pool_(other.pool_), data_(std::exchange(other.data_, nullptr)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(pool_, other.pool_);
    std::swap(data_, other.data_);
    return *this;
  }
  ~Buffer() { reset(); }

  explicit operator bool() const { return data_ != nullptr; }
  char* data() const { return data_; }
  std::size_t size() const { return data_ ? pool_->block_bytes() : 0; }
  void reset() {
    if (data_) pool_->give(std::exchange(data_, nullptr));
  }

 private:
  BufferPool* pool_ = nullptr;
  char* data_ = nullptr;
};

}  // namespace frontdoor
