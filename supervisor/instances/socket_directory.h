// A directory of this front door's own, in which each instance that needs sockets of its own gets a directory that only
// it and we may enter. The front door that starts next on this machine clears away what a killed one has left: whoever
// lives holds a lock on its directory, and the launcher keeps that over a crash of the front door. Control thread.
//
//   /run/frontdoor-x1Y2z3/app.1/http.sock

#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "supervisor/launcher/launch_request.h"
#include "supervisor/launcher/launcher_message.h"

namespace frontdoor {

// Names of sockets in an instance's directory.
inline constexpr const char* kServingSocket = "http.sock";
inline constexpr const char* kNotifySocket = "notify.sock";

class SocketDirectory {
 public:
  // `places`: where it may be made, the first that works.
  explicit SocketDirectory(std::vector<std::string> places = usual_places());
  ~SocketDirectory();
  SocketDirectory(const SocketDirectory&) = delete;
  SocketDirectory& operator=(const SocketDirectory&) = delete;

  // A fresh directory for this instance. `owner`: the user that enters it besides us.
  struct Made {
    std::string path;     // "" when there is none
    std::string problem;  // and why
  };
  Made make(const std::string& instance, const std::optional<ProcessIdentity>& owner);
  // Gives one that make() made for nobody to its user, when all is in it that we put there: from then on every name in
  // it may be a link. False, and errno, when that fails.
  static bool give(const std::string& path, const std::optional<ProcessIdentity>& owner);
  // Takes away what make() gave, with the sockets in it.
  static void remove(const std::string& path);

  // The lock to keep over a crash, once there is a directory, and the way back from it.
  int lock() const { return lock_.get(); }
  const std::string& path() const { return path_; }
  void adopt(std::string path, OwnedFd lock);

  // As root /run, else the user's own directory for such things; /tmp when there is no other.
  static std::vector<std::string> usual_places();

 private:
  std::string open();  // what is wrong, or ""

  const std::vector<std::string> places_;
  std::string path_;
  OwnedFd lock_;
};

}  // namespace frontdoor
