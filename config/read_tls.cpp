// `tls` of a listener: [listener.tls], its short forms, and what is wrong with it.

#include <algorithm>

#include "config/patterns.h"
#include "config/reader.h"
#include "config/suggest.h"
#include "config/values.h"

namespace frontdoor::config {
namespace {

using Kind = Value::Kind;

constexpr std::string_view kHeading = "[listener.tls]";
constexpr std::string_view kSelfSigned = "self-signed";
constexpr std::string_view kForm = "{ cert = \"cert.pem\", key = \"key.pem\" }";

void add_certificate(TlsCertificate certificate, Position at, ListenerTls& tls, ListenerPlace& place, Reader& reader) {
  if (certificate.cert.empty() != certificate.key.empty())
    reader.diagnostics.error(at, "a certificate needs both, as in " + std::string(kForm));
  tls.certificates.push_back(std::move(certificate));
  place.certificates.push_back(at);
}

void read_certificate(const Value& value, ListenerTls& tls, ListenerPlace& place, Reader& reader) {
  if (!is_table(value, "certificates", kForm, reader)) return;
  TlsCertificate certificate;
  read_plain_keys(value, {schema::certificate, "the certificates of " + std::string(kHeading)}, &certificate, reader);
  if (certificate.cert.empty() && certificate.key.empty())
    return reader.diagnostics.error(value.at, "a certificate needs its files, as in " + std::string(kForm));
  add_certificate(std::move(certificate), value.at, tls, place, reader);
}

// cert, key and ocsp beside the other keys.
void read_single(const Value& value, ListenerTls& tls, ListenerPlace& place, Reader& reader) {
  TlsCertificate certificate;
  const Value* first = nullptr;
  for (const auto& key : schema::certificate.keys) {
    const auto* found = value.find(key.name);
    if (found == nullptr) continue;
    if (first == nullptr) first = found;
    read_value(key, *found, key.slot(&certificate), reader.diagnostics);
  }
  if (first != nullptr) add_certificate(std::move(certificate), first->at, tls, place, reader);
}

void read_table(const Value& value, ListenerTls& tls, ListenerPlace& place, Reader& reader) {
  read_plain_keys(value, {schema::listener_tls, std::string(kHeading)}, &tls, reader);
  read_single(value, tls, place, reader);
  const auto* list = value.find("certificates");
  if (list == nullptr || list->is(Kind::Invalid)) return;
  if (!list->is(Kind::List))
    return wrong_type("certificates", "a list as in [" + std::string(kForm) + "]", *list, reader.diagnostics);
  for (const auto& item : list->items) read_certificate(item, tls, place, reader);
}

void check_certificates(const Listener& listener, const ListenerPlace& place, const LoadOptions& options,
                        Reader& reader) {
  const auto& routes = reader.config.routes;
  const auto names_a_host = [](const Route& route) { return !route.host.empty(); };
  const bool by_host = !routes.empty() && std::all_of(routes.begin(), routes.end(), names_a_host);
  for (std::size_t i = 0; i < listener.tls->certificates.size(); ++i) {
    const auto& certificate = listener.tls->certificates[i];
    if (certificate.cert.empty() || certificate.key.empty()) continue;
    const auto look = options.look_at_certificate(certificate);
    const std::string title = "certificate " + quote(certificate.cert) + ": ";
    if (!look.error.empty()) {
      reader.diagnostics.error(place.certificates[i], title + look.error);
      continue;
    }
    for (const auto& warning : look.warnings) reader.diagnostics.warning(place.certificates[i], title + warning);
    for (const auto& name : look.names) {
      const auto takes = [&](const Route& route) { return hosts_overlap(route.host, name); };
      if (by_host && std::none_of(routes.begin(), routes.end(), takes))
        reader.diagnostics.warning(place.certificates[i], title + "its name " + quote(name) + " is the host of no [[route]]");
    }
  }
}

void check_listener(const Listener& listener, const ListenerPlace& place, const LoadOptions& options, Reader& reader) {
  const auto& tls = *listener.tls;
  if (tls.certificates.empty() && !tls.self_signed)
    reader.diagnostics.error(place.tls, "tls needs a certificate, as in " + std::string(kForm) + "; to try it out, " +
                                            "write tls = \"self-signed\"");
  if (!tls.certificates.empty() && tls.self_signed)
    reader.diagnostics.error(place.tls, "tls has certificates, so that self_signed makes no sense: leave one of them out");
  if (tls.self_signed)
    reader.diagnostics.warning(place.tls,
                               "tls is self-signed: no client trusts it, and browsers warn of it. For development only");
  if (listener.redirect != Listener::Redirect::Off)
    reader.diagnostics.error(place.at, "redirect is for a listener without tls: these clients have come by https already");
  if (options.look_at_certificate) check_certificates(listener, place, options, reader);
  if (options.client_ca_problem && !tls.client_ca.empty())
    if (const auto problem = options.client_ca_problem(tls.client_ca); !problem.empty())
      reader.diagnostics.error(place.tls, "client_ca " + quote(tls.client_ca) + ": " + problem);
}

}  // namespace

void read_tls(const Value& value, Listener& listener, ListenerPlace& place, Reader& reader) {
  if (value.is(Kind::Invalid)) return;
  auto& tls = listener.tls.emplace();
  place.tls = value.at;
  if (value.is(Kind::Text)) {
    tls.self_signed = true;
    if (value.text != kSelfSigned)
      reader.diagnostics.error(value.at, "tls: " + quote(value.text) + " is unknown, write \"self-signed\" or " +
                                             std::string(kForm));
    return;
  }
  if (is_table(value, "tls", std::string(kHeading) + " or \"self-signed\"", reader)) read_table(value, tls, place, reader);
  else tls.self_signed = true;  // it has been reported
}

void check_tls(const LoadOptions& options, Reader& reader) {
  const auto& listeners = reader.config.listeners;
  const auto is_encrypted = [](const Listener& listener) { return listener.tls.has_value(); };
  const bool any = std::any_of(listeners.begin(), listeners.end(), is_encrypted);
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    if (listeners[i].tls) check_listener(listeners[i], reader.listeners[i], options, reader);
    else if (listeners[i].redirect == Listener::Redirect::Https && !any)
      reader.diagnostics.warning(reader.listeners[i].at,
                                 "redirect = \"https\", and no listener of this file has tls: is another program there?");
  }
}

}  // namespace frontdoor::config
