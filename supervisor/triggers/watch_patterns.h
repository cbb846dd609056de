// Which files a pool's `watch` and `watch_ignore` mean, by their paths. Pure.
//
// A wildcard matches no name with a dot in front, no node_modules, and nothing that editors leave for a moment; what is
// named is meant ("node_modules/mine/**", ".env"). A pattern whose last part has no wildcard also means all that is below.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace frontdoor {

class WatchPatterns {
 public:
  // `directory`: absolute; what the patterns are relative to. They have no problem (config/watch_pattern.h).
  WatchPatterns(std::string_view directory, const std::vector<std::string>& watch,
                const std::vector<std::string>& ignore);

  // Paths are absolute and normal: no "." and "..", no slash at the end.
  bool matches(std::string_view file) const;
  bool may_contain(std::string_view directory) const;  // a file that matches, however deep
  const std::vector<std::string>& roots() const { return roots_; }  // where to look; none is inside of another
  std::string shown(std::string_view path) const;                   // as the operator would write it

 private:
  using Parts = std::vector<std::string>;

  void add(std::string_view pattern);
  bool ignored(const Parts& path) const;

  Parts directory_;
  std::vector<Parts> watched_;
  std::vector<Parts> ignored_;
  std::vector<std::string> ignored_names_;
  std::vector<std::string> roots_;
};

// "/srv/app" and "../x/./y" is "/srv/x/y".
std::string absolute_path(std::string_view directory, std::string_view path);

}  // namespace frontdoor
