// Where frames begin in what a client sends, without a look at what is in them: what is counted and bounded is so before
// anybody works on it, whatever its type. Pure. RFC 9113 §4.1.

#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace frontdoor::http2 {

struct FrameHead {
  std::size_t length = 0;  // of the payload
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
};

class FrameScan {
 public:
  // Goes on behind the last call's bytes. True: a head is complete, and `bytes` are those behind it; call it again.
  bool next(std::string_view& bytes, FrameHead& head) {
    const std::size_t skipped = std::min(payload_left_, bytes.size());
    payload_left_ -= skipped;
    bytes.remove_prefix(skipped);
    while (!bytes.empty()) {
      head_[read_++] = static_cast<std::uint8_t>(bytes.front());
      bytes.remove_prefix(1);
      if (read_ < sizeof head_) continue;
      read_ = 0;
      payload_left_ = static_cast<std::size_t>(head_[0]) << 16 | static_cast<std::size_t>(head_[1]) << 8 | head_[2];
      head = {payload_left_, head_[3], head_[4]};
      return true;
    }
    return false;
  }

  bool in_head() const { return read_ != 0; }
  bool in_payload() const { return payload_left_ != 0; }

 private:
  std::size_t payload_left_ = 0;
  std::uint8_t head_[9]{};
  std::uint8_t read_ = 0;
};

}  // namespace frontdoor::http2
