// Starts another front door beside this one where there is no launcher that would: the program at a path, with this
// process's words, sockets and what the service manager has given. Main thread; other threads may run.

#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/kept_sockets.h"
#include "base/service_manager.h"

namespace frontdoor {

class LastWords;
struct LauncherMessage;

// In the new one: the descriptor of the socketpair to the one that it takes the place of.
inline constexpr const char* kPredecessorVariable = "FRONTDOOR_PREDECESSOR_FD";

// The new one: why it can not serve, for the one that goes on, whose reason begins with how this process ends. Nothing where
// this process is to take nobody's place.
void tell_predecessor_why_not(std::string_view reason);

// Of a process that is about to end, to whoever waits for it; for a second at the most.
void send_last_word(int socket, const LauncherMessage& message);

struct SuccessorStart {
  std::string program = {};
  std::vector<std::string> words = {};
  const FromServiceManager& given;
  std::vector<KeptSocket> kept = {};  // open here, and inherited under the same numbers
  int predecessor = -1;               // its end of the socketpair
  int input = -1;                     // what becomes its standard input; -1 = as ours
  std::string output_file = {};       // ServeOptions::output_file
  std::string predecessors = {};      // service/process/predecessors.h
  const LastWords* errors = nullptr;  // where its standard error leads; null = where ours does
};

// The new one until it serves. Where the old one loses sight of it, as by an exception, it is killed: it would take the end
// of the socketpair for the old one's, and two would serve.
class OnTrial {
 public:
  explicit OnTrial(pid_t pid) : pid_(pid) {}
  ~OnTrial();
  OnTrial(const OnTrial&) = delete;
  OnTrial& operator=(const OnTrial&) = delete;

  void is_over() { pid_ = -1; }

 private:
  pid_t pid_;
};

// Its pid, or -1 and errno. One that can not be executed ends with kNotExecuted.
pid_t start_successor(const SuccessorStart& start);

}  // namespace frontdoor
