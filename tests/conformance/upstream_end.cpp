#include "conformance/upstream_end.h"

#include "conformance/wire_reader.h"

namespace frontdoor::conformance {

namespace {

constexpr std::string_view kOwnReply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr std::string_view kOwnHeadReply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n";

void fail_unless(bool holds, const std::string& what, Failures& failures) {
  if (!holds) failures.push_back(what);
}

}  // namespace

std::size_t UpstreamEnd::unanswered(bool whole) {
  answered_.resize(upstream_.connections());
  for (std::size_t i = 0; i < answered_.size(); ++i) {
    const auto requests = read_requests(upstream_.connection(i).received());
    if (requests.complete > answered_[i]) return i;
    if (!whole && requests.all.size() > answered_[i] && upstream_.connection(i).saw("\r\n\r\n")) return i;
  }
  return kNone;
}

bool UpstreamEnd::answer(const std::string& bytes, bool whole, bool final) {
  const std::size_t connection = unanswered(whole);
  if (connection == kNone) return false;
  if (final) ++answered_[connection];
  upstream_.connection(connection).send(bytes);
  return true;
}

bool UpstreamEnd::answer_all() {
  bool answered = false;
  for (auto i = unanswered(true); i != kNone; i = unanswered(true)) {
    const auto requests = read_requests(upstream_.connection(i).received());
    upstream_.connection(i).send(requests.all[answered_[i]].method() == "HEAD" ? kOwnHeadReply : kOwnReply);
    ++answered_[i];
    answered = true;
  }
  return answered;
}

std::size_t UpstreamEnd::bytes() {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < upstream_.connections(); ++i) bytes += upstream_.connection(i).received().size();
  return bytes;
}

void UpstreamEnd::judge(const UpstreamSees& wanted, Failures& failures) {
  if (wanted.extent == UpstreamSees::Extent::Nothing)
    return fail_unless(bytes() == 0, "upstream: has seen bytes of it", failures);
  std::size_t complete = 0, incomplete = 0;
  for (std::size_t i = 0; i < upstream_.connections(); ++i) {
    const auto requests = read_requests(upstream_.connection(i).received());
    complete += requests.complete;
    incomplete += requests.all.size() - requests.complete;
  }
  if (wanted.extent == UpstreamSees::Extent::Cut) {
    fail_unless(complete == 0, "upstream: has seen a complete request", failures);
    return fail_unless(upstream_.connections() == 0 || upstream_.last().ended(), "upstream: connection is still open", failures);
  }
  fail_unless(complete == wanted.requests,
              "upstream: " + std::to_string(complete) + " complete requests instead of " + std::to_string(wanted.requests), failures);
  fail_unless(incomplete == 0, "upstream: bytes behind the last complete request", failures);
  fail_unless(upstream_.connections() == wanted.connections,
              "upstream: on " + std::to_string(upstream_.connections()) + " connections", failures);
  if (wanted.fate == UpstreamSees::Fate::Any || upstream_.connections() == 0) return;
  const bool closed = upstream_.last().ended();
  fail_unless(closed == (wanted.fate == UpstreamSees::Fate::Closed),
              closed ? "upstream: the connection was closed" : "upstream: the connection was kept", failures);
}

void UpstreamEnd::judge(const TextCheck& check, Failures& failures) {
  std::string text, body;
  for (std::size_t i = 0; i < upstream_.connections(); ++i) {
    text += upstream_.connection(i).received();
    if (const auto seen = read_requests(upstream_.connection(i).received()); !seen.all.empty()) body = seen.all.back().body;
  }
  judge_text(check, "upstream: ", text, body, failures);
}

std::string UpstreamEnd::describe() {
  std::string text;
  for (std::size_t i = 0; i < upstream_.connections(); ++i)
    text += "[connection " + std::to_string(i) + "]\n" + upstream_.connection(i).received();
  return text;
}

void judge_text(const TextCheck& check, const std::string& who, const std::string& text, const std::string& body, Failures& failures) {
  const bool found = lower(text).find(lower(check.text)) != std::string::npos;
  switch (check.kind) {
    case TextCheck::Kind::Has: return fail_unless(found, who + "has not seen " + check.text, failures);
    case TextCheck::Kind::Lacks: return fail_unless(!found, who + "has seen " + check.text, failures);
    case TextCheck::Kind::BodyIs: return fail_unless(body == check.text, who + "body is \"" + body + "\"", failures);
  }
}

}  // namespace frontdoor::conformance
