// How different servers read a path: what is split, decoded, merged or cut off before dot segments are
// removed. A path that we let pass must mean the same to all of them, and hold no dot segment for any of them
// once ours are removed.

#pragma once

#include <cctype>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace frontdoor::testing {

struct PathReader {
  bool decodes_separators = false;  // %2F and %5C become what they stand for: nginx, express.static
  bool backslash = false;           // '\' separates: IIS, WHATWG's URL
  bool cuts_parameters = false;     // ";v=1" is no part of a segment: Tomcat
  bool merges_slashes = false;      // nginx, Apache, Tomcat
};

inline std::vector<PathReader> all_path_readers() {
  std::vector<PathReader> all;
  for (unsigned bits = 0; bits < 16; ++bits)
    all.push_back({(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0});
  return all;
}

inline void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
}

inline std::vector<std::string> split_path(const std::string& path) {
  std::vector<std::string> segments(1);
  for (const char c : path.substr(path.starts_with('/') ? 1 : 0)) {
    if (c == '/')
      segments.emplace_back();
    else
      segments.back() += c;
  }
  return segments;
}

// Everybody's part: what %-escapes of unreserved characters mean, and that the others have no case.
inline std::string decoded(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%' || path.size() - i < 3) {
      out += path[i];
      continue;
    }
    const std::string digits{path[i + 1], path[i + 2]};
    const int c = static_cast<int>(std::strtoul(digits.c_str(), nullptr, 16));
    if (std::isalnum(c) != 0 || c == '-' || c == '.' || c == '_' || c == '~')
      out += static_cast<char>(c);
    else
      for (const char digit : "%" + digits) out += static_cast<char>(std::toupper(digit));
    i += 2;
  }
  return out;
}

// The segments before dot segments are removed.
inline std::vector<std::string> segments_for(const PathReader& reader, std::string_view target) {
  std::string path = decoded(target.substr(0, target.find('?')));
  if (reader.decodes_separators) {
    replace_all(path, "%2F", "/");
    replace_all(path, "%5C", "\\");
  }
  if (reader.backslash) replace_all(path, "\\", "/");
  std::vector<std::string> segments;
  const auto all = split_path(path);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto segment = reader.cuts_parameters ? all[i].substr(0, all[i].find(';')) : all[i];
    const bool last = i + 1 == all.size();
    if (segment.empty() && reader.merges_slashes && !last) continue;
    segments.push_back(segment);
  }
  return segments;
}

inline bool has_dot_segment(const std::vector<std::string>& segments) {
  for (const auto& segment : segments)
    if (segment == "." || segment == "..") return true;
  return false;
}

// RFC 3986 §5.2.4; "above the root" where it climbs there.
inline std::string path_for(const PathReader& reader, std::string_view target) {
  std::vector<std::string> kept;
  const auto segments = segments_for(reader, target);
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const bool dots = segments[i] == "." || segments[i] == "..";
    if (segments[i] == "..") {
      if (kept.empty()) return "above the root";
      kept.pop_back();
    }
    if (!dots)
      kept.push_back(segments[i]);
    else if (i + 1 == segments.size())
      kept.emplace_back();
  }
  std::string path;
  for (const auto& segment : kept) path += "/" + segment;
  return path;
}

}  // namespace frontdoor::testing
