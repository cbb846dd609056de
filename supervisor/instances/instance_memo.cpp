#include "supervisor/instances/instance_memo.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "supervisor/instances/instance_places.h"

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

namespace {

// What launch_text() has written, from its beginning.
class LaunchReader {
 public:
  explicit LaunchReader(std::string_view text) : rest_(text) {}

  std::string_view until(char end) {
    const std::size_t length = std::min(rest_.find(end), rest_.size());
    const std::string_view word = rest_.substr(0, length);
    rest_.remove_prefix(std::min(length + 1, rest_.size()));
    return word;
  }
  template <class Number>
  Number number(char end) {
    Number value{};
    if (!read_number(until(end), value)) value = {};
    return value;
  }
  template <class Word>
  Word word_of() {
    return static_cast<Word>(number<int>(' '));
  }
  bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

config::Account read_account(LaunchReader& reader) {
  config::Account account;
  account.name = reader.until(kEnd);
  account.home = reader.until(kEnd);
  account.shell = reader.until(kEnd);
  LaunchReader numbers(reader.until(kEnd));
  account.uid = numbers.number<std::uint32_t>(':');
  account.gid = numbers.number<std::uint32_t>(',');
  while (!numbers.at_end()) account.groups.push_back(numbers.number<std::uint32_t>(','));
  return account;
}

config::Launch read_launch(std::string_view text, bool with_account) {
  config::Launch launch;
  LaunchReader reader(text);
  for (auto word = reader.until(kEnd); !word.empty(); word = reader.until(kEnd)) launch.command.emplace_back(word);
  launch.directory = reader.until(kEnd);
  for (auto* const variables : {&launch.env, &launch.file_env})
    for (auto word = reader.until(kEnd); !word.empty(); word = reader.until(kEnd)) {
      const std::size_t name = std::min(word.find('='), word.size());
      variables->emplace_back(word.substr(0, name), word.substr(std::min(name + 1, word.size())));
    }
  launch.port = reader.word_of<config::Launch::Port>();
  launch.ready = reader.word_of<config::Launch::Ready>();
  launch.kill_mode = reader.word_of<config::Launch::KillMode>();
  if (with_account) launch.account = read_account(reader);
  else reader.until(kEnd);
  launch.umask = reader.until(kEnd);
  while (!reader.at_end()) {
    config::ResourceLimit limit;
    limit.resource = reader.number<int>('=');
    limit.soft = reader.number<std::uint64_t>(':');
    limit.hard = reader.number<std::uint64_t>(' ');
    launch.rlimits.push_back(limit);
  }
  return launch;
}

}  // namespace

// An account may have no name, and a command empty words: what was read is right when it is written in the same way.
std::optional<config::Launch> parse_launch(std::string_view text) {
  for (const bool with_account : {false, true})
    if (config::Launch launch = read_launch(text, with_account); launch_text(launch) == text) return launch;
  return std::nullopt;
}

std::string differing_keys(const config::Launch& one, const config::Launch& other) {
  const auto limits = [](const config::Launch& launch) {
    config::Launch only;
    only.rlimits = launch.rlimits;
    return launch_text(only);  // one that was parsed has no names of them
  };
  const std::pair<const char*, bool> keys[] = {{"command", one.command == other.command},
                                               {"directory", one.directory == other.directory},
                                               {"env", one.env == other.env},
                                               {"env_file", one.file_env == other.file_env},
                                               {"port", one.port == other.port},
                                               {"ready", one.ready == other.ready},
                                               {"user", one.account == other.account},
                                               {"umask", one.umask == other.umask},
                                               {"rlimits", limits(one) == limits(other)},
                                               {"kill_mode", one.kill_mode == other.kill_mode}};
  std::string text;
  for (const auto& [key, same] : keys)
    if (!same) text += (text.empty() ? "" : ", ") + std::string(key);
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
