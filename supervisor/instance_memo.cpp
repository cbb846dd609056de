#include "supervisor/instance_memo.h"

#include <array>
#include <charconv>

#include "supervisor/instance_places.h"

namespace frontdoor {

namespace {

constexpr char kEnd = '\0';

template <class Number>
bool read_number(std::string_view line, Number& to) {
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), to);
  return error == std::errc{} && end == line.data() + line.size();
}

}  // namespace

std::string launch_text(const config::Launch& launch) {
  // Names all members, so that one that is added does not compile until it is written here as well.
  const auto& [command, directory, env, file_env, port, ready, account, umask, rlimits, kill_mode] = launch;
  std::string text;
  for (const std::string& word : command) text += word + kEnd;
  text += kEnd + directory + kEnd;
  for (const auto* variables : {&env, &file_env}) {
    for (const auto& [name, value] : *variables) text += name + '=' + value + kEnd;
    text += kEnd;
  }
  for (const int word : {static_cast<int>(port), static_cast<int>(ready), static_cast<int>(kill_mode)})
    text += std::to_string(word) + ' ';
  if (account) {
    text += account->name + kEnd + account->home + kEnd + account->shell + kEnd;
    text += std::to_string(account->uid) + ':' + std::to_string(account->gid);
    for (const std::uint32_t group : account->groups) text += ',' + std::to_string(group);
  }
  text += kEnd + umask + kEnd;
  for (const auto& limit : rlimits)
    text += std::to_string(limit.resource) + '=' + std::to_string(limit.soft) + ':' + std::to_string(limit.hard) + ' ';
  return text;
}

std::string to_text(const InstanceMemo& memo) {
  return memo.pool + '\n' + std::to_string(memo.number) + '\n' + memo.place.to_string() + '\n' + memo.life + '\n' +
         memo.launch;
}

std::optional<InstanceMemo> parse_memo(std::string_view text) {
  InstanceMemo memo;
  std::array<std::string_view, 4> lines;
  for (std::string_view& line : lines) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    line = text.substr(0, end);
    text.remove_prefix(end + 1);
  }
  const auto place = parse_place(std::string(lines[2]));
  if (!read_number(lines[1], memo.number) || !place) return std::nullopt;
  memo.place = *place;
  memo.pool = lines[0];
  memo.life = lines[3];
  memo.launch = text;
  return memo;
}

}  // namespace frontdoor
