// Bold and colours for people at a terminal; plain text for everybody else.

#pragma once

#include <string>
#include <string_view>

namespace frontdoor {

enum class Ink { Bold, Dim, Red, Green, Yellow, Blue, Magenta, Cyan };

class Style {
 public:
  explicit Style(bool coloured) : coloured_(coloured) {}

  std::string paint(Ink ink, std::string_view text) const;
  std::string bold(std::string_view text) const { return paint(Ink::Bold, text); }
  std::string dim(std::string_view text) const { return paint(Ink::Dim, text); }
  bool coloured() const { return coloured_; }

 private:
  bool coloured_;
};

// Coloured when `fd` is a terminal that can, and NO_COLOR (no-color.org) is unset or empty.
Style style_for(int fd);

}  // namespace frontdoor
