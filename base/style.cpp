#include "base/style.h"

#include <unistd.h>

#include <cstdlib>

namespace frontdoor {
namespace {

const char* sequence(Ink ink) {
  switch (ink) {
    case Ink::Bold:
      return "\033[1m";
    case Ink::Dim:
      return "\033[2m";
    case Ink::Red:
      return "\033[31m";
    case Ink::Green:
      return "\033[32m";
    case Ink::Yellow:
      return "\033[33m";
    case Ink::Blue:
      return "\033[34m";
    case Ink::Magenta:
      return "\033[35m";
    case Ink::Cyan:
      return "\033[36m";
  }
  return "";
}

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

}  // namespace

std::string Style::paint(Ink ink, std::string_view text) const {
  if (!coloured_) return std::string(text);
  return std::string(sequence(ink)) + std::string(text) + "\033[0m";
}

Style style_for(int fd) {
  return Style(isatty(fd) == 1 && environment("NO_COLOR").empty() && environment("TERM") != "dumb");
}

}  // namespace frontdoor
