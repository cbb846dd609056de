// What an app writes: cut into the same lines however the reads end, with nothing lost, and nothing on a terminal that it
// would obey but colours.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/terminal_text.h"
#include "base/utf8.h"
#include "invariants.h"
#include "supervisor/output/line_splitter.h"

namespace {

using namespace frontdoor;
using fuzz::require;

std::vector<std::string> split(std::string_view input, std::size_t piece) {
  LineSplitter splitter;
  std::vector<std::string> lines;
  const auto take = [&](std::string_view line, bool goes_on) {
    require(!goes_on, "input of a fuzzer is shorter than a line may be");
    lines.emplace_back(line);
  };
  for (; !input.empty(); input.remove_prefix(std::min(piece, input.size()))) splitter.feed(input.substr(0, piece), take);
  splitter.finish(take);
  return lines;
}

void check_terminal(std::string_view line) {
  std::string shown;
  append_terminal_text(shown, line);
  for (std::string_view left = shown; !left.empty();) {
    if (left.starts_with("\x1b[")) {
      const std::size_t end = left.find_first_not_of("0123456789;:", 2);
      require(end != std::string_view::npos && left[end] == 'm', "an escape sequence is a colour");
      left.remove_prefix(end + 1);
      continue;
    }
    const auto byte = static_cast<unsigned char>(left.front());
    require((byte >= ' ' || byte == '\t') && byte != 0x7F, "no control characters");
    const std::size_t length = utf8_length(left);
    require(length != 0, "it is UTF-8");
    require(length != 2 || byte != 0xC2 || static_cast<unsigned char>(left[1]) >= 0xA0, "nor those above ASCII");
    left.remove_prefix(length);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > LineSplitter::kLongest) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto lines = split(input, std::max<std::size_t>(input.size(), 1));
  require(lines == split(input, data[0] % 32u + 1u), "the same lines in pieces");
  std::string joined, expected;
  for (const std::string& line : lines) {
    joined += line + '\n';
    check_terminal(line);
  }
  for (std::size_t i = 0; i < input.size(); ++i)
    if (input.substr(i, 2) != "\r\n") expected += input[i];
  if (!expected.empty() && expected.back() != '\n') expected += '\n';
  require(joined == expected, "nothing is lost");
  return 0;
}
