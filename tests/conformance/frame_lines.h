// Lines of a row that are frames of HTTP/2, whoever sends them: "GET 1 /path", "200 1", "data 1 text", "frame PING 0 0 …".
// docs/conformance.md has all of them. What is unknown is an error.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "conformance/case_file.h"
#include "support/h2_frames.h"

namespace frontdoor::conformance {

std::optional<std::uint32_t> number(std::string_view text);
std::optional<std::uint32_t> error_code(std::string_view text);  // "PROTOCOL_ERROR", or a number

class FrameLines {
 public:
  // The line is part of the head that the last one began. False: that head, if there is one, is complete.
  bool continues(std::string_view line);
  // What stands behind the sign of who sends: "GET 1 /path", "*100 ping".
  void take(std::string_view rest);

  // Since the last call; of a head not before it is complete.
  std::string frames() { return std::exchange(bytes_, {}); }
  std::string error() { return std::exchange(error_, {}); }  // "" = none

 private:
  // A HEADERS frame while its lines are read.
  struct Head {
    std::uint32_t stream = 0;
    bool ends = true;
    std::uint32_t split = 0;  // bytes of the block in each frame; 0: one frame
    std::optional<std::uint32_t> padding;
    bool unfinished = false;  // no END_HEADERS
    std::optional<std::uint32_t> depends_on;
    testing::h2::Pairs fields;

    std::string bytes() const;
  };

  void begin_head(std::string_view verb, std::string_view rest);
  void edit_head(char how, std::string_view rest);
  void add(const std::string& bytes);

  std::optional<Head> head_;
  std::uint32_t times_ = 1;
  std::string bytes_;
  std::string error_;
};

}  // namespace frontdoor::conformance
