// What fd.toml says, as plain data: parsed, defaulted and checked. Built on the control thread by
// config/load.h, immutable afterwards. Names follow the file's (docs/reference/config.md); durations and
// sizes are typed here.

#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/cidr.h"
#include "base/log.h"
#include "base/proxy_protocol.h"
#include "config/accounts.h"

namespace frontdoor::config {

using Millis = std::chrono::milliseconds;

struct Timeouts {
  Millis client_header{10'000};  // whole head, from its first byte
  Millis client_body{30'000};    // between two reads of a request body
  Millis client_write{30'000};   // a client that does not read
  Millis client_idle{60'000};    // keep-alive
  Millis client_fin{1'000};      // after the client's FIN, until the answer starts
  Millis tls_handshake{10'000};  // from the connection on
  Millis request{0};             // all tries and waits together, until the response begins; 0 = off
  Millis connect{1'000};
  Millis response_header{30'000};
  Millis response_body{30'000};  // between two reads of a response body
  Millis upstream_idle{60'000};
  Millis stream_idle{3'600'000};
  Millis drain{25'000};
  Millis drain_delay{0};
  Millis drain_streams{5'000};  // for event streams, gRPC and unknown tunnels in a drain
  bool operator==(const Timeouts&) const = default;
};

struct Limits {
  std::uint64_t header_bytes = 32 * 1024;
  std::uint32_t header_count = 100;
  std::uint64_t uri_bytes = 8 * 1024;
  std::uint64_t body_bytes = 0;              // 0 = unlimited
  std::uint64_t min_bytes_per_second = 100;  // of a client that sends or reads a body; 0 = off
  bool operator==(const Limits&) const = default;
};

// The files of one certificate, in PEM.
struct TlsCertificate {
  std::string cert = {};  // with its chain
  std::string key = {};
  std::string ocsp = {};  // a response to staple, in DER; "" = none
  bool operator==(const TlsCertificate&) const = default;
};

struct ListenerTls {
  enum class MinVersion : std::uint8_t { Tls12, Tls13 };
  MinVersion min_version = MinVersion::Tls12;
  std::vector<TlsCertificate> certificates = {};
  bool self_signed = false;    // instead of them: one that is made at the start
  std::string client_ca = {};  // whose certificates clients must show; "" = they need none
  Millis hsts{0};              // Strict-Transport-Security; 0 = off
  bool operator==(const ListenerTls&) const = default;
};

// What clients may speak: chosen by ALPN where there is TLS, HTTP/2 by prior knowledge where there is none.
struct Protocols {
  bool h2 = true;
  bool http1 = true;
  bool operator==(const Protocols&) const = default;
};

struct Listener {
  std::string name = {};  // "" when unnamed
  Address address = {};
  bool via = true;
  std::uint64_t max_connections = 0;             // 0 = auto
  std::uint32_t max_connections_per_client = 0;  // 0 = off
  bool proxy_protocol = false;                   // a PROXY header is required, and taken from these only:
  Cidrs trusted_proxies = {};                    // whose word about the client is believed
  std::string request_id_header = {};            // "" = responses do not tell it
  bool server_timing = false;                    // responses have Server-Timing
  enum class ProxyStatus : std::uint8_t { Off, Own, All };
  ProxyStatus proxy_status = ProxyStatus::Off;   // which responses have it
  enum class Redirect : std::uint8_t { Off, Https };
  Redirect redirect = Redirect::Off;     // what all requests are answered with
  std::optional<ListenerTls> tls = {};   // nothing: plain
  Protocols protocols = {};
  bool operator==(const Listener&) const = default;
};

struct Route {
  std::string host = {};  // "" = any; "api.example.com"; "*.example.com"
  std::string path = {};  // "" = any; "/exact"; "/prefix*"
  std::string pool = {};
  bool access_log = true;
  std::optional<Timeouts> timeouts = {};  // overrides, already merged with the pool's or the file's values
  std::optional<std::uint64_t> body_bytes = {};
  std::optional<std::uint64_t> min_bytes_per_second = {};
  bool operator==(const Route&) const = default;
};

struct Upstream {
  Address address = {};
  std::uint32_t weight = 1;
  std::uint32_t priority = 0;
  std::string host = {};  // what its requests' Host says; "" = of an https upstream its own name, else the client's
  bool operator==(const Upstream&) const = default;
};

struct StatusRange {
  std::uint16_t first = 200, last = 399;
  bool operator==(const StatusRange&) const = default;
};

struct HealthCheck {
  enum class Type : std::uint8_t { Http, Tcp, Tls, Grpc, Exec };
  Type type = Type::Http;
  std::string path = "/";
  Millis interval{2'000};
  Millis interval_down{500};
  Millis timeout{1'000};
  double jitter = 0.10;  // share of the interval
  std::uint32_t rise = 2;
  std::uint32_t fall = 3;
  std::vector<StatusRange> expect_status{{200, 399}};
  std::string host = {};   // Host field of the probe; "" = the upstream's address
  std::uint16_t port = 0;  // 0 = the traffic port
  std::vector<std::string> command = {};  // Exec: argv
  std::string service = {};  // of gRPC: whose health is asked for; "" = the server's
  bool operator==(const HealthCheck&) const = default;
};

// How https upstreams of a pool are spoken to.
struct UpstreamTls {
  bool verify = true;
  std::string ca = {};    // "" = the system's authorities
  std::string cert = {};  // "" = none is shown
  std::string key = {};
  std::string server_name = {};  // "" = the upstream's host
  bool operator==(const UpstreamTls&) const = default;
};

// When a failed request may be tried again; the rules are in proxy/exchange/replay.h.
struct Retry {
  std::uint32_t attempts = 2;  // further tries after the first
  bool on_connect_failure = true;
  bool on_reset = true;
  bool on_timeout = true;
  bool on_evicted = true;
  std::vector<std::uint16_t> on_status = {};  // of 429, 500, 502, 503, 504
  double budget = 0.20;                       // share of the last 10 s' requests
  std::uint64_t body_bytes = 64 * 1024;       // request bodies kept for replay
  bool containment = true;                    // of queries of death
  bool operator==(const Retry&) const = default;
};

// Requests wait while nothing can take them; the rules are in balancer/hold_rules.h.
struct Hold {
  Millis timeout{10'000};  // of one request, all its waits together; 0 = off
  std::uint32_t max_requests = 10'000;
  std::uint64_t max_bytes = 64 * 1024 * 1024;
  Millis give_up{60'000};  // a pool that is down for longer holds nothing
  bool operator==(const Hold&) const = default;
};

// When an instance that has ended is started again; the rules are in supervisor/instances/restart_policy.h.
struct Restart {
  enum class Policy : std::uint8_t { Always, OnFailure, Never };
  Policy policy = Policy::Always;
  Millis backoff_min{100};  // before the first start again; doubles
  Millis backoff_max{30'000};
  Millis reset_after{60'000};          // of life: then the pause is the shortest again
  std::uint32_t crash_loop_after = 5;  // shorter lives in a row
  double share = 0.25;                 // of the pool, replaced at a time; never less than one
  bool operator==(const Restart&) const = default;
};

// Where the output of a pool's instances goes (supervisor/output/pool_output.h).
struct Logs {
  enum class Mode : std::uint8_t { Prefix, Json, Off };
  enum class FileFormat : std::uint8_t { Text, Json };
  Mode mode = Mode::Prefix;  // on standard output
  std::string file = "";     // "" = none; {pool}, {instance}, {stream} are filled in
  FileFormat file_format = FileFormat::Text;
  std::uint64_t max_size = 50 * 1024 * 1024;     // of one file; 0 = never full
  std::uint32_t keep = 5;                        // full ones, of each
  std::uint64_t max_total = 1024 * 1024 * 1024;  // of the pool's files; 0 = without bound
  std::uint64_t min_free = 256 * 1024 * 1024;    // on the disk; 0 = until it is full
  bool operator==(const Logs&) const = default;
};

struct ResourceLimit {
  std::string_view name = {};  // "nofile": a literal of resource_limits.cpp
  int resource = 0;            // RLIMIT_NOFILE
  std::uint64_t soft = 0;      // RLIM_INFINITY = unlimited
  std::uint64_t hard = 0;
  bool operator==(const ResourceLimit&) const = default;
};

// What a process is started with. A running one keeps it: where the config says something else, another one has to
// take its place. What is missing here can change under a running process.
struct Launch {
  enum class KillMode : std::uint8_t { Tree, Process };
  enum class Port : std::uint8_t { Auto, Unix, ListenFds, None };
  enum class Ready : std::uint8_t { HealthCheck, Notify, Listen };
  std::vector<std::string> command = {};  // argv; empty: the pool has no instances
  std::string directory = "";             // "" = where frontdoor was started
  std::vector<std::pair<std::string, std::string>> env = {};
  std::vector<std::pair<std::string, std::string>> file_env = {};  // what env_file said when the config was loaded
  Port port = Port::Auto;  // where each instance listens: what PORT tells it
  Ready ready = Ready::HealthCheck;     // without a health check: when it listens
  std::optional<Account> account = {};  // whom it runs as; none: as frontdoor does
  std::string umask = "";               // octal; "" = as frontdoor was started
  std::vector<ResourceLimit> rlimits = {};
  KillMode kill_mode = KillMode::Tree;
  bool operator==(const Launch&) const = default;
};

// How the instances of a pool are started and kept (supervisor/).
struct Process : Launch {
  std::uint32_t instances = 1;  // 0 = "max": as many as usable CPUs
  std::string env_file = "";    // where file_env was read
  std::string user = "";        // what account was looked up for; "" = frontdoor's own
  std::string group = "";       // "" = the user's
  Millis start_timeout{30'000};
  std::uint32_t max_starting = 0;  // at once; 0 = as many as usable CPUs
  std::string stop_signal = "SIGTERM";
  Millis stop_timeout{10'000};
  Millis hung_grace{10'000};     // taken for hung for so long: replaced; 0 = never
  std::string hung_signal = "";  // sent to it first; "" = none
  std::uint64_t max_memory = 0;   // of an instance with all that it has started; 0 = off
  std::string cron_restart = "";  // five fields; "" = never
  std::vector<std::string> watch = {};
  std::vector<std::string> watch_ignore = {};
  Millis idle_stop{0};  // 0 = never
  Millis min_uptime{1'000};  // of one without a port: then it is up
  Restart restart;
  Logs logs;
  bool operator==(const Process&) const = default;
};

// What is spoken to upstreams. H2: over TLS, and only if they agree to it; H2c: without TLS, by prior knowledge.
enum class UpstreamProtocol : std::uint8_t { Http1, H2, H2c };
constexpr std::string_view word_of(UpstreamProtocol protocol) {  // as the file says it
  switch (protocol) {
    case UpstreamProtocol::H2: return "h2";
    case UpstreamProtocol::H2c: return "h2c";
    case UpstreamProtocol::Http1: break;
  }
  return "http/1.1";
}

struct Pool {
  std::string name = {};
  std::vector<Upstream> upstreams = {};
  Process process = {};  // with a command: instances are upstreams, too; what it runs as holds for exec checks as well
  std::optional<HealthCheck> health_check = {};
  UpstreamTls tls = {};
  Retry retry = {};
  Hold hold = {};
  std::uint32_t max_in_flight = 0;        // of each upstream; 0 = off
  std::optional<Timeouts> timeouts = {};  // overrides, already merged
  std::optional<std::uint64_t> body_bytes = {};
  std::optional<std::uint64_t> min_bytes_per_second = {};
  ProxyVersion send_proxy = ProxyVersion::None;
  UpstreamProtocol protocol = UpstreamProtocol::Http1;
  // Whether it has, or will have, anybody to send requests to.
  bool takes_requests() const { return process.command.empty() || process.port != Launch::Port::None || !upstreams.empty(); }
  // Its health is told by a command.
  bool has_exec_check() const { return health_check && health_check->type == HealthCheck::Type::Exec; }
  // Any of its upstreams is spoken to by https.
  bool has_tls() const {
    for (const Upstream& upstream : upstreams)
      if (upstream.address.tls) return true;
    return false;
  }
  bool operator==(const Pool&) const = default;
};

struct AccessLog {
  enum class Format : std::uint8_t { Json, Combined };
  std::string output = "stdout";  // "stdout", "stderr", "off" or a path
  Format format = Format::Json;
  double sample = 1.0;                    // of the requests that went well (proxy/access_log/sampling.h)
  std::vector<std::string> fields = {};   // of JSON, in this order; empty = all
  Millis slow{1'000};                     // what took so long is not left out; 0 = it may be
  std::uint64_t max_size = 0;             // of the file, before it is rotated; 0 = never full
  Millis max_age{0};                      // the same; 0 = never old
  std::uint32_t keep = 5;                 // full ones
  std::uint64_t max_total = 0;            // of all of them; 0 = without bound
  std::uint64_t min_free = 256 * 1024 * 1024;  // on the disk; 0 = until it is full
  bool rotates() const { return max_size != 0 || max_age != Millis{0} || max_total != 0; }
  bool operator==(const AccessLog&) const = default;
};

struct EventLog {
  LogLevel level = LogLevel::Info;
  LogFormat format = LogFormat::Auto;
  bool operator==(const EventLog&) const = default;
};

// How the program is asked and told things while it runs (admin/): over a unix socket, and looked at over TCP.
struct Admin {
  std::string socket = "";  // "" = a place of its own for each user; "off"; a path
  std::string group = "";   // whose members may use it besides the user and root; "" = nobody
  std::string state_file = "";  // what operators have ordered, over restarts: "" = the usual place; "off"; a path
  std::string address = "";  // TCP; "" = 127.0.0.1:9900, or the next free port; "off"
  std::vector<std::string> hosts = {};  // names by which it may be asked there
  std::string token = "";    // for what changes something there; "" = that is for the socket
  // Where events are posted to, as JSON; "" = nowhere.
  std::string webhook = "";
  std::string webhook_token = "";  // of its Authorization: Bearer; "" = none
  std::string webhook_ca = "";     // whom it is believed to be by; "" = the system's authorities
  enum class WebhookLevel : std::uint8_t { Info, Warn, Error };
  WebhookLevel webhook_level = WebhookLevel::Warn;  // the least important events that are told
  bool operator==(const Admin&) const = default;
};

struct Config {
  std::uint32_t workers = 0;      // 0 = auto
  std::string resolver = "auto";  // DNS servers for the names of upstreams
  bool tracing = false;           // a request without a valid traceparent gets one
  enum class TraceparentFrom : std::uint8_t { Anyone, TrustedProxies };
  TraceparentFrom traceparent_from = TraceparentFrom::Anyone;  // whose is passed on
  std::vector<Listener> listeners = {};
  Timeouts timeouts;
  Limits limits;
  std::vector<Route> routes = {};  // first match wins; without [[route]] one that matches all, if a pool takes any
  std::vector<Pool> pools = {};    // in file order
  AccessLog access_log;
  EventLog log;
  Admin admin;
  bool operator==(const Config&) const = default;
};

}  // namespace frontdoor::config
