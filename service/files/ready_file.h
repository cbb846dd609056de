// The file that says: ready, and where each listener listens. It is there only while that is true. Its owner
// holds a lock on it for as long as it lives, so that a file that a killed process left behind is told from a
// living one's. Control thread.

#pragma once

#include <string>
#include <vector>

#include "base/address.h"
#include "config/config.h"

namespace frontdoor {

class ReadyFile {
 public:
  explicit ReadyFile(std::string path) : path_(std::move(path)) {}  // "" = none is wanted
  ~ReadyFile() { remove(); }
  ReadyFile(const ReadyFile&) = delete;
  ReadyFile& operator=(const ReadyFile&) = delete;

  // One line for each listener, "NAME ADDRESS". Returns "" or what went wrong; then what was written before stays.
  std::string write(const std::vector<config::Listener>& listeners, const std::vector<Endpoint>& endpoints);
  // Ours only: a successor may have written its own by now.
  void remove();
  bool written() const { return fd_ >= 0; }

 private:
  const std::string path_;
  int fd_ = -1;  // of the file as written, locked
};

// Removes what a process that has ended left there. Before a start does anything else: one that fails must
// not leave a file that says ready.
void remove_stale_ready_file(const std::string& path);

}  // namespace frontdoor
