// The rows of [timeouts], which pools and routes may override.

#include <array>

#include "config/schema.h"

namespace frontdoor::config::schema {
namespace {

constexpr std::int64_t year = 365ll * 24 * 3'600'000;

constexpr Key timeout(std::string_view name, std::string_view fallback, Slot (*slot)(Object),
                      std::string_view doc, Scope scope = Scope::Everywhere, std::int64_t min = 1) {
  return {.name = name,
          .type = Type::Duration,
          .fallback = fallback,
          .doc = doc,
          .slot = slot,
          .min = min,
          .max = year,
          .scope = scope};
}

constexpr std::array timeouts_keys = {
    timeout("client_header", "\"10s\"", at<&Timeouts::client_header>,
            "For a request's whole head, from its first byte (slow clients cannot stretch it).",
            Scope::FileOnly),
    timeout("client_body", "\"30s\"", at<&Timeouts::client_body>, "Between two reads of a request's body."),
    timeout("client_write", "\"30s\"", at<&Timeouts::client_write>,
            "For a client that takes nothing of its response."),
    timeout("client_idle", "\"60s\"", at<&Timeouts::client_idle>,
            "For the next request on a kept connection."),
    timeout("client_fin", "\"1s\"", at<&Timeouts::client_fin>,
            "From a client's FIN (it has left, or half-closed) until its response starts, or for the next event of "
            "an event stream. A request that still waits for an upstream is given up at once.",
            Scope::Everywhere, 0),
    timeout("tls_handshake", "\"10s\"", at<&Timeouts::tls_handshake>,
            "From a client's connection on a TLS listener until it can send its request.", Scope::FileOnly),
    timeout("request", "\"0s\"", at<&Timeouts::request>,
            "For a whole request, from its first byte until its response begins, over all its tries and waits; "
            "\"0s\" is no limit. The three below are for one try each.",
            Scope::Everywhere, 0),
    timeout("connect", "\"1s\"", at<&Timeouts::connect>, "For a connection to an upstream."),
    timeout("response_header", "\"30s\"", at<&Timeouts::response_header>, "For a response's head."),
    timeout("response_body", "\"30s\"", at<&Timeouts::response_body>,
            "Between two reads of a response's body."),
    timeout(
        "upstream_idle", "\"60s\"", at<&Timeouts::upstream_idle>,
        "For the next use of a connection to an upstream; less where an upstream is known to close sooner.",
        Scope::NotInRoute, 0),
    timeout("stream_idle", "\"1h\"", at<&Timeouts::stream_idle>,
            "Without a byte either way on WebSockets, tunnels and event streams."),
    timeout("drain", "\"25s\"", at<&Timeouts::drain>,
            "For requests in progress when a listener goes or the program stops.", Scope::FileOnly, 0),
    timeout("drain_delay", "\"0s\"", at<&Timeouts::drain_delay>,
            "Still serving, but not ready, after SIGTERM; counts inside drain, which must be longer.", Scope::FileOnly,
            0),
    timeout("drain_streams", "\"5s\"", at<&Timeouts::drain_streams>,
            "For event streams, gRPC streams and tunnels that are no WebSocket, when the program stops.",
            Scope::Everywhere, 0),
};

}  // namespace

constinit const Table timeouts{.heading = "[timeouts]",
                               .doc = "How long to wait for what.",
                               .keys = timeouts_keys};
constinit const Table pool_timeouts{.heading = "[pool.NAME.timeouts]",
                                    .doc = "Overrides for one pool.",
                                    .keys = timeouts_keys,
                                    .same_keys_as = "[timeouts]"};
constinit const Table route_timeouts{.heading = "[route.timeouts]",
                                     .doc = "Overrides for the [[route]] above it.",
                                     .keys = timeouts_keys,
                                     .same_keys_as = "[timeouts]"};

}  // namespace frontdoor::config::schema
