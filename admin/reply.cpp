#include "admin/reply.h"

#include <boost/beast/http/status.hpp>
#include <boost/json/serialize.hpp>

namespace frontdoor {

AdminBody json_body(unsigned status, const boost::json::object& body) {
  return {.status = status, .text = boost::json::serialize(body) + '\n'};
}

AdminBody problem_body(const AdminProblem& problem) {
  namespace http = boost::beast::http;
  const auto title = http::obsolete_reason(http::int_to_status(problem.status));
  const boost::json::object body{{"type", "about:blank"},
                                 {"title", std::string_view(title.data(), title.size())},
                                 {"status", problem.status},
                                 {"detail", problem.message},
                                 {"error", problem.code},
                                 {"message", problem.message}};
  AdminBody whole = json_body(problem.status, body);
  whole.content_type = "application/problem+json";
  if (problem.status == 401) whole.fields = "WWW-Authenticate: Bearer\r\n";
  return whole;
}

}  // namespace frontdoor
