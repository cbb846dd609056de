#include "failing_memory.h"

#include <cerrno>
#include <cstdlib>
#include <new>

namespace frontdoor::testing {

constinit thread_local Heap heap{};

namespace {

[[maybe_unused]] bool fails() {  // by nobody where the sanitizer has the allocator
  if (heap.fails_in == 0 || --heap.fails_in != 0) return false;
  if (heap.fails_from_then) heap.fails_in = 1;
  heap.failed = true;
  return true;
}

}  // namespace
}  // namespace frontdoor::testing

// AddressSanitizer keeps its own, which finds mismatched pairs.
#ifndef __SANITIZE_ADDRESS__

#pragma GCC diagnostic ignored "-Wmismatched-new-delete"  // it does not see that new is malloc here

#ifdef __SANITIZE_THREAD__
#define FRONTDOOR_TEST_MALLOC std::malloc
#else
#define FRONTDOOR_TEST_MALLOC __libc_malloc

extern "C" {

void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* memory, std::size_t size);

static bool c_fails() {
  if (!frontdoor::testing::heap.of_c || !frontdoor::testing::fails()) return false;
  errno = ENOMEM;
  return true;
}

void* malloc(std::size_t size) noexcept { return c_fails() ? nullptr : __libc_malloc(size); }
void* calloc(std::size_t count, std::size_t size) noexcept { return c_fails() ? nullptr : __libc_calloc(count, size); }
void* realloc(void* memory, std::size_t size) noexcept { return c_fails() ? nullptr : __libc_realloc(memory, size); }

}  // extern "C"
#endif

static void account() {
  ++frontdoor::testing::heap.allocations;
  if (frontdoor::testing::fails()) throw std::bad_alloc();
}

void* operator new(std::size_t size) {
  account();
  if (void* memory = FRONTDOOR_TEST_MALLOC(size)) return memory;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, std::align_val_t alignment) {
  account();
  const auto align = static_cast<std::size_t>(alignment);
  if (void* memory = std::aligned_alloc(align, (size + align - 1) / align * align)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }

#endif
