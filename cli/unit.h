// A systemd unit that does what a command line does, at boot and for good: `run … --print-unit`. Pure.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"

namespace frontdoor::cli {

struct UnitWish {
  std::string program;             // absolute path
  std::vector<std::string> words;  // the command line behind it
  std::string directory;           // where it was typed
  std::string user;                // who typed it; "" = not known
  std::string path;                // PATH, which finds the app's command; "" = not set
  bool reloads = false;            // there is a file to read again
  Millis stop{0};                  // how long a stop may take
};

std::string unit_text(const UnitWish& wish);

// One word of ExecStart=: quoted where systemd would see something else in it, its %, $ and ; meant as they are.
std::string unit_word(std::string_view word);
// "shop" for /srv/shop: what the unit is best called.
std::string unit_name(std::string_view directory);
// `words` without --detach and --print-unit, which stand before a lone --.
std::vector<std::string> plain_words(const std::vector<std::string>& words);

}  // namespace frontdoor::cli
