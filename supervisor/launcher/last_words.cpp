#include "supervisor/launcher/last_words.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

#include "base/terminal_text.h"
#include "supervisor/launcher/process_ops.h"

namespace frontdoor {

namespace {

constexpr std::size_t kKept = 4'096;
constexpr std::size_t kPassedAtOnce = 4'096;  // what a pipe with room takes without waiting (PIPE_BUF)
constexpr int kReadsAtOnce = 16;
constexpr std::size_t kMostLastLines = 3;
constexpr std::array kSecrets{std::string_view("token"), std::string_view("password"), std::string_view("secret"),
                              std::string_view("authorization")};

bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; }
bool is_blank_or_quote(char c) { return c == ' ' || c == '"' || c == '\''; }

// Behind "token=", "admin_token: " and the like; nothing where none is named there.
std::optional<std::size_t> secret_behind(std::string_view text, std::size_t at) {
  while (at < text.size() && is_name(text[at])) ++at;
  while (at < text.size() && is_blank_or_quote(text[at])) ++at;
  if (at == text.size() || (text[at] != '=' && text[at] != ':')) return std::nullopt;
  while (++at < text.size() && is_blank_or_quote(text[at])) {
  }
  return at;
}

// To the end of the line: a secret may have blanks in it, and what stands behind it is seldom the reason.
std::string without_secrets(std::string line) {
  std::string small = line;
  std::transform(small.begin(), small.end(), small.begin(), [](unsigned char c) { return std::tolower(c); });
  for (const std::string_view name : kSecrets)
    for (std::size_t at = small.find(name); at != small.npos && at < line.size(); at = small.find(name, at + 1))
      if (const auto secret = secret_behind(small, at); secret && *secret < line.size()) line.replace(*secret, line.npos, "…");
  return line;
}

// Without its colours.
std::string as_seen(std::string_view line) {
  std::string plain;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '\x1b' && at + 1 < line.size() && line[at + 1] == '[') {
      const std::size_t end = line.find_first_not_of("0123456789;", at + 2);
      if (end != line.npos && line[end] == 'm') {
        at = end;
        continue;
      }
    }
    plain += line[at] == '\t' ? ' ' : line[at];
  }
  while (!plain.empty() && (plain.back() == ' ' || plain.back() == '\r')) plain.pop_back();
  plain.erase(0, plain.find_first_not_of(' '));
  std::string text;
  append_terminal_text(text, without_secrets(std::move(plain)));
  if (text.size() <= kMostLastWords) return text;
  constexpr std::string_view kCut = "…";
  std::size_t size = kMostLastWords - kCut.size();
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0) == 0x80) --size;  // no half of a character
  return text.substr(0, size).append(kCut);
}

void pass_on(std::string_view bytes) {
  pollfd room{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&room, 1, 0) != 1 || (room.revents & POLLOUT) == 0) return;  // whoever reads it has stopped
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, bytes.data(), bytes.size());
}

}  // namespace

std::string last_words(std::string_view written) {
  std::string words;
  std::size_t lines = 0;
  while (!written.empty() && lines < kMostLastLines) {
    if (written.back() == '\n') {
      written.remove_suffix(1);
      continue;
    }
    const std::size_t newline = written.rfind('\n');
    const std::size_t begin = newline == written.npos ? 0 : newline + 1;
    const std::string line = as_seen(written.substr(begin));
    written = written.substr(0, begin);
    if (line.empty()) continue;
    const std::string more = words.empty() ? line : line + "; " + words;
    if (more.size() > kMostLastWords) break;
    words = more;
    ++lines;
  }
  return words;
}

bool LastWords::open(ProcessOps& ops) {
  *this = {};
  int ends[2];
  if (ops.pipe(ends) != 0) return false;
  reading_ = OwnedFd(ends[0]);
  writing_ = OwnedFd(ends[1]);
  ::fcntl(reading_.get(), F_SETFL, O_NONBLOCK);
  before_ = OwnedFd(ops.duplicate_above(STDERR_FILENO, STDERR_FILENO + 1));
  struct stat pipe {};
  if (!before_.valid() || ::fstat(writing_.get(), &pipe) != 0) {
    const int error = errno;
    *this = {};
    errno = error;
    return false;
  }
  value_ = std::to_string(before_.get()) + ':' + std::to_string(pipe.st_ino);
  return true;
}

void LastWords::become_standard_error() const {
  if (!writing_.valid()) return;
  ::fcntl(before_.get(), F_SETFD, 0);
  ::dup2(writing_.get(), STDERR_FILENO);
}

void LastWords::started() { writing_ = {}, before_ = {}; }

bool LastWords::hear() {
  if (!reading_.valid()) return false;
  std::array<char, kPassedAtOnce> block;
  for (int reads = 0; reads < kReadsAtOnce; ++reads) {
    const ssize_t size = ::read(reading_.get(), block.data(), block.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return size < 0 && errno == EAGAIN;
    const std::string_view bytes(block.data(), static_cast<std::size_t>(size));
    pass_on(bytes);
    written_.append(bytes);
    if (written_.size() > kKept) written_.erase(0, written_.size() - kKept);
  }
  return true;
}

// Where somebody between us has led it elsewhere that stays so.
void take_standard_error_back() {
  const char* const value = std::getenv(LastWords::kVariable);
  if (value == nullptr) return;
  char* end = nullptr;
  const long fd = std::strtol(value, &end, 10);
  const unsigned long long inode = *end == ':' ? std::strtoull(end + 1, nullptr, 10) : 0;
  ::unsetenv(LastWords::kVariable);
  struct stat now {};
  if (fd <= STDERR_FILENO || ::fcntl(static_cast<int>(fd), F_GETFD) < 0) return;
  if (::fstat(STDERR_FILENO, &now) == 0 && S_ISFIFO(now.st_mode) && now.st_ino == inode)
    ::dup2(static_cast<int>(fd), STDERR_FILENO);
  ::close(static_cast<int>(fd));
}

}  // namespace frontdoor
