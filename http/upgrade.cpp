#include "http/upgrade.h"

#include "http/forwarding.h"
#include "http/syntax.h"
#include "http/websocket_key.h"

namespace frontdoor::http {
namespace {

std::string_view protocol_name(std::string_view protocol) { return protocol.substr(0, protocol.find('/')); }

// RFC 9110 §16.7: protocol = protocol-name ["/" protocol-version], both tokens.
bool is_protocol(std::string_view text) {
  const auto slash = text.find('/');
  if (!syntax::is_token(text.substr(0, slash))) return false;
  return slash == std::string_view::npos || syntax::is_token(text.substr(slash + 1));
}

// "TLS" (RFC 2817) wraps HTTP as "h2c" and "HTTP/2.0" carry it.
bool carries_http(std::string_view protocol) {
  for (const std::string_view name : {"h2c", "h2", "http", "tls"})
    if (equal_ignoring_case(protocol_name(protocol), name)) return true;
  return false;
}

// Calls visit(element) for each element of all Upgrade fields until it says false; false then.
template <class Visit>
bool each_protocol(const Fields& fields, Visit visit) {
  for (const auto& field : fields) {
    if (field.id != FieldId::Upgrade) continue;
    std::string_view list = field.value;
    while (const auto protocol = syntax::next_element(list))
      if (!protocol->empty() && !visit(*protocol)) return false;
  }
  return true;
}

bool may_pass(std::string_view protocol) { return is_protocol(protocol) && !carries_http(protocol); }

bool offered(const Fields& fields, std::string_view wanted) {
  const auto differs = [&](std::string_view protocol) { return !equal_ignoring_case(protocol, wanted); };
  return may_pass(wanted) && !each_protocol(fields, differs);
}

bool says_upgrade(const Fields& fields) {
  for (const auto& field : fields) {
    if (field.id != FieldId::Connection) continue;
    std::string_view list = field.value;
    while (const auto option = syntax::next_element(list))
      if (equal_ignoring_case(*option, "upgrade")) return true;
  }
  return false;
}

}  // namespace

bool offers_upgrade(const Fields& fields) {
  return !each_protocol(fields, [](std::string_view protocol) { return !may_pass(protocol); });
}

void append_upgrade_offer(const Fields& fields, std::string& out) {
  std::string_view separator;
  each_protocol(fields, [&](std::string_view protocol) {
    if (!may_pass(protocol)) return true;
    out.append(separator).append(protocol);
    separator = ", ";
    return true;
  });
}

bool accepts_upgrade(const RequestHead& request, const ResponseHead& response) {
  if (!request.upgrade || response.status != 101 || response.version == Version::Http10) return false;
  if (!response.has_connection_options || !says_upgrade(response.fields)) return false;
  bool named = false;
  const bool all_offered = each_protocol(response.fields, [&](std::string_view protocol) {
    named = true;
    return offered(request.fields, protocol);
  });
  if (request.version == Version::Http2 && !proves_websocket(request.fields, response.fields)) return false;
  return named && all_offered;
}

bool is_websocket(const ResponseHead& response) {
  // Only when it is all of it: a layer above would have frames of its own.
  bool others = false;
  bool websocket = false;
  each_protocol(response.fields, [&](std::string_view protocol) {
    (equal_ignoring_case(protocol, "websocket") ? websocket : others) = true;
    return true;
  });
  return websocket && !others;
}

void forward_upgrade(const ResponseHead& head, bool via, Fields& out, std::string& scratch) {
  forward_response(head, via, out, scratch);
  out.push_back({"Connection", "Upgrade", FieldId::Connection});
  for (const auto& field : head.fields)
    if (field.id == FieldId::Upgrade) out.push_back(field);
}

}  // namespace frontdoor::http
