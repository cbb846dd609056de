// One row of the conformance table as a value: what is sent by whom, and what each side must see. The rows
// are in cases/*.txt, in a form that docs/conformance.md describes and that both the test and the
// differential runner read.

#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace frontdoor::conformance {

struct Step {
  enum class Kind : std::uint8_t {
    ClientSends,
    ClientEnds,       // FIN
    UpstreamReplies,  // once a complete request lies unanswered before it
    UpstreamInterim,  // once the head of a request does; a final answer is still to come
    UpstreamEarly,    // likewise, and this is the final answer
    UpstreamPushes,   // on its latest connection, whether asked or not
    UpstreamEnds,     // FIN
    UpstreamResets,   // RST
    TimePasses,
  };
  Kind kind = Kind::ClientSends;
  std::string bytes;
  std::chrono::milliseconds time{0};
};

enum class Ending : std::uint8_t {
  Keep,
  Close,   // announced with Connection: close where there was a response
  Hangup,  // closed behind a response that could not know it yet
  Cut,     // closed within a response
};

struct ClientSees {
  std::vector<int> statuses;  // informational ones included, in order
  Ending ending = Ending::Keep;
};

struct UpstreamSees {
  enum class Extent : std::uint8_t {
    Nothing,   // not one byte
    Cut,       // perhaps a beginning, never a complete request, and the connection is closed
    Requests,  // exactly so many complete ones, and nothing behind them
  };
  enum class Fate : std::uint8_t { Any, Kept, Closed };  // of the latest connection
  Extent extent = Extent::Nothing;
  std::size_t requests = 0;
  std::size_t connections = 1;
  Fate fate = Fate::Any;
};

struct TextCheck {
  enum class Side : std::uint8_t { Client, Upstream };
  enum class Kind : std::uint8_t { Has, Lacks, BodyIs };  // BodyIs: of the last message
  Side side = Side::Client;
  Kind kind = Kind::Has;
  std::string text;  // names of fields and most tokens have no case, so Has and Lacks ignore it
};

struct Case {
  std::string family;
  std::string name;
  std::string rule;  // "RFC 9112 §6.3: …", the sentence that is broken when the case fails
  int line = 0;
  std::string left_out;  // why it does not hold yet; empty for nearly all
  std::string config;
  bool upstream_silent = false;  // answers nothing of itself
  std::vector<Step> steps;
  ClientSees client;
  UpstreamSees upstream;
  std::vector<TextCheck> checks;
};

}  // namespace frontdoor::conformance
