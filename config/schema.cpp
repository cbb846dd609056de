// The rows of the top of the file and of the small tables; pools and timeouts have files of their own.

#include "config/schema.h"

#include <algorithm>
#include <array>

#include "config/patterns.h"
#include "config/schema_access_log.h"
#include "config/webhook_url.h"

namespace frontdoor::config::schema {
namespace {

constexpr auto level_words = std::to_array<std::string_view>({"debug", "info", "warn", "error"});
constexpr auto log_format_words = std::to_array<std::string_view>({"auto", "text", "json"});
constexpr auto proxy_status_words = std::to_array<std::string_view>({"off", "own", "all"});  // as ProxyStatus
constexpr auto traceparent_from_words = std::to_array<std::string_view>({"anyone", "trusted_proxies"});  // as TraceparentFrom

constexpr std::array root_keys = {
    Key{.name = "workers",
        .type = Type::IntegerOrAuto,
        .fallback = "\"auto\"",
        .doc = "Data-path threads; \"auto\" is one for each usable CPU, as cgroups allow. Changing it needs "
               "an upgrade or a restart.",
        .slot = at<&Config::workers>,
        .min = 1,
        .max = 1024},
    Key{.name = "resolver",
        .fallback = "\"auto\"",
        .doc = "Where names of upstreams are looked up when /etc/hosts does not know them: \"auto\" is what "
               "/etc/resolv.conf says, else the address of a DNS server, \"10.0.0.2:53\", or several with "
               "commas "
               "between.",
        .slot = at<&Config::resolver>,
        .problem = resolver_problem},
    Key{.name = "tracing",
        .type = Type::Boolean,
        .fallback = "false",
        .doc = "Begin a trace (W3C Trace Context) for each request that has no valid `traceparent`: its upstream gets one "
               "with the request's id as trace id, sampled. A valid one is passed on as it is, whatever this says.",
        .slot = at<&Config::tracing>},
    Key{.name = "traceparent_from",
        .type = Type::Word,
        .fallback = "\"anyone\"",
        .doc = "Whose `traceparent` and `tracestate` are passed on. \"trusted_proxies\" removes those of others, so that no "
               "stranger chooses what is sampled, or which trace his requests are shown in.",
        .slot = at<&Config::traceparent_from>,
        .words = traceparent_from_words},
    Key{.name = "listen",
        .type = Type::TextOrList,
        .doc = "Short for [[listener]] with only an address: \":8080\", or a list of addresses."},
    Key{.name = "tls",
        .type = Type::TextOrTable,
        .doc = "The [listener.tls] of what `listen` names, as in { cert = \"cert.pem\", key = \"key.pem\" }, or "
               "\"self-signed\"."},
    Key{.name = "include",
        .type = Type::TextOrList,
        .doc = "Files to read as if they stood here, relative to this file: \"conf.d/*.toml\", or a list. "
               "Tables "
               "merge, lists of tables join, a key set twice is an error."},
    Key{.name = "listener",
        .type = Type::TableList,
        .doc = "Where clients connect: one [[listener]] for each address."},
    Key{.name = "route",
        .type = Type::TableList,
        .doc =
            "Which requests go to which pool; the first match wins. Without any, all go to the only pool."},
    Key{.name = "pool", .type = Type::NamedTables, .doc = "Groups of upstreams: one [pool.NAME] for each."},
    Key{.name = "timeouts", .type = Type::Table, .doc = "How long to wait for what."},
    Key{.name = "limits", .type = Type::Table, .doc = "How much a client may send, and how slowly."},
    Key{.name = "access_log", .type = Type::Table, .doc = "One line for each request."},
    Key{.name = "log", .type = Type::Table, .doc = "The event log: what happened and why."},
    Key{.name = "admin", .type = Type::Table, .doc = "How the running program is asked and told things."},
};
constexpr auto root_planned = std::to_array<std::string_view>({"redirect"});

constexpr auto redirect_words = std::to_array<std::string_view>({"off", "https"});

constexpr std::array listener_keys = {
    Key{.name = "name",
        .fallback = "\"\"",
        .doc = "What logs and metrics call this listener.",
        .slot = at<&Listener::name>,
        .problem = name_problem},
    Key{.name = "address",
        .type = Type::ListenAddress,
        .doc = "\":8080\" for every interface, \"127.0.0.1:8080\", \"[::1]:8080\" or \"unix:/run/fd.sock\"; "
               "port 0 is any free one. \"fd:web\" is the socket that the service manager passed under this "
               "name, \"fd:3\" one by its number.",
        .slot = at<&Listener::address>},
    Key{.name = "max_connections",
        .type = Type::IntegerOrAuto,
        .fallback = "\"auto\"",
        .doc = "Client connections at a time, over all workers; \"auto\" is what the limit of open files leaves "
               "(logged at start). Beyond it the connection that has waited longest for a request is closed for the "
               "newcomer.",
        .slot = at<&Listener::max_connections>,
        .min = 1,
        .max = 10'000'000},
    Key{.name = "max_connections_per_client",
        .type = Type::Integer,
        .fallback = "0",
        .doc = "Connections at a time from one address (IPv6: from one /64); 0 is any number. One more is "
               "closed at "
               "once; trusted_proxies are not limited.",
        .slot = at<&Listener::max_connections_per_client>,
        .max = 10'000'000},
    Key{.name = "proxy_protocol",
        .type = Type::Boolean,
        .fallback = "false",
        .doc = "Each connection must begin with a PROXY header (v1 or v2) and come from trusted_proxies, or "
               "it is "
               "closed without an answer.",
        .slot = at<&Listener::proxy_protocol>},
    Key{.name = "protocols",
        .type = Type::Protocols,
        .fallback = "[\"h2\", \"http/1.1\"]",
        .doc = "What clients may speak; with TLS they choose by ALPN. \"h2\" without TLS is HTTP/2 by prior knowledge: a "
               "connection that begins with its preface. Nobody is upgraded from HTTP/1.1.",
        .slot = at<&Listener::protocols>},
    Key{.name = "request_id_header",
        .fallback = "\"\"",
        .doc = "The response field that tells a request's id, as in \"X-Request-Id\", so that whoever sees a response "
               "finds its line in the logs; \"\" is none. Our own error pages always have it in their text.",
        .slot = at<&Listener::request_id_header>,
        .problem = response_field_problem},
    Key{.name = "server_timing",
        .type = Type::Boolean,
        .fallback = "false",
        .doc = "Responses have a Server-Timing field, which browsers show: how long frontdoor and how long the upstream took, as "
               "far as the response's head.",
        .slot = at<&Listener::server_timing>},
    Key{.name = "proxy_status",
        .type = Type::Word,
        .fallback = "\"off\"",
        .doc = "Which responses have a Proxy-Status field (RFC 9209): \"own\" are those that frontdoor makes itself, with the "
               "reason; \"all\" are those of upstreams, too. Only trusted_proxies are told which upstream it was.",
        .slot = at<&Listener::proxy_status>,
        .words = proxy_status_words},
    Key{.name = "trusted_proxies",
        .type = Type::Cidrs,
        .fallback = "[]",
        .doc = "Whose X-Forwarded-*, Forwarded, X-Request-Id and PROXY header are believed: addresses and "
               "ranges, as "
               "in [\"10.0.0.0/8\", \"::1\"]; \"unix\" stands for all clients of a unix socket.",
        .slot = at<&Listener::trusted_proxies>},
    Key{.name = "via",
        .type = Type::Boolean,
        .fallback = "true",
        .doc = "Add a Via field to what is forwarded; some upstreams stop compressing when they see one.",
        .slot = at<&Listener::via>},
    Key{.name = "redirect",
        .type = Type::Word,
        .fallback = "\"off\"",
        .doc = "\"https\" answers every request with a redirect (308) to the same address by https.",
        .slot = at<&Listener::redirect>,
        .words = redirect_words},
    Key{.name = "tls",
        .type = Type::TextOrTable,
        .doc = "Clients speak TLS here: [listener.tls], or { cert = \"cert.pem\", key = \"key.pem\" }. \"self-signed\" "
               "is for development: a certificate is made at the start, for localhost and the hosts of the routes, and "
               "no client trusts it."},
};

constexpr std::array route_keys = {
    Key{.name = "host",
        .fallback = "\"\"",
        .doc =
            "The host name to match: exact, or \"*.example.com\" for the names below it; \"\" matches any.",
        .slot = at<&Route::host>,
        .problem = host_pattern_problem},
    Key{.name = "path",
        .fallback = "\"\"",
        .doc = "The path to match: exact, or \"/prefix*\"; \"\" matches any.",
        .slot = at<&Route::path>,
        .problem = path_pattern_problem},
    Key{.name = "pool",
        .doc = "The pool that serves it; may be left out when there is only one.",
        .slot = at<&Route::pool>},
    Key{.name = "access_log",
        .type = Type::Boolean,
        .fallback = "true",
        .doc = "Whether its requests are in the access log.",
        .slot = at<&Route::access_log>},
    Key{.name = "body_bytes",
        .type = Type::Size,
        .doc = "Overrides [limits] body_bytes for this route.",
        .slot = at<&Route::body_bytes>},
    Key{.name = "min_bytes_per_second",
        .type = Type::Size,
        .doc = "Overrides [limits] min_bytes_per_second for this route.",
        .slot = at<&Route::min_bytes_per_second>},
    Key{.name = "timeouts", .type = Type::Table, .doc = "Overrides single timeouts for this route."},
};
constexpr auto route_planned =
    std::to_array<std::string_view>({"path_regex", "methods", "headers", "split", "redirect", "respond",
                                     "strip_prefix", "request_headers", "response_headers"});

constexpr std::array limits_keys = {
    Key{.name = "header_bytes",
        .type = Type::Size,
        .fallback = "\"32KiB\"",
        .doc = "A request's or response's whole head.",
        .slot = at<&Limits::header_bytes>,
        .min = 1024,
        .max = 1 << 20},
    Key{.name = "header_count",
        .type = Type::Integer,
        .fallback = "100",
        .doc = "Header fields in one head.",
        .slot = at<&Limits::header_count>,
        .min = 1,
        .max = 10'000},
    Key{.name = "uri_bytes",
        .type = Type::Size,
        .fallback = "\"8KiB\"",
        .doc = "A request's target; longer ones are answered with 414.",
        .slot = at<&Limits::uri_bytes>,
        .min = 64,
        .max = 1 << 20},
    Key{.name = "body_bytes",
        .type = Type::Size,
        .fallback = "\"0\"",
        .doc = "A request's body; \"0\" is unlimited. May be overridden in a pool or a route.",
        .slot = at<&Limits::body_bytes>},
    Key{.name = "min_bytes_per_second",
        .type = Type::Size,
        .fallback = "\"100B\"",
        .doc = "What a client must send or read while nobody else is waited for, on average over client_body "
               "or client_write: a byte now and then holds nothing for ever. Event streams, gRPC and "
               "WebSockets may be slower; \"0\" is off. May be overridden in a pool or a route.",
        .slot = at<&Limits::min_bytes_per_second>},
};

constexpr std::array log_keys = {
    Key{.name = "level",
        .type = Type::Word,
        .fallback = "\"info\"",
        .doc = "The least important events that are still written.",
        .slot = at<&EventLog::level>,
        .words = level_words},
    Key{.name = "format",
        .type = Type::Word,
        .fallback = "\"auto\"",
        .doc = "\"auto\" is text on a terminal and JSON otherwise.",
        .slot = at<&EventLog::format>,
        .words = log_format_words},
};

constexpr auto webhook_level_words = std::to_array<std::string_view>({"info", "warn", "error"});  // as WebhookLevel
constexpr auto admin_host_example = std::to_array<std::string_view>({"a.example"});
constexpr std::array admin_keys = {
    Key{.name = "address",
        .fallback = "\"\"",
        .doc = "The TCP address of /metrics, /healthz, /readyz and the read API. \"\" is 127.0.0.1:9900, or the next free "
               "port when another has that one; what is written here is taken or the start fails; port 0 is any free one; "
               "\"off\" is none. Changing it needs an upgrade or a restart.",
        .slot = at<&Admin::address>,
        .problem = admin_address_problem},
    Key{.name = "hosts",
        .type = Type::Names,
        .fallback = "[]",
        .doc = "Names by which clients may ask there, as in [\"frontdoor.internal\"], besides localhost and IP addresses: a "
               "page that has its own name lead here is refused.",
        .slot = at<&Admin::hosts>,
        .words = admin_host_example,
        .problem = admin_host_problem},
    Key{.name = "token",
        .fallback = "\"\"",
        .doc = "What `Authorization: Bearer` must say for requests over TCP that change something or read logs, at least 16 "
               "characters, as in \"${ADMIN_TOKEN}\". \"\" leaves those to the socket.",
        .slot = at<&Admin::token>,
        .problem = admin_token_problem,
        .secret = true},
    Key{.name = "socket",
        .fallback = "\"\"",
        .doc = "The path of the unix socket that `frontdoor status`, `restart`, … use. \"\" is /run/frontdoor/admin.sock "
               "for root and $XDG_RUNTIME_DIR/frontdoor/admin.sock for others, with the pid in its name when that one is "
               "in use; \"off\" is none. Changing it needs an upgrade or a restart.",
        .slot = at<&Admin::socket>,
        .problem = admin_socket_problem},
    Key{.name = "group",
        .fallback = "\"\"",
        .doc = "A group whose members may use the socket as well; \"\" is only the user that frontdoor runs as, and root. "
               "Changing it needs an upgrade or a restart.",
        .slot = at<&Admin::group>},
    Key{.name = "state_file",
        .fallback = "\"\"",
        .doc = "The file that keeps what operators have ordered (`frontdoor drain`, `maintenance`, `weight`, "
               "`upstream add`, `upstream remove`) over restarts. "
               "\"\" is a file named after the config's path, in $STATE_DIRECTORY, for root in /var/lib/frontdoor, for others "
               "in ~/.local/state/frontdoor; \"off\" is none. Changing it needs an upgrade or a restart.",
        .slot = at<&Admin::state_file>,
        .problem = state_file_problem},
    Key{.name = "webhook",
        .fallback = "\"\"",
        .doc = "A URL (http or https) that events are posted to as JSON, as they happen: docs/admin.md. \"\" is none. It is "
               "never shown, since its user, its path or its query may be a secret.",
        .slot = at<&Admin::webhook>,
        .problem = webhook_problem,
        .secret = true},
    Key{.name = "webhook_token",
        .fallback = "\"\"",
        .doc = "What `Authorization: Bearer` says to the webhook, as in \"${WEBHOOK_TOKEN}\"; \"\" is none.",
        .slot = at<&Admin::webhook_token>,
        .problem = webhook_token_problem,
        .secret = true},
    Key{.name = "webhook_ca",
        .fallback = "\"\"",
        .doc = "A file of certificates (PEM) by which an https webhook is believed; \"\" is those that the system believes.",
        .slot = at<&Admin::webhook_ca>},
    Key{.name = "webhook_level",
        .type = Type::Word,
        .fallback = "\"warn\"",
        .doc = "The least important events that the webhook is told.",
        .slot = at<&Admin::webhook_level>,
        .words = webhook_level_words},
};

}  // namespace

constinit const Table root{
    .heading = "", .doc = "Keys above the first [table].", .keys = root_keys, .planned = root_planned};
constinit const Table listener{.heading = "[[listener]]",
                               .doc = "An address that accepts clients.",
                               .keys = listener_keys};
constinit const Table route{
    .heading = "[[route]]",
    .doc =
        "Sends matching requests to a pool. A route matches when all that it names matches; "
        "the first one that does wins.",
    .keys = route_keys,
    .planned = route_planned};
constinit const Table limits{
    .heading = "[limits]", .doc = "How much a client may send, and how slowly.", .keys = limits_keys};
constinit const Table access_log{
    .heading = "[access_log]", .doc = "One line for each request.", .keys = access_log_rows::keys};
constinit const Table log{.heading = "[log]",
                          .doc = "The event log: what happened and why, one line an event, on stderr.",
                          .keys = log_keys};
constinit const Table admin{.heading = "[admin]",
                            .doc = "How the running program is asked and told things: docs/admin.md.",
                            .keys = admin_keys};

const Key* Table::find(std::string_view name) const {
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const Key& key) { return key.name == name; });
  return found == keys.end() ? nullptr : &*found;
}

bool Table::is_planned(std::string_view name) const {
  return std::find(planned.begin(), planned.end(), name) != planned.end();
}

std::vector<std::string_view> Table::names() const {
  std::vector<std::string_view> result;
  for (const auto& key : keys) result.push_back(key.name);
  return result;
}

std::span<const Table* const> tables() {
  static constexpr std::array all = {
      &root,  &listener, &listener_tls, &certificate, &route,   &route_timeouts, &pool, &profile, &upstream, &upstream_tls, &health_check, &expect,
      &retry, &hold,     &restart, &logs, &pool_timeouts,  &timeouts, &limits,   &access_log,   &log,
      &admin};
  return all;
}

}  // namespace frontdoor::config::schema
