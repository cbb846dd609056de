// The unix socket itself, as a name in the file system. One of a process that has ended is replaced, one of a process
// that is leaving is taken over, one that lives is left alone. Its owner removes it, unless a successor has put its
// own there. Control thread.

#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace frontdoor {

struct AdminSocketOptions {
  std::string path = {};   // "" = admin.sock in the first directory of `directories` that will do
  std::vector<std::string> directories = {};
  std::string group = {};  // whose members may use it; "" = nobody's
  pid_t main_pid = 0;      // goes into the name when admin.sock is somebody else's
  std::function<bool(pid_t)> is_leaving = [](pid_t) { return false; };
};

class AdminSocket {
 public:
  // Always returns one; without a descriptor error() says why.
  static AdminSocket open(const AdminSocketOptions& options);

  // One that another process of ours has opened at this path and still serves: the file stays until it is ours alone.
  // Without a descriptor where it is not the file's any more. Takes `fd`.
  static AdminSocket adopt(int fd, const std::string& path, std::uint64_t device, std::uint64_t inode);
  void own() { borrowed_ = false; }
  void leave();  // closes it; it is another process's now
  std::string identity() const;  // of the file: "PATH DEVICE:INODE"

  AdminSocket() = default;
  AdminSocket(AdminSocket&& other) noexcept;
  AdminSocket& operator=(AdminSocket&& other) noexcept;
  ~AdminSocket() { remove(); }

  int fd() const { return fd_; }  // listens; non-blocking
  bool valid() const { return fd_ >= 0; }
  const std::string& path() const { return path_; }
  const std::string& error() const { return error_; }      // why there is none
  const std::string& warning() const { return warning_; }  // what is not as it was asked for
  std::optional<gid_t> group() const { return group_; }
  void remove();  // the file, if it is still ours, and the socket

 private:
  bool listen_at(const std::string& path, const AdminSocketOptions& options);
  void give_to_group(const std::string& draft, const std::string& group);

  int fd_ = -1;
  bool borrowed_ = false;
  std::string path_;
  std::uint64_t device_ = 0;
  std::uint64_t inode_ = 0;
  std::optional<gid_t> group_;
  std::string error_;
  std::string warning_;
};

// Who is behind a socket file.
enum class SocketOwner : std::uint8_t { None, Dead, Alive, Denied };
struct SocketLook {
  SocketOwner owner = SocketOwner::None;
  pid_t pid = 0;  // Alive: of the process that listens
  uid_t uid = 0;
};
SocketLook look_at_socket(const std::string& path);

}  // namespace frontdoor
