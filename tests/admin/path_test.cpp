#include "admin/path.h"

#include <gtest/gtest.h>

#include "admin/route.h"

namespace frontdoor {
namespace {

// "api|v1|pools|app:restart now=1"
std::string described(std::string_view target) {
  const auto path = parse_admin_path(target);
  if (!path) return "refused";
  std::string text;
  for (std::size_t i = 0; i < path->segments.size(); ++i) text += (i == 0 ? "" : "|") + path->segments[i];
  for (const auto& [name, value] : path->parameters) text += ' ' + name + '=' + value;
  return text;
}

TEST(AdminPath, IsTakenApart) {
  const struct {
    std::string_view target;
    const char* parts;
  } cases[] = {
      {"/api/v1/status", "api|v1|status"},
      {"/api/v1/pools/app:restart?now=1&x", "api|v1|pools|app:restart now=1 x="},
      {"/a%2Fb/c%3arestart", "a/b|c:restart"},
      {"/a?n=+1&m=%2B1&n=-1&=x", "a m=+1 n=-1"},
      {"/", ""},
      {"//", "|"},
      {"/a/", "a|"},
      {"/../a/./b", "..|a|.|b"},
      {"", "refused"},
      {"*", "refused"},
      {"a/b", "refused"},
      {"http://x/api", "refused"},
      {"/a%", "refused"},
      {"/a%2", "refused"},
      {"/a%zz", "refused"},
      {"/a%00b", "refused"},
      {"/a%0d%0ab", "refused"},
      {"/a?b=%7f", "refused"},
      {"/a?%1=b", "refused"},
  };
  for (const auto& c : cases) EXPECT_EQ(described(c.target), c.parts) << c.target;
}

std::string matched(const char* method, std::string_view target) {
  AdminRoutes routes;
  routes.add("GET", "/api/v1/status", {});
  routes.add("POST", "/api/v1:shutdown", {});
  routes.add("POST", "/api/v1/pools/{pool}:restart", {});
  routes.add("POST", "/api/v1/pools/{pool}/instances/{instance}:restart", {});
  routes.add("GET", "/api/v1/pools/{pool}", {});
  routes.add("PUT", "/api/v1/pools/{pool}", {});
  const auto path = parse_admin_path(target);
  const auto found = routes.find(method, path->segments);
  if (found.route == nullptr) return found.allowed.empty() ? "none" : "only " + found.allowed;
  std::string text = found.route->pattern;
  for (const auto& [name, value] : found.placeholders) text += ' ' + name + '=' + value;
  return text;
}

TEST(AdminRoutes, AreFoundByMethodAndPath) {
  const struct {
    const char* method;
    const char* target;
    const char* found;
  } cases[] = {
      {"GET", "/api/v1/status", "/api/v1/status"},
      {"GET", "/api/v1/status?x=1", "/api/v1/status"},
      {"POST", "/api/v1/status", "only GET"},
      {"HEAD", "/api/v1/status", "/api/v1/status"},
      {"GET", "/api/v1/status/", "none"},
      {"GET", "//api/v1/status", "none"},
      {"GET", "/api/v1/../v1/status", "none"},
      {"GET", "/api", "none"},
      {"GET", "/", "none"},
      {"POST", "/api/v1:shutdown", "/api/v1:shutdown"},
      {"GET", "/api/v1:shutdown", "only POST"},
      {"POST", "/api/v1/pools/app:restart", "/api/v1/pools/{pool}:restart pool=app"},
      {"POST", "/api/v1/pools/a.b-c_d:restart", "/api/v1/pools/{pool}:restart pool=a.b-c_d"},
      {"POST", "/api/v1/pools/:restart", "none"},
      {"POST", "/api/v1/pools/app:stop:restart", "none"},
      {"POST", "/api/v1/pools/app:frobnicate", "none"},
      {"POST", "/api/v1/pools/app", "only GET, PUT"},
      {"POST", "/api/v1/pools/app/instances/2:restart",
       "/api/v1/pools/{pool}/instances/{instance}:restart instance=2 pool=app"},
      {"POST", "/api/v1/pools/app/instances/2:restart/x", "none"},
      {"POST", "/api/v1/pools//instances/2:restart", "none"},
  };
  for (const auto& c : cases) EXPECT_EQ(matched(c.method, c.target), c.found) << c.method << ' ' << c.target;
}

}  // namespace
}  // namespace frontdoor
