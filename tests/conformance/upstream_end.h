// The upstream of a row, which speaks HTTP/1 whatever the client does: finds the request that is to be answered next, answers
// by itself where the row says nothing of it, and is judged by what it has seen.

#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "conformance/case.h"
#include "support/peers.h"

namespace frontdoor::conformance {

using Failures = std::vector<std::string>;

class UpstreamEnd {
 public:
  testing::ScriptedUpstream& upstream() { return upstream_; }

  // Whether a request waits for its answer; only its head must be there unless `whole`.
  bool is_asked(bool whole) { return unanswered(whole) != kNone; }
  // Sends it to the first that does. An answer that is not `final` leaves it unanswered. False: none does.
  bool answer(const std::string& bytes, bool whole, bool final = true);
  bool answer_all();  // with what needs no saying

  std::size_t bytes();  // that it has seen
  void judge(const UpstreamSees& wanted, Failures& failures);
  void judge(const TextCheck& check, Failures& failures);
  std::string describe();  // for the reader of a failure

 private:
  static constexpr auto kNone = static_cast<std::size_t>(-1);
  std::size_t unanswered(bool whole);  // its connection, the first one

  testing::ScriptedUpstream upstream_;
  std::vector<std::size_t> answered_;  // requests, for each connection
};

// `who`: "client: ". `body`: of its last message.
void judge_text(const TextCheck& check, const std::string& who, const std::string& text, const std::string& body, Failures& failures);

}  // namespace frontdoor::conformance
