// How a handler answers: at once, or piece by piece for as long as there is something to tell. A client that has gone
// or does not read makes the waits short and the writes fail; what was begun for it goes on. Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace frontdoor {

struct AdminProblem {
  unsigned status = 400;  // of HTTP
  std::string code;       // one word for programs: "no_such_pool"
  std::string message;    // one sentence for people

  AdminProblem() = default;
  AdminProblem(unsigned s, std::string c, std::string m)
      : status(s), code(std::move(c)), message(std::move(m)) {}
};

// A whole answer of any kind. (To stand beside a co_await it needs a name: CONTRIBUTING.md.)
struct AdminBody {
  unsigned status = 200;
  std::string content_type = "application/json";
  std::string text = {};
  std::string fields = {};  // more of the head: whole lines, each with its CRLF
  bool may_be_kept = false;  // by caches, as its fields say; otherwise the head says that none may
};

AdminBody json_body(unsigned status, const boost::json::object& body);
// RFC 9457, with the word for programs as `error`; `more` are members beside these (§3.2).
AdminBody problem_body(const AdminProblem& problem, boost::json::object more = {});

class AdminReply {
 public:
  virtual ~AdminReply() = default;

  // The whole answer.
  virtual boost::asio::awaitable<void> answer_with(AdminBody body) = 0;
  boost::asio::awaitable<void> answer(unsigned status, const boost::json::object& body) {
    AdminBody whole = json_body(status, body);
    co_await answer_with(std::move(whole));
  }
  boost::asio::awaitable<void> refuse(const AdminProblem& problem) {
    AdminBody whole = problem_body(problem);
    co_await answer_with(std::move(whole));
  }

  // Begins an answer in pieces. False: refused, since as many as may are open already, or the client has gone.
  virtual boost::asio::awaitable<bool> begin(std::string_view content_type) = 0;
  // False: the client has gone, or has read nothing for too long.
  virtual boost::asio::awaitable<bool> write(const std::string& bytes) = 0;
  // Called once when the client of an answer in pieces goes; null = nobody.
  virtual void when_gone(std::function<void()> call) = 0;
  virtual bool gone() const = 0;
};

}  // namespace frontdoor
