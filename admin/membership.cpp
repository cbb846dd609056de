#include "admin/membership.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <utility>

#include "admin/steering.h"
#include "admin/utf8.h"

// g++ 12 inlines one half of what Asio's coroutine frames are allocated with, and takes it for a stranger (GCC bug 109224).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace frontdoor {

namespace {

namespace asio = boost::asio;
namespace json = boost::json;

std::optional<std::string> given(const AdminRequest& request, std::string_view name) {
  const auto found = request.parameters.find(name);
  return found == request.parameters.end() ? std::nullopt : std::optional(found->second);
}

AdminMemberWish wish_of(const AdminRequest& request) {
  AdminMemberWish wish;
  wish.pool = request.placeholders.at("pool");
  wish.upstream = request.placeholders.at("upstream");
  wish.weight = given(request, "weight");
  wish.priority = given(request, "priority");
  wish.host = given(request, "host");
  wish.force = request.wants("force");
  wish.by = request.by;
  wish.reason = request.parameter("reason");
  return wish;
}

json::object member_json(const AdminMemberOutcome& outcome) {
  json::array upstreams;
  for (const std::string& name : outcome.upstreams) upstreams.emplace_back(to_utf8(name));
  const auto null_or = [](const std::string& text) {
    return text.empty() ? json::value(nullptr) : json::value(to_utf8(text));
  };
  return {{"ok", true},
          {"pool", to_utf8(outcome.pool)},
          {"upstream", to_utf8(outcome.upstream)},
          {"upstreams", std::move(upstreams)},
          {"in_config", outcome.in_config},
          {"weight", outcome.weight},
          {"priority", outcome.priority},
          {"host", null_or(outcome.host)},
          {"in_flight", outcome.in_flight},
          {"warning", null_or(outcome.warning)},
          {"kept", outcome.not_kept.empty()},
          {"not_kept", null_or(outcome.not_kept)}};
}

enum class MemberVerb : std::uint8_t { Add, Remove };

asio::awaitable<void> change_member(AdminMembership& membership, MemberVerb verb, const AdminRequest& request,
                                    AdminReply& reply) {
  AdminMemberWish wish = wish_of(request);
  if (wish.reason.size() > kLongestReason) {
    const AdminProblem problem(400, "bad_reason", "a reason has at most 200 bytes");
    co_return co_await reply.refuse(problem);
  }
  boost::system::result<AdminMemberOutcome, AdminProblem> outcome(AdminProblem{});
  if (verb == MemberVerb::Add)
    outcome = co_await membership.add(std::move(wish));
  else
    outcome = co_await membership.remove(std::move(wish));
  if (!outcome) co_return co_await reply.refuse(outcome.error());
  const unsigned status = outcome->created ? 201 : 200;
  const json::object body = member_json(*outcome);
  co_await reply.answer(status, body);
}

}  // namespace

void add_membership_api(AdminServer& server, AdminMembership& membership) {
  const auto add = [&](const char* method, MemberVerb verb) {
    server.route(method, "/api/v1/pools/{pool}/upstreams/{upstream}",
                 [&membership, verb](const AdminRequest& request, AdminReply& reply) {
                   return change_member(membership, verb, request, reply);
                 });
  };
  add("PUT", MemberVerb::Add);
  add("DELETE", MemberVerb::Remove);
}

}  // namespace frontdoor
