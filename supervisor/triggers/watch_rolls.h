// When changed files lead to a roll of the pool. Pure: no file, no clock.
//
//   changed ──► due ──► rolling ──► ended
//                 ▲        │ changed meanwhile: once more afterwards
//                 └────────┘
//
// An app that writes into its own tree when it starts would be rolled for ever. A change that comes while a roll is under
// way, or just behind it, may be its echo: after three such rolls in a row the next ones wait, longer each time, unless a
// file has changed that was no part of any echo.

#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/time.h"

namespace frontdoor {

// Until files have been left alone for a moment: one save of an editor is several changes, a checkout is hundreds.
class Settling {
 public:
  void changed(TimePoint now);
  void settled() { due_.reset(); }
  std::optional<TimePoint> due() const { return due_; }

 private:
  std::optional<TimePoint> due_;
  TimePoint latest_{};
};

class WatchRolls {
 public:
  struct Roll {
    std::string files;       // "server.js", "server.js and 2 more"
    bool told_loop = false;  // it has just been found out that the app itself seems to change them
    Duration pause{};        // that the next echo will have to wait
  };

  void changed(const std::vector<std::string>& files, TimePoint now);
  std::optional<TimePoint> due() const;  // nothing: nothing has changed, or a roll is under way
  Roll begin();
  void ended(TimePoint now);
  // Whoever carried it out has failed: it is due again. Nothing where there is none under way.
  void interrupted(TimePoint now);

 private:
  std::vector<std::string> waiting_;  // changed, and not rolled yet; the first ones
  std::size_t count_ = 0;             // of all of those
  bool waiting_echo_ = false;         // there is nothing else among them
  std::set<std::string> suspects_;    // that changed in echoes
  unsigned echoes_ = 0;               // rolls that echoes have led to, in a row
  bool echoed_ = false;               // the last roll has
  bool told_ = false;
  bool rolling_ = false;
  std::string rolls_for_;             // the first of its files
  std::optional<TimePoint> ended_at_;  // the last roll
};

}  // namespace frontdoor
