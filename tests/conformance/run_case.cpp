#include "conformance/run_case.h"

#include <algorithm>
#include <functional>

#include "conformance/upstream_end.h"
#include "conformance/wire_reader.h"
#include "support/test_proxy.h"

namespace frontdoor::conformance {

namespace {

using testing::Peer;
using testing::TestProxy;

class Conversation {
 public:
  Conversation(const Case& row, int patience)
      : row_(row), patience_(patience), proxy_({&upstream_.upstream()}, row.config), client_(proxy_.client()) {}

  CaseResult run() {
    for (at_ = 0; at_ < row_.steps.size() && !contradicted(); ++at_) take(row_.steps[at_]);
    wait([&] { return contradicted() || client_is_served(); });
    proxy_.settle({client_.get()});  // what must not come gets the chance to
    judge();
    result_.seen_by_upstream = upstream_.describe();
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
    wait([&] { return contradicted() || upstream_.is_asked(whole); });
    upstream_.answer(step.bytes, whole, step.kind != Step::Kind::UpstreamInterim);
  }

  void with_upstream(const std::function<void(Peer&)>& act) {
    if (upstream_.upstream().connections() > 0)
      act(upstream_.upstream().last());
    else
      result_.failures.push_back("the upstream has no connection to act on");
  }

  bool reply_by_itself() {
    if (row_.upstream_silent) return false;
    for (auto i = at_; i < row_.steps.size(); ++i)
      if (waits_for_request(row_.steps[i].kind)) return false;
    return upstream_.answer_all();
  }

  void wait(const std::function<bool()>& done) {
    for (int turn = 0; turn < patience_ && !done(); ++turn) {
      client_->poll();
      upstream_.upstream().poll();
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
    if (row_.upstream.extent == UpstreamSees::Extent::Nothing && upstream_.bytes() > 0) return true;
    const auto seen = responses();
    const auto& wanted = row_.client.statuses;
    if (seen.complete > wanted.size()) return true;
    for (std::size_t i = 0; i < seen.complete; ++i)
      if (seen.all[i].status() != wanted[i]) return true;
    return client_->ended() && row_.client.ending == Ending::Keep;
  }

  void judge() {
    judge_client();
    upstream_.judge(row_.upstream, result_.failures);
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

  void judge(const TextCheck& check) {
    if (check.side == TextCheck::Side::Upstream) return upstream_.judge(check, result_.failures);
    const auto seen = responses();
    judge_text(check, "client: ", client_->received(), seen.all.empty() ? "" : seen.all.back().body, result_.failures);
  }

  const Case& row_;
  const int patience_;
  UpstreamEnd upstream_;
  TestProxy proxy_;
  std::unique_ptr<Peer> client_;
  CaseResult result_;
  std::string sent_;
  std::size_t at_ = 0;  // the step under way
  std::size_t client_had_ = 0;
};

}  // namespace

CaseResult run_case(const Case& row, int patience) { return Conversation(row, patience).run(); }

}  // namespace frontdoor::conformance
