#include "admin/observation_api.h"

#include <boost/asio/use_awaitable.hpp>
#include <memory>

#include "admin/exposition.h"
#include "admin/paced_text.h"
#include "admin/views.h"

// g++ 12 inlines one half of what Asio's coroutine frames are allocated with, and takes it for a stranger (GCC bug 109224).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace frontdoor {

namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::string_view kPlain = "text/plain; charset=utf-8";
constexpr std::string_view kExposition = "text/plain; version=0.0.4; charset=utf-8";

AdminBody text_body(unsigned status, std::string_view content_type, std::string text) {
  return {.status = status, .content_type = std::string(content_type), .text = std::move(text)};
}

class Observation {
 public:
  explicit Observation(AdminTarget& target) : target_(target) {}

  asio::awaitable<void> metrics(AdminReply& reply) {
    const TimePoint began = Clock::now();
    if (metrics_.due(began)) {
      std::string text = prometheus_text(target_.totals(), target_.scrape_extras());
      metrics_.made(std::move(text), began, Clock::now());
    }
    AdminBody body = text_body(200, kExposition, metrics_.text());
    co_await reply.answer_with(std::move(body));
  }

  // That the process lives: the thread which answers, and the workers.
  asio::awaitable<void> healthz(AdminReply& reply) const {
    const std::string why = target_.unhealthy();
    AdminBody body = text_body(why.empty() ? 200 : 503, kPlain, why.empty() ? "ok\n" : "not healthy: " + why + "\n");
    co_await reply.answer_with(std::move(body));
  }

  asio::awaitable<void> readyz(AdminReply& reply) const {
    const Readiness ready = readiness(target_.totals());
    AdminBody body = text_body(ready.ready ? 200 : 503, kPlain, ready.ready ? "ready\n" : "not ready: " + ready.reason + "\n");
    co_await reply.answer_with(std::move(body));
  }

  asio::awaitable<void> config(AdminReply& reply) const {
    const json::object body = target_.config();
    co_await reply.answer(200, body);
  }

  asio::awaitable<void> list(json::object (*view)(const Totals&), AdminReply& reply) const {
    const json::object body = view(target_.totals());
    co_await reply.answer(200, body);
  }

 private:
  AdminTarget& target_;
  PacedText metrics_;
};

}  // namespace

void add_observation(AdminServer& server, AdminTarget& target) {
  const auto observation = std::make_shared<Observation>(target);
  server.route("GET", "/metrics", [observation](const AdminRequest&, AdminReply& reply) { return observation->metrics(reply); });
  server.route("GET", "/healthz", [observation](const AdminRequest&, AdminReply& reply) { return observation->healthz(reply); });
  server.route("GET", "/readyz", [observation](const AdminRequest&, AdminReply& reply) { return observation->readyz(reply); });
  server.route("GET", "/api/v1/config", [observation](const AdminRequest&, AdminReply& reply) { return observation->config(reply); });
  const auto list = [&](const char* name, json::object (*view)(const Totals&)) {
    server.route("GET", std::string("/api/v1/") + name,
                 [observation, view](const AdminRequest&, AdminReply& reply) { return observation->list(view, reply); });
  };
  list("listeners", listeners_json);
  list("routes", routes_json);
  list("pools", pools_json);
  list("upstreams", upstreams_json);
  list("certificates", certificates_json);
}

}  // namespace frontdoor
