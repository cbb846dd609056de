#include "loop/buffer_pool.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <new>

namespace frontdoor {

namespace {

// Straight from the kernel, so that memory really goes back. Null: there is none.
char* map(std::size_t bytes) {
  void* memory = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  // A block of which one page is used must not take two megabytes.
  ::madvise(memory, bytes, MADV_NOHUGEPAGE);
  return static_cast<char*>(memory);
}

}  // namespace

std::size_t kernel_page_bytes() { return static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)); }

BufferPool::BufferPool(std::size_t block_bytes)
    : block_bytes_(block_bytes),
      distance_((block_bytes + kernel_page_bytes() - 1) / kernel_page_bytes() * kernel_page_bytes()) {}

BufferPool::~BufferPool() {
  while (!slabs_.empty()) unmap(slabs_.end() - 1);
}

char* BufferPool::take() {
  if (warm_.empty()) {
    char* const block = take_cold();
    ++in_use_;
    return block;
  }
  ++in_use_;
  char* const block = warm_.back();
  warm_.pop_back();
  least_free_ = std::min(least_free_, warm_.size());
  return block;
}

void BufferPool::give(char* block) noexcept {
  --in_use_;
  warm_.push_back(block);
}

char* BufferPool::take_cold() {
  if (with_cold_.empty()) add_slab();
  Slab& slab = with_cold_.front();
  const auto index = static_cast<std::size_t>(std::countr_zero(slab.cold));
  slab.cold &= slab.cold - 1;
  if (slab.cold == 0) slab.unlink();
  return slab.base + index * distance_;
}

void BufferPool::add_slab() {
  // All that can fail comes first. Giving a block back must not need memory.
  auto slab = std::make_unique<Slab>();
  if (slabs_.size() == slabs_.capacity()) slabs_.reserve(2 * slabs_.size() + 1);
  if (warm_.capacity() < blocks_ + kSlabBlocks) warm_.reserve(2 * (blocks_ + kSlabBlocks));
  // Under a limit of address space a smaller one may still be had.
  for (slab->blocks = kSlabBlocks; slab->blocks != 0; slab->blocks /= 2)
    if ((slab->base = map(slab->blocks * distance_))) break;
  if (!slab->base) throw std::bad_alloc();

  slab->cold = all_of(*slab);
  blocks_ += slab->blocks;
  with_cold_.push_front(*slab);
  const auto at =
      std::find_if(slabs_.begin(), slabs_.end(), [&](const auto& other) { return other->base > slab->base; });
  slabs_.insert(at, std::move(slab));
}

void BufferPool::trim() {
  // The coldest blocks are at the front.
  const std::size_t idle = std::min(least_free_, warm_.size());
  const auto surplus = static_cast<std::ptrdiff_t>((idle + 1) / 2);
  for (auto at = warm_.begin(); at != warm_.begin() + surplus; ++at) cool(*at);
  warm_.erase(warm_.begin(), warm_.begin() + surplus);
  least_free_ = warm_.size();
}

void BufferPool::cool(char* block) {
  const auto above = std::upper_bound(slabs_.begin(), slabs_.end(), block,
                                      [](char* at, const auto& slab) { return at < slab->base; });
  Slab& slab = **(above - 1);
  slab.cold |= std::uint64_t{1} << static_cast<std::size_t>(block - slab.base) / distance_;
  with_cold_.push_back(slab);
  // The last one is only address space: a worker with a request now and then does not map one each time.
  if (slab.cold == all_of(slab) && slabs_.size() > 1) return unmap(above - 1);
  ::madvise(block, distance_, MADV_DONTNEED);
}

void BufferPool::unmap(Slabs::iterator slab) {
  ::munmap((*slab)->base, (*slab)->blocks * distance_);
  blocks_ -= (*slab)->blocks;
  slabs_.erase(slab);
}

}  // namespace frontdoor
