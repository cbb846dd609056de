#include "base/listening_sockets.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include "base/ip_address.h"
#include "base/read_file.h"

namespace frontdoor {

namespace {

constexpr std::size_t kLargestTable = 64u << 20;  // some 400,000 sockets
constexpr std::string_view kListen = "0A";        // TCP_LISTEN
constexpr unsigned kAccepts = 0x10000;            // __SO_ACCEPTCON

std::vector<std::string_view> words_of(std::string_view line, std::size_t most) {
  std::vector<std::string_view> words;
  while (words.size() < most) {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty()) break;
    // The last one asked for is the rest: a path may have blanks.
    const std::size_t end = words.size() + 1 == most ? line.size() : std::min(line.find_first_of(" \t"), line.size());
    words.push_back(line.substr(0, end));
    line.remove_prefix(end);
  }
  return words;
}

template <class Number>
bool parse(std::string_view text, Number& number, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc{} && end == text.data() + text.size();
}

// "0100007F:1F90": words of 32 bits in the machine's order, as the kernel has them in memory.
std::optional<Endpoint> parse_local_address(std::string_view text) {
  const auto colon = text.find(':');
  std::uint16_t port = 0;
  if (colon == std::string_view::npos || !parse(text.substr(colon + 1), port, 16)) return std::nullopt;
  std::array<std::uint32_t, 4> words{};
  if (colon != 8 && colon != 32) return std::nullopt;
  for (std::size_t i = 0; i < colon / 8; ++i)
    if (!parse(text.substr(i * 8, 8), words[i], 16)) return std::nullopt;
  char host[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(colon == 8 ? AF_INET : AF_INET6, words.data(), host, sizeof host);
  return Endpoint::numeric(host, port);
}

template <class TakeLine>
void for_each_line(std::string_view text, TakeLine take) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

// The inodes of the sockets that a process has open.
std::set<std::uint64_t> sockets_of(pid_t process) {
  std::set<std::uint64_t> inodes;
  const std::string path = "/proc/" + std::to_string(process) + "/fd";
  DIR* const directory = ::opendir(path.c_str());
  if (!directory) return inodes;
  std::array<char, 64> target{};
  while (const dirent* entry = ::readdir(directory)) {
    const ssize_t size = ::readlinkat(::dirfd(directory), entry->d_name, target.data(), target.size());
    std::string_view text(target.data(), static_cast<std::size_t>(std::max<ssize_t>(0, size)));
    std::uint64_t inode = 0;
    if (!text.starts_with("socket:[") || !text.ends_with(']')) continue;
    text.remove_prefix(8);
    text.remove_suffix(1);
    if (parse(text, inode, 10)) inodes.insert(inode);
  }
  ::closedir(directory);
  return inodes;
}

std::string table(pid_t process, const char* name) {
  return read_file("/proc/" + std::to_string(process) + "/net/" + name, kLargestTable).text;
}

}  // namespace

// "sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode …"; the queue of one that
// listens counts connections.
std::vector<ListeningSocket> parse_tcp_table(std::string_view text) {
  std::vector<ListeningSocket> found;
  for_each_line(text, [&](std::string_view line) {
    const auto words = words_of(line, 11);
    if (words.size() < 10 || words[3] != kListen) return;
    const auto at = parse_local_address(words[1]);
    ListeningSocket socket;
    const auto colon = std::min(words[4].find(':'), words[4].size() - 1);
    if (!at || !parse(words[9], socket.inode, 10) || !parse(words[4].substr(colon + 1), socket.queued, 16)) return;
    socket.at = *at;
    found.push_back(socket);
  });
  return found;
}

// "Num RefCount Protocol Flags Type St Inode Path"
std::vector<ListeningSocket> parse_unix_table(std::string_view text) {
  constexpr std::size_t kPath = 7;
  std::vector<ListeningSocket> found;
  for_each_line(text, [&](std::string_view line) {
    const auto words = words_of(line, kPath + 1);
    unsigned flags = 0;
    ListeningSocket socket;
    if (words.size() != kPath + 1 || !parse(words[3], flags, 16) || (flags & kAccepts) == 0) return;
    if (!parse(words[6], socket.inode, 10) || words[kPath].size() >= sizeof(sockaddr_un{}.sun_path)) return;
    socket.at = Endpoint::unix_path(words[kPath]);
    found.push_back(socket);
  });
  return found;
}

std::vector<ListeningSocket> listening_sockets(const std::vector<pid_t>& processes) {
  std::vector<ListeningSocket> found;
  if (processes.empty()) return found;
  std::map<std::uint64_t, pid_t> holders;
  for (const pid_t process : processes)
    for (const std::uint64_t inode : sockets_of(process)) holders.try_emplace(inode, process);
  if (holders.empty()) return found;
  const auto add = [&](std::vector<ListeningSocket> all) {
    for (ListeningSocket& socket : all) {
      const auto holder = holders.find(socket.inode);
      if (holder == holders.end()) continue;
      socket.pid = holder->second;
      found.push_back(socket);
    }
  };
  add(parse_tcp_table(table(processes.front(), "tcp")));
  add(parse_tcp_table(table(processes.front(), "tcp6")));
  add(parse_unix_table(table(processes.front(), "unix")));
  return found;
}

std::vector<pid_t> processes_listening_on(std::uint16_t port) {
  std::vector<pid_t> found;
  std::set<std::uint64_t> inodes;
  for (const char* const name : {"tcp", "tcp6"})
    for (const ListeningSocket& socket : parse_tcp_table(table(::getpid(), name)))
      if (socket.at.port() == port) inodes.insert(socket.inode);
  if (inodes.empty()) return found;
  DIR* const directory = ::opendir("/proc");
  if (!directory) return found;
  while (const dirent* entry = ::readdir(directory)) {
    pid_t process = 0;
    if (!parse(std::string_view(entry->d_name), process, 10)) continue;
    const auto sockets = sockets_of(process);
    if (std::any_of(sockets.begin(), sockets.end(), [&](std::uint64_t inode) { return inodes.contains(inode); }))
      found.push_back(process);
  }
  ::closedir(directory);
  return found;
}

bool meet(const Endpoint& a, const Endpoint& b) {
  if (a.is_unix() || b.is_unix() || a.port() != b.port()) return false;
  const auto is_every = [](const Endpoint& endpoint) { return endpoint.ip() == "0.0.0.0" || endpoint.ip() == "::"; };
  return is_every(a) || is_every(b) || IpAddress::of(a) == IpAddress::of(b);
}

bool only_these_listen(const Endpoint& where, const std::vector<std::uint64_t>& inodes) {
  bool any = false;
  for (const char* const name : {"tcp", "tcp6"})
    for (const ListeningSocket& socket : parse_tcp_table(table(::getpid(), name))) {
      if (!meet(socket.at, where)) continue;
      if (std::find(inodes.begin(), inodes.end(), socket.inode) == inodes.end()) return false;
      any = true;
    }
  return any;
}

std::string process_name(pid_t process) {
  std::string name = read_file("/proc/" + std::to_string(process) + "/comm", 64).text;
  while (!name.empty() && name.back() == '\n') name.pop_back();
  return name;
}

std::string describe_process(pid_t process) {
  return "pid " + std::to_string(process) + " (" + process_name(process) + ")";
}

}  // namespace frontdoor
