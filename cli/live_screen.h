// A terminal that shows the same page again and again, until somebody presses q or Ctrl-C. Without a terminal the pages
// follow each other as text. One at a time; main thread.

#pragma once

#include <termios.h>

#include <iosfwd>
#include <string>
#include <string_view>

#include "base/time.h"

namespace frontdoor::cli {

class LiveScreen {
 public:
  // `out` is standard output.
  explicit LiveScreen(std::ostream& out);
  ~LiveScreen();  // leaves the last page where it is, and the terminal as it was
  LiveScreen(const LiveScreen&) = delete;
  LiveScreen& operator=(const LiveScreen&) = delete;

  bool is_terminal() const { return terminal_; }
  int rows() const;  // of the terminal; 0 = as many as there are
  void show(const std::string& page);
  // False: whoever looks has had enough.
  bool wait(Millis pause);

 private:
  std::ostream& out_;
  const bool terminal_;
  bool keys_ = false;  // standard input is the terminal, and gives each key at once
  termios before_{};
  int signals_ = -1;   // a signalfd for those that end it
  sigset_t mask_before_{};
};

// The page as a terminal has to be told: over what stands there, nothing of which is left. At most so many lines, and the
// last of these says that there are more; 0 = all. Pure.
std::string over_the_last(std::string_view page, int rows);

}  // namespace frontdoor::cli
