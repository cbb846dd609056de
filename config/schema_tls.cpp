// The rows of [listener.tls] and of a certificate.

#include <array>

#include "config/schema.h"

namespace frontdoor::config::schema {
namespace {

constexpr std::int64_t ten_years = 10 * 365ll * 24 * 3'600'000;

constexpr auto version_words = std::to_array<std::string_view>({"1.2", "1.3"});

constexpr std::array listener_tls_keys = {
    Key{.name = "certificates",
        .type = Type::CertificateList,
        .doc = "A table for each: [{ cert = \"a.pem\", key = \"a.key\" }]. A client gets the one with the name that it "
               "asks for, among the names inside the certificates; the first when none has it. Two of the same names with "
               "different kinds of key (ECDSA, RSA) serve each client by what it can do."},
    Key{.name = "cert", .type = Type::Shorthand, .doc = "Short for a single certificate: with `key`, and `ocsp`."},
    Key{.name = "key", .type = Type::Shorthand, .doc = "See `cert`."},
    Key{.name = "ocsp", .type = Type::Shorthand, .doc = "See `cert`."},
    Key{.name = "self_signed",
        .type = Type::Boolean,
        .fallback = "false",
        .doc = "For development: make a certificate at the start. `tls = \"self-signed\"` is short for it.",
        .slot = at<&ListenerTls::self_signed>},
    Key{.name = "min_version",
        .type = Type::Word,
        .fallback = "\"1.2\"",
        .doc = "The least version of TLS that a client must speak.",
        .slot = at<&ListenerTls::min_version>,
        .words = version_words},
    Key{.name = "client_ca",
        .fallback = "\"\"",
        .doc = "A file of certificates (PEM): clients must show one that these have signed, and upstreams are told of it in "
               "X-Client-Cert-*. \"\" asks for none.",
        .slot = at<&ListenerTls::client_ca>},
    Key{.name = "hsts",
        .type = Type::Duration,
        .fallback = "\"0s\"",
        .doc = "Add Strict-Transport-Security with this age to responses that have none: browsers use https only for so "
               "long. \"0s\" is off.",
        .slot = at<&ListenerTls::hsts>,
        .max = ten_years},
};

constexpr std::array certificate_keys = {
    Key{.name = "cert",
        .fallback = "\"\"",
        .doc = "The certificate and its chain, in PEM: what certbot calls fullchain.pem. The file is watched: another one is "
               "used from the next handshake on, without a reload.",
        .slot = at<&TlsCertificate::cert>},
    Key{.name = "key",
        .fallback = "\"\"",
        .doc = "Its private key, in PEM, without a passphrase.",
        .slot = at<&TlsCertificate::key>},
    Key{.name = "ocsp",
        .fallback = "\"\"",
        .doc = "An OCSP response in DER, to be stapled; \"\" is none.",
        .slot = at<&TlsCertificate::ocsp>},
};

}  // namespace

constinit const Table listener_tls{
    .heading = "[listener.tls]",
    .doc = "How clients of the [[listener]] above it are spoken to. TLS 1.2 and 1.3, with forward secrecy only; paths are "
           "relative to where frontdoor was started. docs/tls.md has the whole story.",
    .keys = listener_tls_keys};
constinit const Table certificate{
    .heading = "[[listener.tls.certificates]]", .doc = "A certificate and its key.", .keys = certificate_keys};

}  // namespace frontdoor::config::schema
