#include "supervisor/launcher/launcher_message.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <utility>

#include "supervisor/launcher/process_ops.h"

namespace frontdoor {

namespace {

constexpr std::size_t kMostFds = 64;  // of a message; SCM_MAX_FD is 253

struct Header {
  std::uint32_t kind;
  std::uint32_t name_size;
  std::uint64_t id;
  std::int32_t pid;
  std::int32_t code;
  std::int32_t status;
  std::uint32_t reserved;
  std::uint64_t places;  // bit i: the descriptor i is with it
};

// Room for the descriptors of a message, aligned as the kernel wants it.
struct Control {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostFds * sizeof(int))> bytes{};
};

std::vector<OwnedFd> take_fds(msghdr& header) {
  std::vector<OwnedFd> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

// Where some were lost, the last ones are missing.
std::vector<OwnedFd> in_places(std::vector<OwnedFd> fds, std::uint64_t places) {
  std::vector<OwnedFd> placed(static_cast<std::size_t>(std::bit_width(places)));
  std::size_t next = 0;
  for (std::size_t place = 0; place < placed.size() && next < fds.size(); ++place)
    if ((places >> place & 1) != 0) placed[place] = std::move(fds[next++]);
  return placed;
}

}  // namespace

OwnedFd& OwnedFd::operator=(OwnedFd&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) ::close(fd_);
    fd_ = other.release();
  }
  return *this;
}

OwnedFd::~OwnedFd() {
  if (fd_ >= 0) ::close(fd_);
}

int OwnedFd::release() { return std::exchange(fd_, -1); }

Sent send_message(int socket, const LauncherMessage& message) {
  ProcessOps kernel;
  return send_message(socket, message, kernel);
}

Sent send_message(int socket, const LauncherMessage& message, ProcessOps& ops) {
  const std::string_view name = std::string_view(message.name).substr(0, kLongestName);
  Header head{static_cast<std::uint32_t>(message.kind),
              static_cast<std::uint32_t>(name.size()),
              message.id,
              message.pid,
              message.code,
              message.status,
              0,
              0};
  std::array<iovec, 2> parts{iovec{&head, sizeof head}, iovec{const_cast<char*>(name.data()), name.size()}};
  msghdr header{};
  header.msg_iov = parts.data();
  header.msg_iovlen = parts.size();
  Control control;
  std::array<int, kMostFds> fds{};
  std::size_t count = 0;
  for (std::size_t place = 0; place < std::min(message.fds.size(), kMostFds); ++place) {
    if (!message.fds[place].valid()) continue;
    head.places |= std::uint64_t{1} << place;
    fds[count++] = message.fds[place].get();
  }
  if (count != 0) {
    header.msg_control = control.bytes.data();
    header.msg_controllen = CMSG_SPACE(count * sizeof(int));
    cmsghdr* const part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(count * sizeof(int));
    std::memcpy(CMSG_DATA(part), fds.data(), count * sizeof(int));
  }
  for (;;) {
    if (ops.send(socket, header) >= 0) return Sent::Ok;
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Sent::WouldBlock;
    return errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN ? Sent::NobodyThere : Sent::TryAgain;
  }
}

Received receive_message(int socket) {
  Header head{};
  std::array<char, kLongestName> name{};
  std::array<iovec, 2> parts{iovec{&head, sizeof head}, iovec{name.data(), name.size()}};
  Control control;
  msghdr header{};
  header.msg_iov = parts.data();
  header.msg_iovlen = parts.size();
  header.msg_control = control.bytes.data();
  header.msg_controllen = control.bytes.size();
  ssize_t size = 0;
  bool reset = false;  // what the other end had not read is told first, once, in place of what it has said
  do size = ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
  while (size < 0 && (errno == EINTR || (errno == ECONNRESET && !std::exchange(reset, true))));
  if (size < 0) {
    const bool empty = errno == EAGAIN || errno == EWOULDBLOCK;
    return {.closed = !empty, .empty = empty};
  }
  if (size == 0) return {.closed = true};
  Received received;
  LauncherMessage message;
  std::vector<OwnedFd> fds = take_fds(header);  // owned from here on, whatever the rest says
  const auto bytes = static_cast<std::size_t>(size);
  if (bytes < sizeof head || head.name_size != bytes - sizeof head) return received;
  if (head.kind > static_cast<std::uint32_t>(LauncherMessage::Kind::Reclaim)) return received;
  message.kind = static_cast<LauncherMessage::Kind>(head.kind);
  message.id = head.id;
  message.pid = head.pid;
  message.code = head.code;
  message.status = head.status;
  message.name.assign(name.data(), head.name_size);
  message.fds = in_places(std::move(fds), head.places);
  message.lost_fds = (header.msg_flags & MSG_CTRUNC) != 0;
  received.message = std::move(message);
  return received;
}

OwnedFd to_memory_file(std::string_view bytes) {
  ProcessOps kernel;
  return to_memory_file(bytes, kernel);
}

OwnedFd to_memory_file(std::string_view bytes, ProcessOps& ops) {
  OwnedFd file(ops.memory_file());
  while (file.valid() && !bytes.empty()) {
    const ssize_t written = ::write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const int error = written < 0 ? errno : ENOSPC;
      file = {};
      errno = error;
      return file;
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return file;
}

std::optional<std::string> from_memory_file(int fd, std::size_t limit) {
  struct stat info {};
  if (::fstat(fd, &info) != 0 || info.st_size < 0 || static_cast<std::size_t>(info.st_size) > limit)
    return std::nullopt;
  std::string bytes(static_cast<std::size_t>(info.st_size), '\0');
  for (std::size_t at = 0; at < bytes.size();) {
    const ssize_t got = ::pread(fd, bytes.data() + at, bytes.size() - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    at += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace frontdoor
