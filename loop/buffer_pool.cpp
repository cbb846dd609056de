#include "loop/buffer_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace frontdoor {

BufferPool::BufferPool(std::size_t block_bytes) : block_bytes_(block_bytes) {}

BufferPool::~BufferPool() {
  for (char* block : free_) ::munmap(block, block_bytes_);
}

char* BufferPool::take() {
  ++in_use_;
  if (!free_.empty()) {
    char* block = free_.back();
    free_.pop_back();
    least_free_ = std::min(least_free_, free_.size());
    return block;
  }
  // Straight from the kernel, so that trim() really gives memory back.
  void* block = ::mmap(nullptr, block_bytes_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (block == MAP_FAILED) {
    --in_use_;
    throw std::bad_alloc();
  }
  return static_cast<char*>(block);
}

void BufferPool::give(char* block) {
  --in_use_;
  free_.push_back(block);
}

void BufferPool::trim() {
  // The coldest blocks are at the front.
  const std::size_t idle = std::min(least_free_, free_.size());
  const auto surplus = static_cast<std::ptrdiff_t>((idle + 1) / 2);
  for (auto at = free_.begin(); at != free_.begin() + surplus; ++at) ::munmap(*at, block_bytes_);
  free_.erase(free_.begin(), free_.begin() + surplus);
  least_free_ = free_.size();
}

}  // namespace frontdoor
