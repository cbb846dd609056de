// One row of the table for upstreams of HTTP/2: frames that an upstream answers with, well or ill, and what becomes of the
// clients' answers, of the streams and of the connection. The rows are in h2_upstream/*.txt (docs/conformance.md).

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace frontdoor::conformance {

struct H2UpstreamStep {
  enum class Kind : std::uint8_t { ClientAsks, UpstreamSends, UpstreamEnds, UpstreamResets, TimePasses };
  Kind kind = Kind::ClientAsks;
  std::string bytes;
  std::chrono::milliseconds time{0};
  std::size_t connection = 0;  // of the upstream, in the order in which they came
};

struct AnswerSeen {
  enum class Ending : std::uint8_t { Whole, Cut, Waiting };  // Cut: closed in the middle. Waiting: for more, or for anything
  std::vector<int> statuses;  // informational ones included
  Ending ending = Ending::Whole;
};

// What the upstream sees of one of our streams.
struct RequestSeen {
  enum class Kind : std::uint8_t { Whole, Open, Reset, Has, Lacks };
  std::uint32_t id = 0;
  Kind kind = Kind::Whole;
  std::uint32_t code = 0;
  std::string text;  // of its fields as "name: value\r\n", an empty line and its body
};

struct H2UpstreamCase {
  std::string family;
  std::string name;
  std::string rule;  // "RFC 9113 §8.3.2: …", the sentence that is broken when the case fails
  int line = 0;
  std::string config;
  std::string pool;  // its lines; by default no request is tried twice
  bool bare = false;  // it says no SETTINGS of itself
  std::string settings;
  std::vector<H2UpstreamStep> steps;
  std::vector<AnswerSeen> answers;  // of each client, in the order in which they have asked
  enum class Connection : std::uint8_t { Unsaid, Keeps, GoesAway, Ends };  // of its first; GoesAway: and has ended
  Connection connection = Connection::Unsaid;
  std::uint32_t code = 0;     // of the GOAWAY
  std::size_t requests = 1;   // that it has seen on all connections
  std::vector<RequestSeen> seen;
  std::vector<std::string> client_has;  // of the first client
  std::vector<std::string> client_lacks;
  std::vector<std::string> log_has;
};

struct H2UpstreamTable {
  std::vector<H2UpstreamCase> cases;
  std::vector<std::string> errors;
};

H2UpstreamTable parse_h2_upstream_cases(std::string_view family, std::string_view text);
H2UpstreamTable load_h2_upstream_table();  // families in alphabetical order

// What the row shows to be wrong; empty when it holds. `seen`: what both ends got, for the reader of a failure.
std::vector<std::string> run_h2_upstream_case(const H2UpstreamCase& row, std::string& seen);

}  // namespace frontdoor::conformance
