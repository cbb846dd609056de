// What has come of a body and has not been used yet. The window of its stream bounds it. One worker.

#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace frontdoor::http2 {

class ReceivedBody {
 public:
  void append(std::string_view bytes) {
    if (begin_ != 0 && begin_ >= bytes_.size() / 2) drop_front();
    bytes_.append(bytes);
  }
  std::string_view unread() const { return std::string_view(bytes_).substr(begin_); }
  std::size_t size() const { return bytes_.size() - begin_; }
  bool empty() const { return begin_ == bytes_.size(); }
  std::size_t memory() const { return bytes_.capacity(); }
  void consume(std::size_t count) {
    begin_ += count;
    if (!empty()) return;
    begin_ = 0;
    if (bytes_.capacity() > kKept) std::string().swap(bytes_);
    else bytes_.clear();
  }
  void forget() { std::string().swap(bytes_), begin_ = 0; }

 private:
  // For the next bytes, while it is empty. A stream may be silent for hours: that a message was large costs it nothing.
  static constexpr std::size_t kKept = 2 * 1024;

  void drop_front() { bytes_.erase(0, begin_), begin_ = 0; }

  std::string bytes_;
  std::size_t begin_ = 0;
};

}  // namespace frontdoor::http2
