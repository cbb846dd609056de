#include "conformance/h2_case.h"

#include <algorithm>
#include <map>
#include <optional>

#include "conformance/case_file.h"
#include "conformance/frame_lines.h"
#include "conformance/table_files.h"
#include "support/h2_frames.h"

namespace frontdoor::conformance {

namespace {

namespace h2 = testing::h2;

class Reader {
 public:
  Reader(std::string_view family, std::string_view text, H2CaseFile& out) : family_(family), rest_(text), out_(out) {}

  void run() {
    while (!rest_.empty()) {
      ++line_;
      const auto line = rest_.substr(0, rest_.find('\n'));
      rest_.remove_prefix(std::min(rest_.size(), line.size() + 1));
      take(line);
    }
    finish_case();
  }

 private:
  void take(std::string_view line) {
    if (line.starts_with('#')) return;
    if (lines_.continues(line)) return;
    add_frames();
    if (line.starts_with("== ")) return begin_case(line.substr(3));
    if (line.empty()) {
      joins_ = false;
      return;
    }
    if (!open_) return fail("a line before the first case");
    if (current_.rule.empty()) {
      current_.rule = line;
      return;
    }
    if (line.starts_with('>')) {
      lines_.take(line.substr(1));
      return add_frames();
    }
    if (line.starts_with('<')) return take_reply(line);
    joins_ = false;
    take_statement(line);
  }

  void add_frames() {
    using Kind = H2Step::Kind;
    if (const auto error = lines_.error(); !error.empty()) fail(error);
    const std::string bytes = lines_.frames();
    if (bytes.empty()) return;
    if (!joins_ || current_.steps.empty() || current_.steps.back().kind != Kind::ClientSends)
      current_.steps.push_back({Kind::ClientSends, {}, {}});
    current_.steps.back().bytes += bytes;
    joins_ = true;
  }

  void take_reply(std::string_view line) {
    line.remove_prefix(1);
    const bool exact = line.starts_with('|');
    if (exact) line.remove_prefix(1);
    if (line.starts_with(' ')) line.remove_prefix(1);
    if (!joins_ || current_.steps.empty() || current_.steps.back().kind != reply_kind_)
      current_.steps.push_back({reply_kind_, {}, {}});
    current_.steps.back().bytes += unescape(line) + (exact ? "" : "\r\n");
    joins_ = true;
  }

  void take_statement(std::string_view line) {
    using Kind = H2Step::Kind;
    using Side = TextCheck::Side;
    static const std::map<std::string_view, std::pair<Side, TextCheck::Kind>> checks = {
        {"client-has", {Side::Client, TextCheck::Kind::Has}},     {"client-lacks", {Side::Client, TextCheck::Kind::Lacks}},
        {"upstream-has", {Side::Upstream, TextCheck::Kind::Has}}, {"upstream-lacks", {Side::Upstream, TextCheck::Kind::Lacks}},
        {"upstream-body", {Side::Upstream, TextCheck::Kind::BodyIs}}};
    static const std::map<std::string_view, StreamCheck::Kind> stream_checks = {{"stream-has", StreamCheck::Kind::Has},
                                                                                {"stream-lacks", StreamCheck::Kind::Lacks},
                                                                                {"stream-body", StreamCheck::Kind::BodyIs}};
    std::string_view rest = line;
    const auto word = next_word(rest);
    if (word == "...") return;  // the next frames are a write of their own
    if (word == "bare") return void(current_.steps.erase(current_.steps.begin()));
    if (word == "reply") return void(reply_kind_ = Kind::UpstreamReplies);
    if (word == "early") return void(reply_kind_ = Kind::UpstreamEarly);
    if (word == "client-ends") return current_.steps.push_back({Kind::ClientEnds, {}, {}});
    if (word == "upstream-resets") return current_.steps.push_back({Kind::UpstreamResets, {}, {}});
    if (word == "upstream-silent") return void(current_.upstream_silent = true);
    if (word == "left-out") return void(current_.left_out = rest);
    if (word == "log-has") return void(current_.log_has = unescape(rest));
    if (word == "config") return void(current_.config += unescape(rest) + "\n");
    if (word == "time" && rest.ends_with("ms"))
      return current_.steps.push_back({Kind::TimePasses, {}, std::chrono::milliseconds(number(rest.substr(0, rest.size() - 2)).value_or(0))});
    if (word == "stream") return take_stream(rest);
    if (word == "connection") return take_connection(rest);
    if (word == "upstream") return take_upstream(rest);
    if (const auto found = checks.find(word); found != checks.end())
      return current_.checks.push_back({found->second.first, found->second.second, unescape(rest)});
    if (const auto found = stream_checks.find(word); found != stream_checks.end()) {
      const auto stream = number(next_word(rest));
      if (!stream) return fail("stream expected");
      return current_.stream_checks.push_back({*stream, found->second, unescape(rest)});
    }
    fail("unknown word \"" + std::string(word) + "\"");
  }

  // "stream 1 103 200", "stream 1 reset CANCEL", "stream 1 200 open", "stream 1 nothing".
  void take_stream(std::string_view rest) {
    StreamSees sees;
    const auto stream = number(next_word(rest));
    if (!stream || rest.empty()) return fail("\"stream\" takes its id and what it gets");
    sees.id = *stream;
    has_client_ = true;
    while (!rest.empty()) {
      const auto word = next_word(rest);
      if (number(word)) sees.statuses.emplace_back(word);
      else if (word == "open") sees.ending = StreamSees::Ending::Open;
      else if (word == "nothing") sees.ending = StreamSees::Ending::Nothing;
      else if (word == "reset") {
        sees.ending = StreamSees::Ending::Reset;
        const auto code = error_code(next_word(rest));
        if (!code) return fail("which error?");
        sees.code = *code;
      } else {
        return fail("\"stream\" takes statuses, open, nothing, reset and a code");
      }
    }
    current_.streams.push_back(std::move(sees));
  }

  // "connection keep", "connection goaway PROTOCOL_ERROR", "connection ends".
  void take_connection(std::string_view rest) {
    has_connection_ = true;
    const auto word = next_word(rest);
    if (word == "keep") return void(current_.connection = H2Case::Connection::Keeps);
    if (word == "ends") return void(current_.connection = H2Case::Connection::Ends);
    const auto code = error_code(rest);
    if (word != "goaway" || !code) return fail("\"connection\" says keep, ends, or goaway and a code");
    current_.connection = H2Case::Connection::GoesAway;
    current_.code = *code;
  }

  // "upstream nothing", "upstream cut", "upstream 2 on 1".
  void take_upstream(std::string_view rest) {
    UpstreamSees& sees = current_.upstream;
    has_upstream_ = true;
    const auto extent = next_word(rest);
    if (extent == "nothing") return void(sees.extent = UpstreamSees::Extent::Nothing);
    if (extent == "cut") return void(sees.extent = UpstreamSees::Extent::Cut);
    const auto requests = number(extent);
    if (!requests) return fail("number of requests expected");
    sees.extent = UpstreamSees::Extent::Requests;
    sees.requests = sees.connections = *requests;
    if (next_word(rest) == "on") sees.connections = number(rest).value_or(0);
  }

  void begin_case(std::string_view name) {
    finish_case();
    open_ = true;
    current_ = {};
    current_.family = family_;
    current_.name = name;
    current_.line = line_;
    current_.steps.push_back({H2Step::Kind::ClientSends, h2::hello() + h2::settings_ack(), {}});
    reply_kind_ = H2Step::Kind::UpstreamReplies;
    has_client_ = has_connection_ = has_upstream_ = joins_ = false;
  }

  void finish_case() {
    if (!open_) return;
    open_ = false;
    if (!current_.rule.starts_with("RFC ") && !current_.rule.starts_with("Ours:"))
      fail("the case \"" + current_.name + "\" does not say which sentence it is about");
    if (!has_connection_ || !has_upstream_)
      fail("the case \"" + current_.name + "\" must say what becomes of the connection, and what the upstream sees");
    if (!has_client_ && current_.connection == H2Case::Connection::Keeps)
      fail("the case \"" + current_.name + "\" must say what a stream gets");
    if (current_.steps.empty()) fail("the case \"" + current_.name + "\" sends nothing");
    out_.cases.push_back(std::move(current_));
  }

  void fail(const std::string& what) {
    out_.errors.push_back(std::string(family_) + ".txt:" + std::to_string(line_) + ": " + what);
  }

  std::string_view family_;
  std::string_view rest_;
  H2CaseFile& out_;
  H2Case current_;
  FrameLines lines_;
  H2Step::Kind reply_kind_ = H2Step::Kind::UpstreamReplies;
  int line_ = 0;
  bool open_ = false;
  bool joins_ = false;
  bool has_client_ = false;
  bool has_connection_ = false;
  bool has_upstream_ = false;
};

}  // namespace

H2CaseFile parse_h2_cases(std::string_view family, std::string_view text) {
  H2CaseFile file;
  const std::string all = std::string(text) + "\n";  // a head at its end is complete, too
  Reader(family, all, file).run();
  return file;
}

H2CaseFile load_h2_table() { return load_families<H2CaseFile>(FRONTDOOR_CONFORMANCE_H2_CASES, parse_h2_cases); }

}  // namespace frontdoor::conformance
