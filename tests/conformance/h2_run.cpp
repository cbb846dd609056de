// Runs a row of HTTP/2 through a whole worker.

#include <algorithm>
#include <functional>

#include "conformance/h2_case.h"
#include "conformance/upstream_end.h"
#include "support/h2_client.h"

namespace frontdoor::conformance {

namespace {

using testing::H2Client;
using testing::TestProxy;
namespace h2 = testing::h2;

constexpr std::string_view kLastPing = "lastping";

class Conversation {
 public:
  explicit Conversation(const H2Case& row) : row_(row), proxy_({&upstream_.upstream()}, row.config), client_(proxy_, "") {}

  std::vector<std::string> run(std::string& seen) {
    for (at_ = 0; at_ < row_.steps.size(); ++at_) {
      if (at_ > 0) settle();
      take(row_.steps[at_]);
    }
    wait([&] { return over(); });
    settle();  // what must not come gets the chance to
    judge();
    seen = describe();
    return std::move(failures_);
  }

 private:
  void settle() {
    do client_.settle();
    while (reply_by_itself());
  }

  void wait(const std::function<bool()>& done) {
    client_.until([&] {
      reply_by_itself();
      return done();
    });
  }

  void take(const H2Step& step) {
    switch (step.kind) {
      case H2Step::Kind::ClientSends: return client_.send(step.bytes);
      case H2Step::Kind::ClientEnds: return client_.peer().finish();
      case H2Step::Kind::UpstreamReplies: return answer(step.bytes, true);
      case H2Step::Kind::UpstreamEarly: return answer(step.bytes, false);
      case H2Step::Kind::UpstreamResets:
        if (upstream_.upstream().connections() == 0) return failures_.push_back("the upstream has no connection to reset");
        return upstream_.upstream().last().reset();
      case H2Step::Kind::TimePasses: return proxy_.time().advance(step.time);
    }
  }

  void answer(const std::string& bytes, bool whole) {
    wait([&] { return upstream_.is_asked(whole); });
    if (!upstream_.answer(bytes, whole)) failures_.push_back("the upstream has no request to answer");
  }

  bool reply_by_itself() {
    if (row_.upstream_silent) return false;
    for (auto i = at_; i < row_.steps.size(); ++i)
      if (row_.steps[i].kind == H2Step::Kind::UpstreamReplies || row_.steps[i].kind == H2Step::Kind::UpstreamEarly) return false;
    return upstream_.answer_all();
  }

  // ---- What has been seen

  bool over() {
    if (row_.connection != H2Case::Connection::Keeps && !client_.peer().ended()) return false;
    return std::all_of(row_.streams.begin(), row_.streams.end(), [&](const StreamSees& wanted) {
      const auto answer = client_.answer(wanted.id);
      switch (wanted.ending) {
        case StreamSees::Ending::Whole: return answer.ended;
        case StreamSees::Ending::Reset: return answer.was_reset;
        case StreamSees::Ending::Open: return wanted.statuses.empty() || !answer.status.empty();
        case StreamSees::Ending::Nothing: return true;
      }
      return true;
    });
  }

  void fail_unless(bool holds, const std::string& what) {
    if (!holds) failures_.push_back(what);
  }

  void judge() {
    for (const auto& wanted : row_.streams) judge(wanted);
    judge_connection();
    upstream_.judge(row_.upstream, failures_);
    for (const auto& check : row_.checks) judge(check);
    for (const auto& check : row_.stream_checks) judge(check);
    if (!row_.log_has.empty()) {
      const std::string log = proxy_.log();
      fail_unless(log.find(row_.log_has) != std::string::npos, "log: has not " + row_.log_has + " in " + log);
    }
  }

  void judge(const StreamSees& wanted) {
    const auto answer = client_.answer(wanted.id);
    const std::string who = "stream " + std::to_string(wanted.id) + ": ";
    auto statuses = answer.informational;
    if (!answer.status.empty()) statuses.push_back(answer.status);
    std::string seen, expected;
    for (const auto& status : statuses) seen += status + " ";
    for (const auto& status : wanted.statuses) expected += status + " ";
    fail_unless(seen == expected, who + "statuses are " + seen + "instead of " + expected);
    const std::string code = std::to_string(answer.code);
    switch (wanted.ending) {
      case StreamSees::Ending::Whole:
        fail_unless(answer.ended, who + "is not complete");
        return fail_unless(!answer.was_reset || answer.code == 0, who + "was reset, " + code);
      case StreamSees::Ending::Reset:
        fail_unless(answer.was_reset, who + "was not reset");
        return fail_unless(answer.code == wanted.code, who + "was reset with " + code + ", not " + std::to_string(wanted.code));
      case StreamSees::Ending::Open: return fail_unless(!answer.ended && !answer.was_reset, who + "has ended");
      case StreamSees::Ending::Nothing:
        return fail_unless(!answer.ended && !answer.was_reset && statuses.empty(), who + "has got something");
    }
  }

  void judge_connection() {
    const h2::Reader& reader = client_.reader();
    const bool ended = client_.peer().ended();
    switch (row_.connection) {
      case H2Case::Connection::Ends: return fail_unless(ended && !reader.goes_away(), "connection: has not just ended");
      case H2Case::Connection::GoesAway:
        fail_unless(ended, "connection: is still open");
        fail_unless(reader.goes_away(), "connection: no GOAWAY");
        return fail_unless(reader.goaway_code() == row_.code, "connection: GOAWAY says " + std::to_string(reader.goaway_code()));
      case H2Case::Connection::Keeps: break;
    }
    fail_unless(!ended && !reader.goes_away(), "connection: ends");
    if (ended) return;
    client_.send(h2::ping(kLastPing));
    wait([&] { return pinged(); });
    fail_unless(pinged(), "connection: does not answer any more");
  }

  bool pinged() const {
    const auto pings = client_.reader().of(h2::kPing);
    return std::any_of(pings.begin(), pings.end(), [](const auto& ping) { return ping.payload == kLastPing; });
  }

  void judge(const TextCheck& check) {
    if (check.side == TextCheck::Side::Upstream) return upstream_.judge(check, failures_);
    judge_text(check, "client: ", client_frames(), "", failures_);
  }

  std::string text_of(std::uint32_t id) const {
    const auto answer = client_.answer(id);
    std::string text;
    for (const auto& [name, value] : answer.fields) text += name + ": " + value + "\r\n";
    text += "\r\n" + answer.body;
    for (const auto& [name, value] : answer.trailers) text += "\r\n" + name + ": " + value;
    return text;
  }

  std::string client_frames() const {
    std::string text;
    for (const auto& frame : client_.reader().frames)
      text += "[" + std::to_string(frame.type) + " " + std::to_string(frame.flags) + " " + std::to_string(frame.stream) + "]";
    return text;
  }

  void judge(const StreamCheck& check) {
    const std::string who = "stream " + std::to_string(check.id) + ": ";
    const std::string body = client_.answer(check.id).body;
    const bool found = text_of(check.id).find(check.text) != std::string::npos;
    switch (check.kind) {
      case StreamCheck::Kind::Has: return fail_unless(found, who + "has not got " + check.text + " in " + text_of(check.id));
      case StreamCheck::Kind::Lacks: return fail_unless(!found, who + "has got " + check.text);
      case StreamCheck::Kind::BodyIs: return fail_unless(body == check.text, who + "body is \"" + body + "\"");
    }
  }

  std::string describe() {
    std::string text = "client: " + client_frames() + "\n";
    for (const auto& stream : row_.streams) text += "stream " + std::to_string(stream.id) + ":\n" + text_of(stream.id) + "\n";
    return text + "[upstream]\n" + upstream_.describe();
  }

  const H2Case& row_;
  UpstreamEnd upstream_;
  TestProxy proxy_;
  H2Client client_;
  std::vector<std::string> failures_;
  std::size_t at_ = 0;                 // the step under way
};

}  // namespace

std::vector<std::string> run_h2_case(const H2Case& row, std::string& seen) { return Conversation(row).run(seen); }

}  // namespace frontdoor::conformance
