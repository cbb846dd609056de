#include "admin/reply.h"

#include <boost/beast/http/status.hpp>
#include <boost/json/serialize.hpp>

#include "admin/utf8.h"

namespace frontdoor {

AdminBody json_body(unsigned status, const boost::json::object& body) {
  return {.status = status, .text = boost::json::serialize(body) + '\n'};
}

AdminBody problem_body(const AdminProblem& problem, boost::json::object more) {
  namespace http = boost::beast::http;
  const auto title = http::obsolete_reason(http::int_to_status(problem.status));
  const std::string message = to_utf8(problem.message);
  more["type"] = "about:blank";
  more["title"] = std::string_view(title.data(), title.size());
  more["status"] = problem.status;
  more["detail"] = message;
  more["error"] = problem.code;
  more["message"] = message;
  AdminBody whole = json_body(problem.status, more);
  whole.content_type = "application/problem+json";
  if (problem.status == 401) whole.fields = "WWW-Authenticate: Bearer\r\n";
  return whole;
}

}  // namespace frontdoor
