#include "cli/hints.h"

#include "cli/commands.h"
#include "cli/find_running.h"

namespace frontdoor::cli {

namespace {

constexpr std::string_view kProgram = "frontdoor ";
constexpr std::string_view kOption = " --socket";

bool is_of_a_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
         c == '/' || c == '.';
}

std::string_view word_at(std::string_view text) {
  std::size_t size = 0;
  while (size < text.size() && ((text[size] >= 'a' && text[size] <= 'z') || text[size] == '-')) ++size;
  return text.substr(0, size);
}

// How much of `text` names a command that takes --socket: "config diff" has two words. 0: none.
std::size_t command_in(std::string_view text) {
  const std::string_view first = word_at(text);
  if (first.empty()) return 0;
  const auto takes_it = [](std::string_view name) {
    const CommandInfo* const command = find_command(name);
    return command != nullptr && command->find("--socket") != nullptr;
  };
  if (text.size() > first.size() && text[first.size()] == ' ')
    if (const std::string_view second = word_at(text.substr(first.size() + 1)); !second.empty())
      if (const std::string_view both = text.substr(0, first.size() + 1 + second.size()); takes_it(both))
        return both.size();
  return takes_it(first) ? first.size() : 0;
}

}  // namespace

std::string with_socket(std::string_view text, const std::string& given) {
  if (given.empty()) return std::string(text);
  const std::string option = std::string(kOption) + ' ' + shell_line({given});
  std::string result;
  for (std::size_t from = 0;;) {
    const std::size_t at = text.find(kProgram, from);
    if (at == std::string_view::npos) return result.append(text.substr(from));
    const std::size_t behind = at + kProgram.size();
    const bool begins = at == 0 || !is_of_a_word(text[at - 1]);
    const std::size_t end = behind + (begins ? command_in(text.substr(behind)) : 0);
    result.append(text.substr(from, end - from));
    if (end != behind && !text.substr(end).starts_with(kOption)) result += option;
    from = end;
  }
}

}  // namespace frontdoor::cli
