#include "conformance/h2_upstream_case.h"

#include <algorithm>

#include "conformance/case_file.h"
#include "conformance/frame_lines.h"
#include "conformance/row_reader.h"
#include "conformance/table_files.h"

namespace frontdoor::conformance {

namespace {

using Kind = H2UpstreamStep::Kind;

class UpstreamCaseReader final : public RowReader<H2UpstreamTable> {
 public:
  using RowReader::RowReader;

 private:
  bool goes_on(std::string_view line) override {
    if (lines_.continues(line)) return true;
    add_frames();
    return false;
  }

  void begins() override {
    row_.settings = testing::h2::settings();
    row_.pool = "retry.attempts = 0\n";
    connection_ = 0;
  }

  void take_line(std::string_view line) override {
    if (line.starts_with("< ") || line.starts_with("<*")) {
      lines_.take(line.substr(1));
      return add_frames();
    }
    joins_ = false;
    if (line.starts_with("> ")) return add_step({Kind::ClientAsks, request(line.substr(2)), {}, 0});
    take_statement(line);
  }

  // The upstream's, as one write with those right before it. Before them somebody has asked.
  void add_frames() {
    if (const auto error = lines_.error(); !error.empty()) fail(error);
    const std::string bytes = lines_.frames();
    if (bytes.empty()) return;
    if (!joins_) add_step({Kind::UpstreamSends, {}, {}, connection_});
    row_.steps.back().bytes += bytes;
    joins_ = true;
  }

  void add_step(H2UpstreamStep step) {
    if (row_.steps.empty() && step.kind != Kind::ClientAsks) row_.steps.push_back({Kind::ClientAsks, request("GET /"), {}, 0});
    row_.steps.push_back(std::move(step));
  }

  // "GET /path", "POST /path text", "WEBSOCKET /path".
  std::string request(std::string_view rest) {
    const auto method = next_word(rest);
    const std::string path(next_word(rest));
    if (!path.starts_with('/')) fail("path expected");
    const std::string host = " HTTP/1.1\r\nHost: a\r\n";
    if (method == "WEBSOCKET")
      return "GET " + path + host + "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    const std::string body = unescape(rest);
    const std::string length = body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return std::string(method) + ' ' + path + host + length + "\r\n" + body;
  }

  void take_statement(std::string_view line) {
    std::string_view rest = line;
    const auto word = next_word(rest);
    if (word == "...") return;  // the next frames are a write of their own
    if (word == "bare") return void(row_.bare = true);
    if (word == "settings") return take_settings(line);
    if (word == "on") return void(connection_ = number(rest).value_or(1) - 1);
    if (word == "upstream-ends") return add_step({Kind::UpstreamEnds, {}, {}, connection_});
    if (word == "upstream-resets") return add_step({Kind::UpstreamResets, {}, {}, connection_});
    if (word == "time" && rest.ends_with("ms"))
      return add_step({Kind::TimePasses, {}, std::chrono::milliseconds(number(rest.substr(0, rest.size() - 2)).value_or(0)), 0});
    if (word == "config") return void(row_.config += unescape(rest) + "\n");
    if (word == "pool") return void(row_.pool = unescape(rest) + "\n");
    if (word == "client") return take_answer(rest);
    if (word == "request") return take_request(rest);
    if (word == "requests") return take_count(rest);
    if (word == "connection") return take_connection(rest);
    if (word == "client-has") return row_.client_has.push_back(unescape(rest));
    if (word == "client-lacks") return row_.client_lacks.push_back(unescape(rest));
    if (word == "log-has") return row_.log_has.push_back(unescape(rest));
    fail("unknown word \"" + std::string(word) + "\"");
  }

  void take_settings(std::string_view line) {
    lines_.take(line);
    if (const auto error = lines_.error(); !error.empty()) fail(error);
    row_.settings = lines_.frames();
  }

  // "client 103 200", "client 200 cut", "client waits".
  void take_answer(std::string_view rest) {
    AnswerSeen seen;
    while (!rest.empty()) {
      const auto word = next_word(rest);
      if (const auto status = number(word)) seen.statuses.push_back(static_cast<int>(*status));
      else if (word == "cut") seen.ending = AnswerSeen::Ending::Cut;
      else if (word == "waits") seen.ending = AnswerSeen::Ending::Waiting;
      else return fail("\"client\" takes statuses, cut, waits");
    }
    row_.answers.push_back(std::move(seen));
  }

  // "request 1 whole", "request 1 reset CANCEL", "request 1 has te: trailers".
  void take_request(std::string_view rest) {
    using Seen = RequestSeen::Kind;
    RequestSeen seen;
    const auto id = number(next_word(rest));
    const auto word = next_word(rest);
    if (!id) return fail("stream expected");
    seen.id = *id;
    if (word == "whole") seen.kind = Seen::Whole;
    else if (word == "open") seen.kind = Seen::Open;
    else if (word == "has" || word == "lacks") seen.kind = word == "has" ? Seen::Has : Seen::Lacks, seen.text = unescape(rest);
    else if (const auto code = error_code(rest); word == "reset" && code) seen.kind = Seen::Reset, seen.code = *code;
    else return fail("\"request\" is whole, open, reset and a code, or has or lacks a text");
    row_.seen.push_back(std::move(seen));
  }

  void take_count(std::string_view rest) {
    const auto count = number(rest);
    if (!count) return fail("how many requests?");
    row_.requests = *count;
  }

  void take_connection(std::string_view rest) {
    using Connection = H2UpstreamCase::Connection;
    const auto word = next_word(rest);
    const auto code = error_code(rest);
    if (word == "keep") row_.connection = Connection::Keeps;
    else if (word == "ends") row_.connection = Connection::Ends;
    else if (word == "goaway" && code) row_.connection = Connection::GoesAway, row_.code = *code;
    else fail("\"connection\" says keep, ends, or goaway and a code");
  }

  void check() override {
    const auto asks = std::count_if(row_.steps.begin(), row_.steps.end(), [](const auto& step) { return step.kind == Kind::ClientAsks; });
    if (row_.answers.size() != static_cast<std::size_t>(asks)) case_fails("must say what each client gets");
    if (row_.connection == H2UpstreamCase::Connection::Unsaid) case_fails("must say what becomes of the connection");
  }

  FrameLines lines_;
  std::size_t connection_ = 0;
};

}  // namespace

H2UpstreamTable parse_h2_upstream_cases(std::string_view family, std::string_view text) {
  H2UpstreamTable table;
  UpstreamCaseReader(family, table).run(text);
  return table;
}

H2UpstreamTable load_h2_upstream_table() { return load_families<H2UpstreamTable>(FRONTDOOR_CONFORMANCE_H2_UPSTREAM_CASES, parse_h2_upstream_cases); }

}  // namespace frontdoor::conformance
