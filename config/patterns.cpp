// Judged when the config is read, since a pattern that never matches is a silent outage.

#include "config/patterns.h"

#include <algorithm>
#include <array>

#include "base/address.h"
#include "config/access_log_fields.h"
#include "config/suggest.h"

namespace frontdoor::config {
namespace {

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool is_visible(char c) { return c > ' ' && c < '\x7F'; }

bool is_host_char(char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; }

bool all_visible(std::string_view text) { return std::all_of(text.begin(), text.end(), is_visible); }

bool has_dot_segment(std::string_view path) {
  while (!path.empty()) {
    path.remove_prefix(1);  // the slash
    const auto segment = path.substr(0, path.find('/'));
    if (segment == "." || segment == "..") return true;
    path.remove_prefix(segment.size());
  }
  return false;
}

bool host_covers(std::string_view earlier, std::string_view later) {
  if (earlier.empty() || earlier == later) return true;
  // One label only: whether a wildcard reaches deeper is the router's business, and a warning must not be
  // wrong.
  if (!earlier.starts_with("*.") || later.empty() || later.starts_with("*.")) return false;
  const auto dot = later.find('.');
  return dot != std::string_view::npos && later.substr(dot) == earlier.substr(1);
}

bool path_covers(std::string_view earlier, std::string_view later) {
  if (earlier.empty() || earlier == "/*" || earlier == later) return true;
  return earlier.ends_with('*') && later.starts_with(earlier.substr(0, earlier.size() - 1));
}

}  // namespace

std::string name_problem(std::string_view text) {
  const bool good = std::all_of(text.begin(), text.end(), is_host_char);
  return good ? "" : "a name consists of letters, digits, \"-\", \"_\" and \".\"";
}

std::string host_pattern_problem(std::string_view text) {
  if (text.empty()) return "";
  if (text == "*") return "write \"\" or leave host out to match any host";
  const auto name = text.starts_with("*.") ? text.substr(2) : text;
  if (name.find('*') != std::string_view::npos)
    return "\"*\" may only stand for the first part, as in \"*.example.com\"";
  if (name.find("//") != std::string_view::npos) return "only the host name, without a scheme and a path";
  if (name.starts_with('[') || std::count(name.begin(), name.end(), ':') > 1)
    return "IPv6 addresses are not matched";
  if (const auto colon = name.find(':'); colon != std::string_view::npos)
    return "routes match the name without the port: " + quote(text.substr(0, text.find(':')));
  const bool good = std::all_of(name.begin(), name.end(), is_host_char) && !name.empty() &&
                    name.front() != '.' && name.find("..") == std::string_view::npos;
  return good ? "" : "this is not a host name";
}

std::string path_pattern_problem(std::string_view text) {
  if (text.empty()) return "";
  if (text.front() != '/') return "a path begins with \"/\": " + quote('/' + std::string(text));
  if (const auto star = text.find('*'); star != std::string_view::npos && star + 1 != text.size())
    return "\"*\" may only stand at the end, as in \"/prefix*\"";
  if (text.find_first_of("?#") != std::string_view::npos)
    return "routes match the path only, without \"?\" and what follows";
  if (!all_visible(text)) return "spaces and characters outside of ASCII are written as %20 and the like";
  if (has_dot_segment(text))
    return "\".\" and \"..\" are resolved before routes are matched, so this never matches";
  return "";
}

std::string request_target_problem(std::string_view text) {
  if (text.empty() || text.front() != '/')
    return "a path begins with \"/\": " + quote('/' + std::string(text));
  if (!all_visible(text)) return "spaces and characters outside of ASCII are written as %20 and the like";
  if (text.find('#') != std::string_view::npos) return "\"#\" is not part of what is sent";
  return "";
}

std::string host_field_problem(std::string_view text) {
  const auto allowed = [](char c) { return is_host_char(c) || c == ':' || c == '[' || c == ']'; };
  return std::all_of(text.begin(), text.end(), allowed) ? "" : "this is not a host name";
}

std::string resolver_problem(std::string_view text) {
  if (text == "auto") return "";
  while (true) {
    const auto comma = text.find(',');
    const auto server = text.substr(0, comma);
    AddressError error;
    const auto address = parse_address(server, error);
    if (!address || address->port == 0 || !Endpoint::numeric(address->host, address->port))
      return "a DNS server is given by its address and port, as in \"10.0.0.2:53\"";
    if (comma == std::string_view::npos) return "";
    text.remove_prefix(comma + 1);
  }
}

std::string response_field_problem(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
  };
  if (!std::all_of(text.begin(), text.end(), allowed)) return "a field name is made of letters, digits and \"-\"";
  constexpr std::array<std::string_view, 7> ours = {"connection", "content-length", "content-type", "date",
                                                    "retry-after", "set-cookie",     "transfer-encoding"};
  std::string name(text);
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (std::find(ours.begin(), ours.end(), name) != ours.end()) return "this field has a meaning of its own";
  return "";
}

std::string log_output_problem(std::string_view text) {
  constexpr std::array<std::string_view, 3> words = {"stdout", "stderr", "off"};
  if (std::find(words.begin(), words.end(), text) != words.end()) return "";
  if (text.find('\0') != std::string_view::npos) return "a path has no NUL byte";
  if (text.find_first_of("/.") != std::string_view::npos) return "";
  if (const auto meant = nearest(text, words)) return "did you mean " + quote(*meant) + "?";
  return R"(write "stdout", "stderr", "off", or a path, as in "./access.log")";
}

std::string access_log_field_problem(std::string_view text) {
  if (std::find(access_log_fields.begin(), access_log_fields.end(), text) != access_log_fields.end()) return "";
  if (const auto meant = nearest(text, access_log_fields)) return "did you mean " + quote(*meant) + "?";
  return "it is no field of the access log: docs/reference/access-log.md has them all";
}

std::string log_file_problem(std::string_view text) {
  if (text.empty()) return "";
  if (text.find('\0') != std::string_view::npos) return "a path has no NUL byte";
  if (text.ends_with('/')) return "it names a directory: add a file, as in \"{instance}.log\"";
  for (std::size_t brace = text.find('{'); brace != std::string_view::npos; brace = text.find('{', brace + 1)) {
    const std::string_view from_here = text.substr(brace);
    const std::string_view name = from_here.substr(0, from_here.find('}') + 1);
    if (name != "{pool}" && name != "{instance}" && name != "{stream}")
      return "only {pool}, {instance} and {stream} are filled in";
    if (name != "{pool}" && from_here.find('/') != std::string_view::npos)
      return std::string(name) + " may stand in the file's name alone, not in its directory";
  }
  return "";
}

std::string admin_socket_problem(std::string_view text) {
  constexpr std::size_t most = 99;  // sun_path has room for 107, of which a draft's name takes 8 more
  if (text.empty() || text == "off") return "";
  if (!text.starts_with('/')) return R"(write an absolute path, "off", or "" for the usual place)";
  if (text.find('\0') != std::string_view::npos) return "a path has no NUL byte";
  if (text.size() > most) return "a socket's path has at most " + std::to_string(most) + " bytes";
  return "";
}

std::string state_file_problem(std::string_view text) {
  if (text.empty() || text == "off") return "";
  if (!text.starts_with('/')) return R"(write an absolute path, "off", or "" for the usual place)";
  if (text.find('\0') != std::string_view::npos) return "a path has no NUL byte";
  return text.ends_with('/') ? "write the path of a file" : "";
}

std::string admin_address_problem(std::string_view text) {
  if (text.empty() || text == "off") return "";
  AddressError error;
  const auto address = parse_address(text, error);
  if (!address) return error.what;
  return address->kind == Address::Kind::Tcp ? "" : R"(write an address as in "127.0.0.1:9900"; the unix socket is [admin] socket)";
}

std::string admin_host_problem(std::string_view text) {
  const std::string problem = host_pattern_problem(text);
  if (!problem.empty()) return problem;
  return text.empty() || text.find('*') != std::string_view::npos ? R"(write a whole name, as in "frontdoor.internal")" : "";
}

std::string admin_token_problem(std::string_view text) {
  constexpr std::size_t least = 16;
  if (text.empty()) return "";
  if (text.size() < least) return "a token that nobody can guess has at least " + std::to_string(least) + " characters";
  return webhook_token_problem(text);
}

std::string webhook_token_problem(std::string_view text) {
  const bool visible = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7F'; });
  return visible ? "" : "a token has letters, digits and signs without spaces, as HTTP can carry them";
}

std::string normal_host(std::string_view host) {
  std::string result(host);
  for (char& c : result)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (result.ends_with('.')) result.pop_back();
  return result;
}

bool hosts_overlap(std::string_view a, std::string_view b) { return host_covers(a, b) || host_covers(b, a); }

bool shadows(const Route& earlier, const Route& later) {
  return host_covers(earlier.host, later.host) && path_covers(earlier.path, later.path);
}

}  // namespace frontdoor::config
