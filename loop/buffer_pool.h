// The worker's I/O buffers: blocks of one size that belong to a connection only while bytes are under way.
// The block given back last is handed out first, so a busy worker touches few pages; after a burst the memory
// goes back to the kernel. Blocks are cut from slabs: the kernel allows a process some 65,000 mappings
// (vm.max_map_count), which one for each block would use up. One worker.
//
//   in use ── give ──► warm ── trim: its pages go back ──► cold ── all of its slab are ──► unmapped
//      ▲                │                                   │
//      └───── take ─────┴────────── when none is warm ──────┘

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "loop/intrusive_list.h"

namespace frontdoor {

std::size_t kernel_page_bytes();  // 4 KiB; 16 or 64 on some machines with arm64

class BufferPool {
 public:
  static constexpr std::size_t kSlabBlocks = 64;

  explicit BufferPool(std::size_t block_bytes);
  ~BufferPool();  // when all blocks have been given back
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  std::size_t block_bytes() const { return block_bytes_; }
  std::size_t in_use() const { return in_use_; }
  std::size_t slabs() const { return slabs_.size(); }

  char* take();  // throws std::bad_alloc
  void give(char* block) noexcept;

  // Called about four times a second: gives back half of what nobody needed since the last call.
  void trim();

 private:
  struct Slab : Listed<class ColdTag> {
    char* base = nullptr;
    std::size_t blocks = 0;
    std::uint64_t cold = 0;  // a bit for each block that is neither in use nor warm
  };
  using Slabs = std::vector<std::unique_ptr<Slab>>;

  char* take_cold();
  void add_slab();
  void cool(char* block);
  void unmap(Slabs::iterator slab);
  std::uint64_t all_of(const Slab& slab) const { return ~std::uint64_t{0} >> (kSlabBlocks - slab.blocks); }

  const std::size_t block_bytes_;
  // From one block to the next: whole pages of the kernel, which takes back nothing smaller. What it rounds up would be the
  // next block's.
  const std::size_t distance_;
  std::vector<char*> warm_;  // has room for every block there is
  Slabs slabs_;              // by address
  List<Slab, Listed<class ColdTag>> with_cold_;
  std::size_t blocks_ = 0;
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
