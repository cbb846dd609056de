#include "proxy/exchange/response_notes.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "proxy/exchange/proxy_status.h"

namespace frontdoor {

namespace {

using ProxyStatus = config::Listener::ProxyStatus;

constexpr std::string_view kServerTiming = "Server-Timing";
constexpr std::string_view kProxyStatus = "Proxy-Status";

// Milliseconds with three digits behind the point, as the access log has them.
void append_millis(Duration spent, std::string& out) {
  const auto micros = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::microseconds>(spent).count());
  const std::string fraction = std::to_string(1'000 + micros % 1'000);
  out.append(std::to_string(micros / 1'000)).append(".").append(fraction, 1);
}

void append_timing(const ResponseNotes& notes, std::string& out) {
  out.append("fd;dur=");
  append_millis(notes.total - notes.upstream.value_or(Duration{}), out);
  if (!notes.upstream) return;
  out.append(", upstream;dur=");
  append_millis(*notes.upstream, out);
}

// A String of RFC 8941 §3.3.3; the names of upstreams are ours, but a socket's path may have anything in it.
void append_string(std::string_view text, std::string& out) {
  out += '"';
  for (const char c : text) {
    if (c < 0x20 || c > 0x7e) continue;
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
}

void append_status(const ClientInfo& client, const ResponseNotes& notes, std::string& out) {
  out.append("frontdoor");
  if (notes.outcome.empty()) {
    out.append("; received-status=").append(std::to_string(notes.received_status));
  } else {
    const std::string_view type = proxy_error_type(notes.outcome);
    if (!type.empty()) out.append("; error=").append(type);
    out.append("; details=");
    append_string(notes.outcome, out);
  }
  if (!client.trusted || notes.next_hop.empty()) return;
  out.append("; next-hop=");
  append_string(notes.next_hop, out);
}

bool tells_status(const ClientInfo& client, const ResponseNotes& notes) {
  if (client.proxy_status == ProxyStatus::Off) return false;
  return client.proxy_status == ProxyStatus::All || !notes.outcome.empty();
}

}  // namespace

void add_response_notes(const ClientInfo& client, const ResponseNotes& notes, http::Fields& fields, std::string& scratch) {
  if (const std::string_view name = client.request_id_header; !name.empty()) {
    std::erase_if(fields, [&](const auto& field) { return http::equal_ignoring_case(field.name, name); });
    fields.push_back({name, notes.request_id});
  }
  const bool status = tells_status(client, notes);
  if (!client.server_timing && !status) return;
  scratch.clear();
  if (client.server_timing) append_timing(notes, scratch);
  const std::size_t middle = scratch.size();
  if (status) append_status(client, notes, scratch);
  const std::string_view text = scratch;  // which does not grow any more
  if (client.server_timing) fields.push_back({kServerTiming, text.substr(0, middle)});
  if (status) fields.push_back({kProxyStatus, text.substr(middle)});
}

}  // namespace frontdoor
