// Which handler answers a request. A pattern is a path whose segments are words, placeholders, or a placeholder with a
// verb behind it: "/api/v1/pools/{pool}:restart". Pure, but for what the handlers do.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "admin/gate.h"
#include "admin/path.h"
#include "admin/reply.h"

namespace frontdoor {

struct AdminRequest {
  AdminParameters parameters = {};    // of the query, and the members of a JSON body
  AdminParameters placeholders = {};  // what the route's stand for
  std::string by = {};                // who asks: "root", "uid 1001"
  std::string accept_encoding = {};   // what its fields say; "" = nothing
  std::string if_none_match = {};
  bool trusted = true;                // may be told what apps have written: over the socket, or with the token

  std::string parameter(std::string_view name) const;  // "" when it was not given
  bool wants(std::string_view name) const;             // it was given, and not as "0"
};

// Runs on the control thread until the answer is complete; both arguments live as long.
using AdminHandler = std::function<boost::asio::awaitable<void>(const AdminRequest&, AdminReply&)>;

struct AdminRoute {
  std::string method;
  std::string pattern;
  AdminHandler handler;
  AdminNeeds needs = AdminNeeds::Nothing;
};

inline constexpr const char* kUpgradePath = "/api/v1/upgrade";

class AdminRoutes {
 public:
  // Why nothing is changed now but by another upgrade, which has its own answer; "" = everything is.
  void refuse_changes(std::string why) { changes_refused_ = std::move(why); }
  std::optional<AdminProblem> why_not_now(const AdminRoute& route) const {
    if (changes_refused_.empty() || route.method == "GET" || route.pattern == kUpgradePath) return std::nullopt;
    return AdminProblem(409, "upgrading", changes_refused_);
  }

  void add(std::string method, std::string pattern, AdminHandler handler, AdminNeeds needs = AdminNeeds::Nothing) {
    routes_.push_back({std::move(method), std::move(pattern), std::move(handler), needs});
  }

  struct Match {
    const AdminRoute* route = nullptr;
    AdminParameters placeholders = {};
    std::string allowed = {};  // without a route: the methods that the path has; "" = there is no such path
  };
  // HEAD is GET, without the body.
  Match find(std::string_view method, const std::vector<std::string>& segments) const;

  const std::vector<AdminRoute>& all() const { return routes_; }

 private:
  std::vector<AdminRoute> routes_;
  std::string changes_refused_;
};

}  // namespace frontdoor
