// What a program writes to standard error while it is on trial: it may be none of ours, and say in no other way why it fails. All
// is passed on as it comes, and the end of it is kept. One of ours takes standard error back before it does anything else, and
// says why by a message. Whoever starts the program; one thread.

#pragma once

#include <string>
#include <string_view>

#include "supervisor/launcher/launcher_message.h"

namespace frontdoor {

class ProcessOps;

// The last lines as one, at most kMostLastWords bytes: nothing that moves a cursor, and no secret that names itself
// ("token=…"). Pure.
inline constexpr std::size_t kMostLastWords = 160;
std::string last_words(std::string_view written);

class LastWords {
 public:
  // In the environment of the program: the descriptor of standard error as it was, and the inode of the pipe in its place.
  static constexpr const char* kVariable = "FRONTDOOR_STANDARD_ERROR";

  // False, and errno: there is nothing left for it. Then the program has standard error itself, and its words are unheard.
  bool open(ProcessOps& ops);
  const std::string& variable() const { return value_; }  // its value; "": it is not open
  // In the child, between fork and exec. Allocates nothing.
  void become_standard_error() const;
  void started();  // the child has its ends, or there is none

  int fd() const { return reading_.get(); }  // to be watched
  bool hear();                               // what there is now. False: there will be no more
  void close() { reading_ = {}; }
  std::string text() const { return last_words(written_); }

 private:
  OwnedFd reading_, writing_, before_;
  std::string value_;
  std::string written_;  // the end of it
};

// In the program: what it has to say goes where it went before.
void take_standard_error_back();

}  // namespace frontdoor
