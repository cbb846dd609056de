// The rows of [pool.NAME] and the tables below it.

#include <algorithm>
#include <array>

#include "config/patterns.h"
#include "config/schema.h"
#include "config/schema_logs.h"
#include "config/schema_process.h"

namespace frontdoor::config::schema {
namespace {

constexpr std::int64_t hour = 3'600'000;

constexpr auto protocol_words = std::to_array<std::string_view>({"http/1.1", "h2", "h2c"});  // as UpstreamProtocol
constexpr auto send_proxy_words = std::to_array<std::string_view>({"", "v1", "v2"});  // as ProxyVersion

constexpr std::array upstream_pool_keys = {
    Key{.name = "upstreams",
        .type = Type::UpstreamList,
        .doc = "The servers: \"10.0.0.11:8080\", \"app.internal:8080\", \"[::1]:8080\", "
               "\"unix:/run/app.sock\", or "
               "tables as below. A name is an upstream for each of its addresses, which come and go with its "
               "look-ups; \"localhost\" is one."},
    Key{.name = "health_check",
        .type = Type::TextOrTable,
        .doc = "How to ask whether an upstream is well; a string is the path of an HTTP check. Absent: an "
               "upstream is up "
               "until a connection to it is refused."},
    Key{.name = "tls", .type = Type::Table, .doc = "How its https:// upstreams are spoken to."},
    Key{.name = "retry", .type = Type::Table, .doc = "When a failed request is tried again."},
    Key{.name = "hold", .type = Type::Table, .doc = "How long requests wait while nothing can take them."},
    Key{.name = "max_in_flight",
        .type = Type::Integer,
        .fallback = "0",
        .doc = "Requests that each upstream may have at a time; more of them wait (hold), first come, first "
               "served. 0 is no limit.",
        .slot = at<&Pool::max_in_flight>,
        .max = 1'000'000},
    Key{.name = "timeouts", .type = Type::Table, .doc = "Overrides single timeouts for this pool."},
    Key{.name = "body_bytes",
        .type = Type::Size,
        .doc = "Overrides [limits] body_bytes for this pool.",
        .slot = at<&Pool::body_bytes>},
    Key{.name = "min_bytes_per_second",
        .type = Type::Size,
        .doc = "Overrides [limits] min_bytes_per_second for this pool's clients.",
        .slot = at<&Pool::min_bytes_per_second>},
    Key{.name = "send_proxy",
        .type = Type::Word,
        .fallback = "\"\"",
        .doc = "Begin each connection to an upstream with a PROXY header of this version, which names the "
               "client. Such a connection serves one request.",
        .slot = at<&Pool::send_proxy>,
        .words = send_proxy_words},
    Key{.name = "protocol",
        .type = Type::Word,
        .fallback = "\"http/1.1\"",
        .doc = "What is spoken to the upstreams: \"h2c\" is HTTP/2 without TLS, by prior knowledge; \"h2\" is HTTP/2 to "
               "https:// upstreams, which must agree to it. gRPC needs one of the two.",
        .slot = at<&Pool::protocol>,
        .words = protocol_words},
};

template <std::size_t A, std::size_t B>
constexpr std::array<Key, A + B> join(const std::array<Key, A>& a, const std::array<Key, B>& b) {
  std::array<Key, A + B> both;
  std::copy(a.begin(), a.end(), both.begin());
  std::copy(b.begin(), b.end(), both.begin() + A);
  return both;
}
constexpr auto pool_keys = join(upstream_pool_keys, process_rows::keys);

// What a profile may change: plain values of instances.
constexpr bool is_of_profiles(const Key& key) { return key.type < Type::Table; }
constexpr auto profile_keys = [] {
  constexpr auto count = static_cast<std::size_t>(
      std::count_if(process_rows::keys.begin(), process_rows::keys.end(), is_of_profiles));
  std::array<Key, count> keys;
  std::copy_if(process_rows::keys.begin(), process_rows::keys.end(), keys.begin(), is_of_profiles);
  return keys;
}();

constexpr auto pool_planned = std::to_array<std::string_view>(
    {"discover", "balance", "hash_on", "slow_start", "sticky", "outlier_detection"});

constexpr std::array upstream_keys = {
    Key{.name = "address",
        .type = Type::UpstreamAddress,
        .doc = "host:port, [v6]:port or unix:/path; https:// in front speaks TLS to it, http:// is allowed.",
        .slot = at<&Upstream::address>},
    Key{.name = "weight",
        .type = Type::Integer,
        .fallback = "1",
        .doc = "Its share of the requests, compared with the others'; of a name, that of each address.",
        .slot = at<&Upstream::weight>,
        .min = 1,
        .max = 1000},
    Key{.name = "priority",
        .type = Type::Integer,
        .fallback = "0",
        .doc = "Requests go to the upstreams of the lowest number that are up; the others stand by.",
        .slot = at<&Upstream::priority>,
        .max = 100},
    Key{.name = "host",
        .fallback = "\"\"",
        .doc = "The Host of requests to it; \"\" is the client's, or of an https:// upstream its own.",
        .slot = at<&Upstream::host>,
        .problem = host_field_problem},
};
constexpr std::array upstream_tls_keys = {
    Key{.name = "verify",
        .type = Type::Boolean,
        .fallback = "true",
        .doc = "Whether its certificate must be valid, of somebody in `ca`, and for `server_name`.",
        .slot = at<&UpstreamTls::verify>},
    Key{.name = "ca",
        .fallback = "\"\"",
        .doc = "A file of certificates (PEM) that are believed; \"\" is those that the system believes.",
        .slot = at<&UpstreamTls::ca>},
    Key{.name = "cert",
        .fallback = "\"\"",
        .doc = "A certificate (PEM, with its chain) to show when the upstream asks for one, with `key`.",
        .slot = at<&UpstreamTls::cert>},
    Key{.name = "key", .fallback = "\"\"", .doc = "Its private key, in PEM.", .slot = at<&UpstreamTls::key>},
    Key{.name = "server_name",
        .fallback = "\"\"",
        .doc = "The name that it is asked for and must prove; \"\" is the host of its address.",
        .slot = at<&UpstreamTls::server_name>,
        .problem = host_field_problem},
};

constexpr auto check_words = std::to_array<std::string_view>({"http", "tcp", "tls", "grpc", "exec"});  // as HealthCheck::Type

constexpr std::array health_check_keys = {
    Key{.name = "type",
        .type = Type::Word,
        .fallback = "\"http\"",
        .doc = "\"http\" sends a GET, by https to an https:// upstream; \"tcp\" only connects, \"tls\" shakes hands, too; "
               "\"grpc\" asks grpc.health.v1.Health, \"exec\" runs `command`.",
        .slot = at<&HealthCheck::type>,
        .words = check_words},
    Key{.name = "path",
        .fallback = "\"/\"",
        .doc = "What the GET asks for.",
        .slot = at<&HealthCheck::path>,
        .problem = request_target_problem},
    Key{.name = "command",
        .type = Type::Command,
        .doc = "With `type = \"exec\"`: what each check runs, text that is split as a shell splits words, or a list. Exit "
               "status 0 passes; else the last line that it wrote is the reason. It finds the upstream in PORT, "
               "FRONTDOOR_HOST and FRONTDOOR_ADDRESS, runs as the pool's instances do (user, directory, env), and is "
               "killed after `timeout` with all that it has started.",
        .slot = at<&HealthCheck::command>},
    Key{.name = "interval",
        .type = Type::Duration,
        .fallback = "\"2s\"",
        .doc = "Between two checks of an upstream that is up.",
        .slot = at<&HealthCheck::interval>,
        .min = 1,
        .max = 24 * hour},
    Key{.name = "interval_down",
        .type = Type::Duration,
        .fallback = "\"500ms\"",
        .doc = "Between two checks of an upstream that is down.",
        .slot = at<&HealthCheck::interval_down>,
        .min = 1,
        .max = 24 * hour},
    Key{.name = "timeout",
        .type = Type::Duration,
        .fallback = "\"1s\"",
        .doc = "For one whole check; longer is a failure.",
        .slot = at<&HealthCheck::timeout>,
        .min = 1,
        .max = hour},
    Key{.name = "jitter",
        .type = Type::Percent,
        .fallback = "\"10%\"",
        .doc = "How far an interval may vary, so that checks do not march in step.",
        .slot = at<&HealthCheck::jitter>},
    Key{.name = "rise",
        .type = Type::Integer,
        .fallback = "2",
        .doc = "Passes in a row that make it up.",
        .slot = at<&HealthCheck::rise>,
        .min = 1,
        .max = 1000},
    Key{.name = "fall",
        .type = Type::Integer,
        .fallback = "3",
        .doc = "Failures in a row that make it down.",
        .slot = at<&HealthCheck::fall>,
        .min = 1,
        .max = 1000},
    Key{.name = "host",
        .fallback = "\"\"",
        .doc = "The Host field of the GET; \"\" is the upstream's address.",
        .slot = at<&HealthCheck::host>,
        .problem = host_field_problem},
    Key{.name = "port",
        .type = Type::Integer,
        .fallback = "0",
        .doc = "Where to check; 0 is the port of the traffic.",
        .slot = at<&HealthCheck::port>,
        .max = 65535},
    Key{.name = "service",
        .fallback = "\"\"",
        .doc = "Whose health a gRPC check asks for; \"\" is the server's.",
        .slot = at<&HealthCheck::service>},
    Key{.name = "expect", .type = Type::Table, .doc = "What a good answer looks like."},
};

constexpr std::array expect_keys = {
    Key{.name = "status",
        .type = Type::StatusRanges,
        .fallback = "\"200-399\"",
        .doc = "Good statuses: \"200\", \"200-299\", \"200-299,404\", or a list of these.",
        .slot = at<&HealthCheck::expect_status>},
};
constexpr auto expect_planned = std::to_array<std::string_view>({"body", "header"});

constexpr std::array retry_keys = {
    Key{.name = "attempts",
        .type = Type::Integer,
        .fallback = "2",
        .doc = "Further tries after the first: a request is sent to upstreams so many times more at most, "
               "whatever happens to them. What was refused before a byte was sent is no try.",
        .slot = at<&Retry::attempts>,
        .max = 100},
    Key{.name = "on",
        .type = Type::RetryReasons,
        .fallback = "[\"connect_failure\", \"reset\", \"timeout\", \"evicted\"]",
        .doc = "Which failures: these words, and the statuses \"429\", \"500\", \"502\", \"503\", \"504\".",
        .slot = [](Object object) -> Slot { return std::get<Retry*>(object); }},
    Key{.name = "budget",
        .type = Type::Percent,
        .fallback = "\"20%\"",
        .doc = "Retries as a share of the last 10 s' requests; 10 a second are always allowed.",
        .slot = at<&Retry::budget>},
    Key{.name = "body_bytes",
        .type = Type::Size,
        .fallback = "\"64KiB\"",
        .doc = "Request bodies up to this size are kept, so that they can be sent again.",
        .slot = at<&Retry::body_bytes>,
        .max = 1 << 30},
    Key{.name = "containment",
        .type = Type::Boolean,
        .fallback = "true",
        .doc = "Contain requests that kill: one under which two upstreams have died is not given the only one that is "
               "up, and those like it get one try for a while.",
        .slot = at<&Retry::containment>},
};

constexpr std::array hold_keys = {
    Key{.name = "timeout",
        .type = Type::Duration,
        .fallback = "\"10s\"",
        .doc = "How long one request waits at most while no upstream can take it; then 503. \"0s\" is never.",
        .slot = at<&Hold::timeout>,
        .max = hour},
    Key{.name = "max_requests",
        .type = Type::Integer,
        .fallback = "10000",
        .doc = "Requests that wait at a time; one more is answered 503 at once.",
        .slot = at<&Hold::max_requests>,
        .max = 10'000'000},
    Key{.name = "max_bytes",
        .type = Type::Size,
        .fallback = "\"64MiB\"",
        .doc = "Memory of the requests that wait. Bodies are not read meanwhile.",
        .slot = at<&Hold::max_bytes>},
    Key{.name = "give_up",
        .type = Type::Duration,
        .fallback = "\"60s\"",
        .doc = "When the whole pool has been down for longer, requests are answered 503 at once.",
        .slot = at<&Hold::give_up>,
        .max = 24 * hour},
};

}  // namespace

constinit const Table pool{.heading = "[pool.NAME]",
                           .doc = "A group of upstreams that serve the same.",
                           .keys = pool_keys,
                           .planned = pool_planned};
constinit const Table profile{.heading = "[pool.NAME.profile.PROFILE]",
                              .doc = "Overrides what the pool says of its instances when `--env PROFILE` chooses it; "
                                     "`env` is added to the pool's.",
                              .keys = profile_keys,
                              .same_keys_as = "[pool.NAME]"};
constinit const Table upstream{.heading = "upstreams = [{ … }]",
                               .doc = "One server of a pool, when it needs more than an address.",
                               .keys = upstream_keys};
constinit const Table upstream_tls{.heading = "[pool.NAME.tls]",
                                   .doc = "How the https:// upstreams of the pool are spoken to.",
                                   .keys = upstream_tls_keys};
constinit const Table health_check{.heading = "[pool.NAME.health_check]",
                                   .doc = "Asks every upstream of the pool whether it is well.",
                                   .keys = health_check_keys};
constinit const Table expect{.heading = "[pool.NAME.health_check.expect]",
                             .doc = "What a good answer to a check looks like.",
                             .keys = expect_keys,
                             .planned = expect_planned};
constinit const Table retry{
    .heading = "[pool.NAME.retry]",
    .doc = "When a failed request is tried again, on another upstream where there is one.",
    .keys = retry_keys};

constinit const Table hold{
    .heading = "[pool.NAME.hold]",
    .doc =
        "Requests wait while no upstream is up, or while all have as many as they may, instead of failing.",
    .keys = hold_keys};

constinit const Table restart{.heading = "[pool.NAME.restart]",
                              .doc = "When an instance that has ended is started again.",
                              .keys = process_rows::restart_keys};

constinit const Table logs{.heading = "[pool.NAME.logs]",
                           .doc = "Where the output of the pool's instances goes.",
                           .keys = logs_rows::keys};

}  // namespace frontdoor::config::schema
