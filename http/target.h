// Request targets and authorities as routes see them. Pure. RFC 3986 §5.2.4, §6.2.2; RFC 9110 §4.2.

#pragma once

#include <string>
#include <string_view>

namespace frontdoor::http {

// The path of an origin-form target for route matching: query cut off, unreserved octets decoded (never %2F),
// dot segments removed. The target itself is forwarded unchanged, so that it must mean the same to whoever reads
// it next (docs/targets.md has what they do). False, which is a 400:
//   - it climbs above the root, or carries a broken %-escape;
//   - a dot segment hides: some decode %2F or %5C, split at '\' or cut a segment at ';' ("/a/..%2fb", "/..;/b");
//   - ".." would take back what is not one segment for everybody: an empty one, which some merge away
//     ("/a//../b"), or one with a separator hidden in it ("/a%2fb/../c").
// What is encoded twice is no dot segment (RFC 3986 §2.4). When nothing has to change, `path` is a view into
// `target` and `scratch` stays empty.
bool normalize_path(std::string_view target, std::string_view& path, std::string& scratch);

// The same path for those who route by it without removing dot segments, as Express does. May view into `scratch`;
// only for a target that normalize_path lets pass.
std::string_view literal_path(std::string_view target, std::string& scratch);

// The host of an authority for route matching: lower case, without port and one trailing dot. "[::1]:80" ->
// "[::1]". `host` views into `authority` when nothing has to change, else into `scratch`.
void normalize_host(std::string_view authority, std::string_view& host, std::string& scratch);

// host [":" port] as RFC 3986 §3.2.2 allows it: reg-name, IPv4, [IPv6]; no userinfo, port up to 65535.
bool valid_authority(std::string_view authority);

}  // namespace frontdoor::http
