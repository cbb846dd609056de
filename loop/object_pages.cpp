#include "loop/object_pages.h"

#include <new>

namespace frontdoor {

namespace {

constexpr std::size_t kAlignment = alignof(void*);

std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

}  // namespace

ObjectPages::ObjectPages(std::size_t object_bytes)
    : object_bytes_(aligned(object_bytes)), objects_in_page_((page_bytes() - sizeof(Page)) / object_bytes_) {}

// Blocks of a page's size begin where pages do.
ObjectPages::Page& ObjectPages::page_of(void* object) const {
  return *reinterpret_cast<Page*>(reinterpret_cast<std::uintptr_t>(object) & ~std::uintptr_t{page_bytes() - 1});
}

#ifdef __SANITIZE_ADDRESS__

// Its own allocator finds what is used after its end.
void* ObjectPages::take() { return ::operator new(object_bytes_); }
void ObjectPages::give(void* object) noexcept { ::operator delete(object); }

#else

void* ObjectPages::take() {
  if (with_room_.empty()) with_room_.push_front(*new (pages_.take()) Page);
  Page& page = with_room_.front();
  void* object = page.free;
  if (page.free) page.free = page.free->next;
  else object = reinterpret_cast<char*>(&page) + sizeof(Page) + page.begun++ * object_bytes_;
  ++page.used;
  if (full(page)) page.unlink();
  return object;
}

void ObjectPages::give(void* object) noexcept {
  Page& page = page_of(object);
  if (full(page)) with_room_.push_front(page);
  page.free = new (object) Free{page.free};
  if (--page.used != 0) return;
  page.~Page();
  pages_.give(reinterpret_cast<char*>(&page));
}

#endif

}  // namespace frontdoor
