// What is known of files that may be exchanged at any moment, and when that has come to rest. Pure but for stat(2).

#pragma once

#include <string>
#include <utility>

namespace frontdoor {

// Appends what a file is at this moment. Two states are alike only when nothing was written in between, nor its owner or mode
// changed, which may have kept it from being read. Asking for it finds
// whatever replaces the file: a rename, a symlink that is swapped above it (Kubernetes' ..data, certbot's live/), a copy over
// a network file system, which tells no watch.
void append_file_state(const std::string& path, std::string& out);

// Several files are not written in one moment, nor is a long one: a change counts when two looks in a row have seen the same.
class Settled {
 public:
  explicit Settled(std::string seen = {}) : seen_(std::move(seen)) {}
  // Whether what is there now is another state than the last one that counted, and has been left alone since the last look.
  bool changed(const std::string& state);

 private:
  std::string seen_;
  std::string unquiet_;  // what it is while it is being changed; "" = it is not
};

}  // namespace frontdoor
