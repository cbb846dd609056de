// Patterns and paths are compared part by part; fnmatch(3) compares two parts.

#include "supervisor/triggers/watch_patterns.h"

#include <fnmatch.h>

#include <algorithm>
#include <span>

#include "config/watch_pattern.h"

namespace frontdoor {

namespace {

using Parts = std::vector<std::string>;
using View = std::span<const std::string>;

Parts split(std::string_view path) {
  Parts parts;
  while (!path.empty()) {
    const auto slash = std::min(path.find('/'), path.size());
    const std::string_view part = path.substr(0, slash);
    path.remove_prefix(std::min(slash + 1, path.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
    } else {
      parts.emplace_back(part);
    }
  }
  return parts;
}

std::string join(View parts) {
  std::string path;
  for (const std::string& part : parts) path += '/' + part;
  return path.empty() ? "/" : path;
}

// vim's 4913 is there and gone at once; the others are what a save leaves beside the file.
bool left_by_an_editor(std::string_view name) {
  return name.ends_with('~') || name == "4913" || name.ends_with(".swp") || name.ends_with("___jb_tmp___") ||
         name.ends_with("___jb_old___") || (name.starts_with('#') && name.ends_with('#'));
}

bool only_by_name(std::string_view name) {
  return name.starts_with('.') || name == "node_modules" || left_by_an_editor(name);
}

enum class Who { Watches, Ignores };

bool part_matches(const std::string& pattern, const std::string& name, Who who) {
  if (!config::has_wildcard(pattern)) return pattern == name;
  // ".*" names the dot.
  const bool names_the_dot = pattern.front() == '.' && name.front() == '.';
  if (who == Who::Watches && !names_the_dot && only_by_name(name)) return false;
  return ::fnmatch(pattern.c_str(), name.c_str(), FNM_NOESCAPE) == 0;
}

bool any_part_matches(const std::string& name, Who who) { return who == Who::Ignores || !only_by_name(name); }

enum class Reach {
  Whole,    // the pattern matches the path
  OnTheWay  // it may match something below the path, too
};

// ** at the end stands for one part or more, elsewhere for any number. All places in the pattern that the path may have
// led to are followed at once, so that many stars cost no more than few.
bool reaches(View pattern, View path, Reach reach, Who who) {
  std::vector<bool> at(pattern.size() + 1);
  const auto arrive = [&pattern](std::vector<bool>& places, std::size_t place) {
    places[place] = true;
    for (; place + 1 < pattern.size() && pattern[place] == "**"; ++place) places[place + 1] = true;
  };
  arrive(at, 0);
  for (const std::string& name : path) {
    std::vector<bool> next(pattern.size() + 1);
    for (std::size_t place = 0; place < pattern.size(); ++place) {
      if (!at[place]) continue;
      if (pattern[place] == "**") {
        if (!any_part_matches(name, who)) continue;
        arrive(next, place);
        if (place + 1 == pattern.size()) next[pattern.size()] = true;
      } else if (part_matches(pattern[place], name, who)) {
        arrive(next, place + 1);
      }
    }
    at = std::move(next);
  }
  if (reach == Reach::Whole) return at[pattern.size()];
  return std::find(at.begin(), at.end() - 1, true) != at.end() - 1;
}

bool starts_with(View path, View start) {
  return path.size() >= start.size() && std::equal(start.begin(), start.end(), path.begin());
}

}  // namespace

std::string absolute_path(std::string_view directory, std::string_view path) {
  if (path.starts_with('/')) return join(split(path));
  return join(split(std::string(directory) + '/' + std::string(path)));
}

WatchPatterns::WatchPatterns(std::string_view directory, const std::vector<std::string>& watch,
                             const std::vector<std::string>& ignore)
    : directory_(split(directory)) {
  for (const std::string& pattern : watch)
    for (const std::string& one : config::expand_braces(pattern)) add(one);
  for (const std::string& pattern : ignore) {
    for (std::string one : config::expand_braces(pattern)) {
      while (one.size() > 1 && one.ends_with('/')) one.pop_back();
      if (one.find('/') == std::string::npos && one != ".")
        ignored_names_.push_back(one);
      else
        ignored_.push_back(split(absolute_path(directory, one)));
    }
  }
  std::sort(roots_.begin(), roots_.end());
  std::vector<std::string> outermost;
  for (const std::string& root : roots_)
    if (std::none_of(outermost.begin(), outermost.end(),
                     [&](const std::string& other) { return starts_with(split(root), split(other)); }))
      outermost.push_back(root);
  roots_ = std::move(outermost);
}

void WatchPatterns::add(std::string_view pattern) {
  Parts parts = split(absolute_path(join(directory_), pattern));
  std::size_t literal = 0;
  while (literal < parts.size() && !config::has_wildcard(parts[literal])) ++literal;
  // The directory that is watched stays the same when what is in it comes and goes.
  const View all(parts);
  View root = all.first(std::min(literal, parts.empty() ? 0 : parts.size() - 1));
  if (starts_with(all, directory_)) root = directory_;
  roots_.push_back(join(root));

  if (parts.empty() || !config::has_wildcard(parts.back())) {
    watched_.push_back(parts);
    parts.emplace_back("**");
  }
  watched_.push_back(std::move(parts));
}

bool WatchPatterns::ignored(const Parts& path) const {
  const View all(path);
  for (std::size_t size = 1; size <= path.size(); ++size)
    for (const Parts& pattern : ignored_)
      if (reaches(pattern, all.first(size), Reach::Whole, Who::Ignores)) return true;
  const std::size_t below = starts_with(all, directory_) ? directory_.size() : 0;
  return std::any_of(path.begin() + static_cast<std::ptrdiff_t>(below), path.end(), [&](const std::string& name) {
    return std::any_of(ignored_names_.begin(), ignored_names_.end(), [&](const std::string& pattern) {
      return part_matches(pattern, name, Who::Ignores);
    });
  });
}

bool WatchPatterns::matches(std::string_view file) const {
  const Parts path = split(file);
  return std::any_of(watched_.begin(), watched_.end(),
                     [&](const Parts& pattern) { return reaches(pattern, path, Reach::Whole, Who::Watches); }) &&
         !ignored(path);
}

bool WatchPatterns::may_contain(std::string_view directory) const {
  const Parts path = split(directory);
  return std::any_of(watched_.begin(), watched_.end(),
                     [&](const Parts& pattern) { return reaches(pattern, path, Reach::OnTheWay, Who::Watches); }) &&
         !ignored(path);
}

std::string WatchPatterns::shown(std::string_view path) const {
  const Parts parts = split(path);
  if (!starts_with(parts, directory_)) return join(parts);
  const std::string below = join(View(parts).subspan(directory_.size()));
  return below == "/" ? "." : below.substr(1);
}

}  // namespace frontdoor
