#include "admin/index_api.h"

#include <boost/json/array.hpp>

namespace frontdoor {

namespace {

namespace asio = boost::asio;
namespace json = boost::json;

asio::awaitable<void> tell_index(const json::object& body, AdminReply& reply) { co_await reply.answer(200, body); }

}  // namespace

void add_index_api(AdminServer& server) {
  json::array routes;
  for (const AdminRoute& route : server.routes())
    routes.push_back(json::object{
        {"method", route.method}, {"path", route.pattern}, {"needs_token", route.needs == AdminNeeds::Trust}});
  routes.push_back(json::object{{"method", "GET"}, {"path", "/api/v1"}, {"needs_token", false}});
  const json::object body{{"routes", std::move(routes)}};
  server.route("GET", "/api/v1",
               [body](const AdminRequest&, AdminReply& reply) { return tell_index(body, reply); });
}

}  // namespace frontdoor
