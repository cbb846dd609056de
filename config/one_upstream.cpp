#include "config/one_upstream.h"

#include <charconv>

#include "config/schema.h"
#include "config/suggest.h"
#include "config/values.h"

namespace frontdoor::config {

namespace {

Value value_of_words(const std::string& text, const schema::Key& key) {
  Value value;
  value.kind = Value::Kind::Text;
  value.text = text;
  if (key.type != schema::Type::Integer) return value;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value.integer);
  if (error == std::errc{} && end == last && !text.empty()) value.kind = Value::Kind::Integer;
  return value;
}

// Names of this machine that need no look-up, by family.
bool is_local_v4(std::string_view host) {
  return host == "localhost" || host.starts_with("127.") || host == "0.0.0.0";
}
bool is_local_v6(std::string_view host) { return host == "localhost" || host == "::1" || host == "::"; }

}  // namespace

bool leads_to(const Address& upstream, const Address& listener) {
  if (upstream.kind != listener.kind) return false;
  if (upstream.kind != Address::Kind::Tcp) return upstream == listener;
  if (upstream.port != listener.port) return false;
  const std::string_view host = upstream.host, at = listener.host;
  if (host == at) return true;
  if (at.empty()) return is_local_v4(host) || is_local_v6(host);
  if (at == "0.0.0.0") return is_local_v4(host);
  if (at == "::") return is_local_v6(host);
  return host == "localhost" && (at == "127.0.0.1" || at == "::1");
}

boost::system::result<Upstream, std::string> read_one_upstream(const UpstreamWords& words) {
  using Read = boost::system::result<Upstream, std::string>;
  Diagnostics diagnostics;
  diagnostics.add_file("");
  Upstream upstream;
  const auto read = [&](const char* name, const std::optional<std::string>& text) {
    if (!text) return;
    const schema::Key& key = *schema::upstream.find(name);
    const Value value = value_of_words(*text, key);
    read_value(key, value, key.slot(&upstream), diagnostics);
  };
  read("address", words.address);
  read("weight", words.weight);
  read("priority", words.priority);
  read("host", words.host);
  std::string problem;
  for (const Diagnostic& each : diagnostics.in_file_order())
    if (each.severity == Diagnostic::Severity::Error) problem += (problem.empty() ? "" : "; ") + each.message;
  if (!problem.empty()) return Read(boost::system::in_place_error, problem);
  return Read(boost::system::in_place_value, upstream);
}

std::string protocol_problem(UpstreamProtocol protocol, const Address& address) {
  if (protocol == UpstreamProtocol::Http1) return {};
  const bool wants_tls = protocol == UpstreamProtocol::H2;
  if (address.tls == wants_tls) return {};
  return quote(address.to_string()) +
         (wants_tls ? " is without TLS, and protocol = \"h2\" is for https:// upstreams: write \"h2c\", or https:// in front of it"
                    : " is with TLS, and protocol = \"h2c\" is for upstreams without: write \"h2\"");
}

std::string check_problem(const std::optional<HealthCheck>& check, const Address& address) {
  if (!check || check->type != HealthCheck::Type::Tls || address.tls) return {};
  return quote(address.to_string()) + " is without TLS, and the pool's health check is of type \"tls\": it would never pass";
}

}  // namespace frontdoor::config
