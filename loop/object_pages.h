// Memory for many small things of one size that come one by one and may stay for hours, as the connections of clients do: side
// by side in pages of their own. In the allocator's heap they would stand between what is short-lived, and each hole that
// one of those leaves is lost for as long as its neighbours stay. A page that is empty goes back as a BufferPool's
// blocks do. One worker.
//
//   void* memory = pages.take();            // throws std::bad_alloc
//   Thing& thing = *new (memory) Thing();
//   thing.~Thing();
//   pages.give(memory);

#pragma once

#include <cstddef>
#include <cstdint>

#include "loop/buffer_pool.h"
#include "loop/intrusive_list.h"

namespace frontdoor {

class ObjectPages {
 public:
  // Of at most a page without its head; aligned as a pointer is. A page here is one of the kernel: it gives back whole ones, and
  // no larger ones are sure to begin at a multiple of their size, by which an object's page is found.
  explicit ObjectPages(std::size_t object_bytes);
  ObjectPages(const ObjectPages&) = delete;
  ObjectPages& operator=(const ObjectPages&) = delete;

  void* take();
  void give(void* object) noexcept;
  void trim() { pages_.trim(); }  // about four times a second

  std::size_t pages_in_use() const { return pages_.in_use(); }
  std::size_t page_bytes() const { return pages_.block_bytes(); }
  std::size_t objects_in_page() const { return objects_in_page_; }

 private:
  struct Free {
    Free* next;
  };
  // At the beginning of each page, which is found by an object's address.
  struct Page : Listed<class WithRoomTag> {
    Free* free = nullptr;      // given back
    std::uint32_t used = 0;
    std::uint32_t begun = 0;  // how many were ever taken: behind them the page is untouched
  };

  Page& page_of(void* object) const;
  bool full(const Page& page) const { return page.used == objects_in_page_; }

  BufferPool pages_{kernel_page_bytes()};
  const std::size_t object_bytes_;
  const std::size_t objects_in_page_;
  List<Page, Listed<class WithRoomTag>> with_room_;
};

}  // namespace frontdoor
