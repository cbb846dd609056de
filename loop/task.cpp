#include "loop/task.h"

#include <array>
#include <new>

namespace frontdoor {

namespace {

constexpr std::size_t kClassBytes = 128;
constexpr std::size_t kClasses = 32;  // frames up to 4 KiB are recycled
constexpr std::size_t kKeepPerClass = 256;

struct FreeFrame {
  FreeFrame* next;
};

// The free frames of one thread; what is left goes back when the thread ends.
class FramePool {
 public:
  ~FramePool() { drop(); }

  void drop() {
    for (auto& shelf : shelves_) {
      while (FreeFrame* frame = shelf.first) {
        shelf.first = frame->next;
        ::operator delete(frame);
      }
      shelf.count = 0;
    }
  }

  void* take(std::size_t size_class) {
    Shelf& shelf = shelves_[size_class];
    if (FreeFrame* frame = shelf.first) {
      shelf.first = frame->next;
      --shelf.count;
      return frame;
    }
    return ::operator new((size_class + 1) * kClassBytes);
  }

  void give(void* frame, std::size_t size_class) noexcept {
    Shelf& shelf = shelves_[size_class];
    if (shelf.count == kKeepPerClass) return ::operator delete(frame);
    shelf.first = new (frame) FreeFrame{shelf.first};
    ++shelf.count;
  }

 private:
  struct Shelf {
    FreeFrame* first = nullptr;
    std::size_t count = 0;
  };
  std::array<Shelf, kClasses> shelves_{};
};

thread_local FramePool frames;
thread_local std::size_t live = 0;

// AddressSanitizer can only see a use after free if frames really are freed.
#ifdef __SANITIZE_ADDRESS__
constexpr bool kRecycle = false;
#else
constexpr bool kRecycle = true;
#endif

}  // namespace

void* allocate_frame(std::size_t size) {
  const std::size_t size_class = (size - 1) / kClassBytes;
  void* const frame = !kRecycle || size_class >= kClasses ? ::operator new(size) : frames.take(size_class);
  ++live;  // not before: operator new may have thrown
  return frame;
}

void free_frame(void* frame, std::size_t size) noexcept {
  --live;
  const std::size_t size_class = (size - 1) / kClassBytes;
  if (!kRecycle || size_class >= kClasses) return ::operator delete(frame);
  frames.give(frame, size_class);
}

std::size_t live_frames() { return live; }

void drop_free_frames() { frames.drop(); }

}  // namespace frontdoor
