#include "proxy/exchange/likeness.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace frontdoor {
namespace {

constexpr std::size_t kLongestPath = 200;
constexpr std::size_t kShortestId = 8;

// FNV-1a. A collision that somebody has looked for lets a query of death pass for one that is answered, no more.
class Hash {
 public:
  void add(char c) {
    value_ ^= static_cast<unsigned char>(c);
    value_ *= 0x100000001b3;
  }
  void add(std::string_view text) {
    for (const char c : text) add(c);
    add('\n');  // in none of what is hashed
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex_or_dash(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == '-'; }

// 17, or a UUID, or a hash.
bool is_id(std::string_view segment) {
  if (segment.empty()) return false;
  if (std::all_of(segment.begin(), segment.end(), is_digit)) return true;
  return segment.size() >= kShortestId && std::all_of(segment.begin(), segment.end(), is_hex_or_dash) &&
         std::any_of(segment.begin(), segment.end(), is_digit);
}

void add_generalised(std::string_view path, Hash& hash) {
  for (;;) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const std::string_view segment = path.substr(0, end);
    if (is_id(segment)) {
      hash.add('*');
    } else {
      for (const char c : segment)
        if (!is_digit(c)) hash.add(c);
    }
    if (end == path.size()) return;
    hash.add('/');
    path.remove_prefix(end + 1);
  }
}

}  // namespace

Likeness likeness_of(const AskedFor& request) {
  Hash exact;
  exact.add(request.method);
  exact.add(request.target);
  Hash kind;
  kind.add(request.method);
  kind.add(request.route_host);
  kind.add(request.route_path);
  kind.add('?');  // the two of one request are never the same
  add_generalised(request.target.substr(0, request.target.find('?')), kind);
  return {exact.value(), kind.value()};
}

std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')).substr(0, kLongestPath); }

}  // namespace frontdoor
