#include "supervisor/launcher/launch_request.h"

#include "supervisor/launcher/byte_codec.h"

namespace frontdoor {

std::string encode(const LaunchRequest& request) {
  ByteWriter out;
  out.put(request.id);
  out.put_list(request.command, [&](const std::string& word) { out.put(std::string_view(word)); });
  out.put_list(request.environment,
               [&](const std::string& variable) { out.put(std::string_view(variable)); });
  out.put(std::string_view(request.directory));
  out.put(static_cast<std::uint8_t>(request.identity.has_value()));
  if (request.identity) {
    out.put(request.identity->uid);
    out.put(request.identity->gid);
    out.put_list(request.identity->groups, [&](std::uint32_t group) { out.put(group); });
  }
  out.put(static_cast<std::uint8_t>(request.umask.has_value()));
  if (request.umask) out.put(*request.umask);
  out.put_list(request.limits, [&](const ResourceLimit& limit) {
    out.put(limit.resource);
    out.put(limit.soft);
    out.put(limit.hard);
  });
  out.put(static_cast<std::uint8_t>(request.brief));
  out.put(request.parent_death_signal);
  out.put(request.passed_sockets);
  out.put(std::string_view(request.memo));
  return out.take();
}

std::optional<LaunchRequest> decode_launch_request(std::string_view bytes) {
  ByteReader in(bytes);
  LaunchRequest request;
  in.get(request.id);
  in.get_list(request.command, [&](std::string& word) { in.get(word); });
  in.get_list(request.environment, [&](std::string& variable) { in.get(variable); });
  in.get(request.directory);
  std::uint8_t present = 0;
  in.get(present);
  if (present != 0) {
    ProcessIdentity& identity = request.identity.emplace();
    in.get(identity.uid);
    in.get(identity.gid);
    in.get_list(identity.groups, [&](std::uint32_t& group) { in.get(group); });
  }
  in.get(present);
  if (present != 0) in.get(request.umask.emplace());
  in.get_list(request.limits, [&](ResourceLimit& limit) {
    in.get(limit.resource);
    in.get(limit.soft);
    in.get(limit.hard);
  });
  in.get(present);
  request.brief = present != 0;
  in.get(request.parent_death_signal);
  in.get(request.passed_sockets);
  in.get(request.memo);
  if (!in.at_end() || request.command.empty() || request.command.front().empty()) return std::nullopt;
  return request;
}

}  // namespace frontdoor
