// What came of one try to read or write. A value.

#pragma once

#include <cstddef>
#include <cstdint>

namespace frontdoor {

enum class IoStatus : std::uint8_t { Ok, WouldBlock, End, Failed };
struct IoResult {
  IoStatus status = IoStatus::WouldBlock;
  std::size_t bytes = 0;
  int error = 0;  // errno, with Failed
};

}  // namespace frontdoor
