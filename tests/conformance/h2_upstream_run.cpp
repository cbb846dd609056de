// Runs a row about an upstream of HTTP/2 through a whole worker.

#include <algorithm>

#include "conformance/h2_upstream_case.h"
#include "conformance/wire_reader.h"
#include "support/h2_upstream.h"

namespace frontdoor::conformance {

namespace {

namespace h2 = testing::h2;
using Kind = H2UpstreamStep::Kind;

constexpr std::string_view kLastPing = "lastping";

class Conversation {
 public:
  explicit Conversation(const H2UpstreamCase& row) : row_(row), talk_(row.pool, 1, row.config) {
    talk_.up().greet_with(row.bare ? "" : row.settings);
  }

  std::vector<std::string> run(std::string& seen) {
    for (const auto& step : row_.steps) {
      take(step);
      talk_.settle();
    }
    judge();
    seen = describe();
    return std::move(failures_);
  }

 private:
  void take(const H2UpstreamStep& step) {
    if (step.kind == Kind::TimePasses) return talk_.proxy->time().advance(step.time);
    if (step.kind == Kind::ClientAsks) {
      methods_.push_back(step.bytes.substr(0, step.bytes.find(' ')));
      return void(talk_.ask(step.bytes));
    }
    if (talk_.up().ends() <= step.connection) return failures_.push_back("the upstream has no such connection");
    auto& end = talk_.end(step.connection);
    if (step.kind == Kind::UpstreamSends) end.send(step.bytes);
    else if (step.kind == Kind::UpstreamEnds) end.peer().finish();
    else end.peer().reset();
  }

  void fail_unless(bool holds, const std::string& what) {
    if (!holds) failures_.push_back(what);
  }

  void judge() {
    for (std::size_t i = 0; i < row_.answers.size(); ++i) judge(i, row_.answers[i]);
    if (talk_.up().ends() == 0) return failures_.push_back("the upstream was not connected to");
    for (const auto& wanted : row_.seen) judge(wanted);
    fail_unless(talk_.up().requests() == row_.requests, "upstream: " + std::to_string(talk_.up().requests()) + " requests");
    judge_connection();
    const std::string& got = talk_.clients.front()->received();
    for (const auto& text : row_.client_has) fail_unless(lower(got).find(lower(text)) != std::string::npos, "client: has not " + text);
    for (const auto& text : row_.client_lacks) fail_unless(lower(got).find(lower(text)) == std::string::npos, "client: has " + text);
    if (row_.log_has.empty()) return;
    const std::string log = talk_.proxy->log();
    for (const auto& text : row_.log_has) fail_unless(log.find(text) != std::string::npos, "log: has not " + text + " in " + log);
  }

  void judge(std::size_t i, const AnswerSeen& wanted) {
    testing::Peer& client = *talk_.clients[i];
    const std::string who = "client " + std::to_string(i + 1) + ": ";
    const auto responses = read_responses(client.received(), {methods_[i]}, client.ended());
    std::string seen, expected;
    for (const auto& each : responses.all) {
      seen += std::to_string(each.status()) + " ";
      if (each.status() == 101) break;  // what follows is no HTTP
    }
    for (const int status : wanted.statuses) expected += std::to_string(status) + " ";
    fail_unless(seen == expected, who + "statuses are " + seen + "instead of " + expected);
    const bool whole = !responses.all.empty() && responses.complete == responses.all.size() && responses.all.back().status() >= 200;
    switch (wanted.ending) {
      case AnswerSeen::Ending::Whole: return fail_unless(whole, who + "is not complete");
      case AnswerSeen::Ending::Cut: return fail_unless(client.ended() && !whole, who + "was not cut");
      case AnswerSeen::Ending::Waiting: return fail_unless(!client.ended() && !whole, who + "does not wait");
    }
  }

  void judge(const RequestSeen& wanted) {
    const auto asked = talk_.end().asked(wanted.id);
    const std::string who = "request " + std::to_string(wanted.id) + ": ";
    std::string text;
    for (const auto& [name, value] : asked.fields) text += name + ": " + value + "\r\n";
    text += "\r\n" + asked.body;
    const bool has = text.find(wanted.text) != std::string::npos;
    switch (wanted.kind) {
      case RequestSeen::Kind::Whole: return fail_unless(asked.ended && !asked.was_reset, who + "is not whole");
      case RequestSeen::Kind::Open: return fail_unless(!asked.fields.empty() && !asked.ended && !asked.was_reset, who + "is not open");
      case RequestSeen::Kind::Reset:
        fail_unless(asked.was_reset, who + "was not reset");
        return fail_unless(asked.code == wanted.code, who + "was reset with " + std::to_string(asked.code));
      case RequestSeen::Kind::Has: return fail_unless(has, who + "has not " + wanted.text + " in " + text);
      case RequestSeen::Kind::Lacks: return fail_unless(!has, who + "has " + wanted.text);
    }
  }

  void judge_connection() {
    auto& end = talk_.end();
    const h2::Reader& reader = end.reader();
    const bool ended = end.peer().ended();
    switch (row_.connection) {
      case H2UpstreamCase::Connection::Ends: return fail_unless(ended && !(reader.goes_away() && reader.goaway_code() != 0), "connection: has not just ended");
      case H2UpstreamCase::Connection::GoesAway:
        fail_unless(ended, "connection: is still open");
        fail_unless(reader.goes_away(), "connection: no GOAWAY");
        return fail_unless(reader.goaway_code() == row_.code, "connection: GOAWAY says " + std::to_string(reader.goaway_code()));
      case H2UpstreamCase::Connection::Unsaid:
      case H2UpstreamCase::Connection::Keeps: break;
    }
    fail_unless(!ended && !reader.goes_away(), "connection: ends");
    if (ended) return;
    end.send(h2::ping(kLastPing));
    talk_.settle();
    const auto pings = reader.of(h2::kPing);
    const bool answered = std::any_of(pings.begin(), pings.end(), [](const auto& ping) { return ping.payload == kLastPing; });
    fail_unless(answered, "connection: does not answer any more");
  }

  std::string describe() {
    std::string text;
    for (const auto& client : talk_.clients) text += "[client]\n" + client->received() + "\n";
    for (std::size_t i = 0; i < talk_.up().ends(); ++i) {
      text += "[upstream connection]\n";
      for (const auto& frame : talk_.end(i).reader().frames) {
        text += "[" + std::to_string(frame.type) + " " + std::to_string(frame.flags) + " " + std::to_string(frame.stream) + "]";
        if (frame.type == h2::kRstStream || frame.type == h2::kGoAway) text += "=" + std::to_string(frame.code());
      }
      text += "\n";
    }
    return text + talk_.proxy->log();
  }

  const H2UpstreamCase& row_;
  testing::H2UpstreamTalk talk_;
  std::vector<std::string> methods_;
  std::vector<std::string> failures_;
};

}  // namespace

std::vector<std::string> run_h2_upstream_case(const H2UpstreamCase& row, std::string& seen) { return Conversation(row).run(seen); }

}  // namespace frontdoor::conformance
