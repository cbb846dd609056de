#include "conformance/run_case.h"

#include <algorithm>
#include <functional>

#include "conformance/wire_reader.h"
#include "support/test_proxy.h"

namespace frontdoor::conformance {

namespace {

using testing::Peer;
using testing::ScriptedUpstream;
using testing::TestProxy;

constexpr std::string_view kReply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr std::string_view kHeadReply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";

class Conversation {
 public:
  Conversation(const Case& row, int patience)
      : row_(row), patience_(patience), proxy_({&upstream_}, row.config), client_(proxy_.client()) {}

  CaseResult run() {
    for (at_ = 0; at_ < row_.steps.size() && !contradicted(); ++at_) take(row_.steps[at_]);
    wait([&] { return contradicted() || client_is_served(); });
    proxy_.settle({client_.get()});  // what must not come gets the chance to
    judge();
    for (std::size_t i = 0; i < upstream_.connections(); ++i)
      result_.seen_by_upstream +=
          "[connection " + std::to_string(i) + "]\n" + upstream_.connection(i).received();
    result_.seen_by_client = client_->received();
    return std::move(result_);
  }

 private:
  // ---- The script

  void take(const Step& step) {
    if (at_ > 0) proxy_.settle({client_.get()});  // one write must not run into the other
    switch (step.kind) {
      case Step::Kind::ClientSends: {
        const bool answers = at_ > 0 && waits_for_request(row_.steps[at_ - 1].kind);
        if (reply_by_itself())
          proxy_.settle({client_.get()});  // unless it is pipelined, it comes after the answer
        if (answers) wait([&] { return contradicted() || client_->received().size() > client_had_; });
        client_had_ = client_->received().size();
        sent_ += step.bytes;
        return client_->send(step.bytes);
      }
      case Step::Kind::ClientEnds:
        return client_->finish();
      case Step::Kind::UpstreamReplies:
      case Step::Kind::UpstreamInterim:
      case Step::Kind::UpstreamEarly:
        return answer(step);
      case Step::Kind::UpstreamPushes:
        return with_upstream([&](Peer& peer) { peer.send(step.bytes); });
      case Step::Kind::UpstreamEnds:
        return with_upstream([](Peer& peer) { peer.finish(); });
      case Step::Kind::UpstreamResets:
        return with_upstream([](Peer& peer) { peer.reset(); });
      case Step::Kind::TimePasses:
        return proxy_.time().advance(step.time);
    }
  }

  static bool waits_for_request(Step::Kind kind) {
    return kind == Step::Kind::UpstreamReplies || kind == Step::Kind::UpstreamInterim ||
           kind == Step::Kind::UpstreamEarly;
  }

  void answer(const Step& step) {
    const bool whole = step.kind == Step::Kind::UpstreamReplies;
    wait([&] { return contradicted() || unanswered(whole) != kNone; });
    const auto connection = unanswered(whole);
    if (connection == kNone) return;
    if (step.kind != Step::Kind::UpstreamInterim) ++answered_[connection];
    upstream_.connection(connection).send(step.bytes);
  }

  void with_upstream(const std::function<void(Peer&)>& act) {
    if (upstream_.connections() > 0)
      act(upstream_.last());
    else
      result_.failures.push_back("the upstream has no connection to act on");
  }

  // The first connection with a request that has no answer; only its head must be there unless `whole`.
  std::size_t unanswered(bool whole) {
    answered_.resize(upstream_.connections());
    for (std::size_t i = 0; i < answered_.size(); ++i) {
      const auto requests = read_requests(upstream_.connection(i).received());
      if (requests.complete > answered_[i]) return i;
      if (!whole && requests.all.size() > answered_[i] && upstream_.connection(i).saw("\r\n\r\n")) return i;
    }
    return kNone;
  }

  bool reply_by_itself() {
    if (row_.upstream_silent) return false;
    for (auto i = at_; i < row_.steps.size(); ++i)
      if (waits_for_request(row_.steps[i].kind)) return false;
    bool replied = false;
    for (auto i = unanswered(true); i != kNone; i = unanswered(true)) {
      const auto requests = read_requests(upstream_.connection(i).received());
      const bool head = requests.all[answered_[i]].method() == "HEAD";
      upstream_.connection(i).send(head ? kHeadReply : kReply);
      ++answered_[i];
      replied = true;
    }
    return replied;
  }

  void wait(const std::function<bool()>& done) {
    for (int turn = 0; turn < patience_ && !done(); ++turn) {
      client_->poll();
      upstream_.poll();
      reply_by_itself();
      if (!done()) proxy_.worker().run_once(Millis{1});
    }
    if (!done()) result_.gave_up = true;
  }

  // ---- What has been seen

  WireMessages responses() const {
    std::vector<std::string> methods;
    for (const auto& request : read_requests(sent_).all) methods.push_back(request.method());
    return read_responses(client_->received(), methods, client_->ended());
  }

  bool client_is_served() const {
    if (row_.client.ending != Ending::Keep) return client_->ended();
    return responses().complete >= row_.client.statuses.size();
  }

  // Nothing that comes later could still make the case pass, so there is nothing to wait for.
  bool contradicted() {
    if (row_.upstream.extent == UpstreamSees::Extent::Nothing && upstream_bytes() > 0) return true;
    const auto seen = responses();
    const auto& wanted = row_.client.statuses;
    if (seen.complete > wanted.size()) return true;
    for (std::size_t i = 0; i < seen.complete; ++i)
      if (seen.all[i].status() != wanted[i]) return true;
    return client_->ended() && row_.client.ending == Ending::Keep;
  }

  std::size_t upstream_bytes() {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < upstream_.connections(); ++i)
      bytes += upstream_.connection(i).received().size();
    return bytes;
  }

  void judge() {
    judge_client();
    judge_upstream();
    for (const auto& check : row_.checks) judge(check);
  }

  void fail_unless(bool holds, const std::string& what) {
    if (!holds) result_.failures.push_back(what);
  }

  void judge_client() {
    const auto seen = responses();
    std::string wanted_text, seen_text;
    for (const int status : row_.client.statuses) wanted_text += std::to_string(status) + " ";
    for (const auto& response : seen.all) seen_text += std::to_string(response.status()) + " ";
    fail_unless(seen_text == wanted_text, "client: statuses are " + seen_text + "instead of " + wanted_text);
    const bool cut = !seen.all.empty() && !seen.all.back().complete;
    fail_unless(cut == (row_.client.ending == Ending::Cut),
                cut ? "client: the last response is not complete" : "client: the last response is complete");
    const bool open = row_.client.ending == Ending::Keep;
    fail_unless(client_->ended() != open,
                open ? "client: the connection was closed" : "client: it stays open");
    // RFC 9112 §9.6: a server that will close says so in its last response.
    if (row_.client.ending == Ending::Close && !seen.all.empty())
      fail_unless(lower(seen.all.back().head).find("\r\nconnection: close\r\n") != std::string::npos,
                  "client: closed without Connection: close");
  }

  void judge_upstream() {
    const UpstreamSees& wanted = row_.upstream;
    if (wanted.extent == UpstreamSees::Extent::Nothing)
      return fail_unless(upstream_bytes() == 0, "upstream: has seen bytes of it");
    std::size_t complete = 0, incomplete = 0;
    for (std::size_t i = 0; i < upstream_.connections(); ++i) {
      const auto requests = read_requests(upstream_.connection(i).received());
      complete += requests.complete;
      incomplete += requests.all.size() - requests.complete;
    }
    if (wanted.extent == UpstreamSees::Extent::Cut) {
      fail_unless(complete == 0, "upstream: has seen a complete request");
      return fail_unless(upstream_.connections() == 0 || upstream_.last().ended(),
                         "upstream: connection is still open");
    }
    fail_unless(complete == wanted.requests, "upstream: " + std::to_string(complete) +
                                                 " complete requests instead of " +
                                                 std::to_string(wanted.requests));
    fail_unless(incomplete == 0, "upstream: bytes behind the last complete request");
    fail_unless(upstream_.connections() == wanted.connections,
                "upstream: on " + std::to_string(upstream_.connections()) + " connections");
    if (wanted.fate == UpstreamSees::Fate::Any || upstream_.connections() == 0) return;
    const bool closed = upstream_.last().ended();
    fail_unless(closed == (wanted.fate == UpstreamSees::Fate::Closed),
                closed ? "upstream: the connection was closed" : "upstream: the connection was kept");
  }

  void judge(const TextCheck& check) {
    std::string text, body;
    const bool client = check.side == TextCheck::Side::Client;
    if (client) {
      text = client_->received();
      if (const auto seen = responses(); !seen.all.empty()) body = seen.all.back().body;
    } else {
      for (std::size_t i = 0; i < upstream_.connections(); ++i) {
        text += upstream_.connection(i).received();
        if (const auto seen = read_requests(upstream_.connection(i).received()); !seen.all.empty())
          body = seen.all.back().body;
      }
    }
    const std::string who = client ? "client: " : "upstream: ";
    const bool found = lower(text).find(lower(check.text)) != std::string::npos;
    switch (check.kind) {
      case TextCheck::Kind::Has:
        return fail_unless(found, who + "has not seen " + check.text);
      case TextCheck::Kind::Lacks:
        return fail_unless(!found, who + "has seen " + check.text);
      case TextCheck::Kind::BodyIs:
        return fail_unless(body == check.text, who + "body is \"" + body + "\"");
    }
  }

  static constexpr auto kNone = static_cast<std::size_t>(-1);

  const Case& row_;
  const int patience_;
  ScriptedUpstream upstream_;
  TestProxy proxy_;
  std::unique_ptr<Peer> client_;
  CaseResult result_;
  std::vector<std::size_t> answered_;  // requests, for each upstream connection
  std::string sent_;
  std::size_t at_ = 0;  // the step under way
  std::size_t client_had_ = 0;
};

}  // namespace

CaseResult run_case(const Case& row, int patience) { return Conversation(row, patience).run(); }

}  // namespace frontdoor::conformance
