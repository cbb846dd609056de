// One row of the table for HTTP/2: frames that are sent, and what becomes of each stream, of the connection and of the
// upstream. The rows are in h2/*.txt, in a form that docs/conformance.md describes.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conformance/case.h"

namespace frontdoor::conformance {

struct H2Step {
  enum class Kind : std::uint8_t {
    ClientSends,
    ClientEnds,       // FIN
    UpstreamReplies,  // once a complete request lies unanswered before it
    UpstreamEarly,    // once the head of one does
    UpstreamResets,   // RST, on its latest connection
    TimePasses,
  };
  Kind kind = Kind::ClientSends;
  std::string bytes;
  std::chrono::milliseconds time{0};
};

struct StreamSees {
  enum class Ending : std::uint8_t {
    Whole,    // END_STREAM; behind it at most a RST_STREAM(NO_ERROR)
    Open,     // still to come
    Reset,    // with `code`
    Nothing,  // not one frame
  };
  std::uint32_t id = 0;
  std::vector<std::string> statuses = {};  // informational ones included, in order
  Ending ending = Ending::Whole;
  std::uint32_t code = 0;
};

// Of a stream: its fields as "name: value\r\n", informational heads left out, then an empty line and its body.
struct StreamCheck {
  enum class Kind : std::uint8_t { Has, Lacks, BodyIs };
  std::uint32_t id = 0;
  Kind kind = Kind::Has;
  std::string text = {};
};

struct H2Case {
  std::string family;
  std::string name;
  std::string rule;  // "RFC 9113 §8.2.1: …", the sentence that is broken when the case fails
  int line = 0;
  std::string left_out;  // why it does not hold yet; empty for nearly all
  std::string config;
  bool upstream_silent = false;  // answers nothing of itself
  std::vector<H2Step> steps;
  std::vector<StreamSees> streams;
  enum class Connection : std::uint8_t { Keeps, GoesAway, Ends };  // GoesAway: and has ended. Ends: without a GOAWAY
  Connection connection = Connection::Keeps;
  std::uint32_t code = 0;  // of the GOAWAY
  UpstreamSees upstream;
  std::vector<TextCheck> checks;  // of the upstream, and of all that the client got
  std::vector<StreamCheck> stream_checks;
  std::string log_has;
};

struct H2CaseFile {
  std::vector<H2Case> cases;
  std::vector<std::string> errors;
};

H2CaseFile parse_h2_cases(std::string_view family, std::string_view text);
H2CaseFile load_h2_table();  // families in alphabetical order

// What the row shows to be wrong; empty when it holds. `seen`: what both ends got, for the reader of a failure.
std::vector<std::string> run_h2_case(const H2Case& row, std::string& seen);

}  // namespace frontdoor::conformance
