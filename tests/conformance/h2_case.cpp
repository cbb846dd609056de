#include "conformance/h2_case.h"

#include <algorithm>
#include <map>
#include <optional>

#include "conformance/case_file.h"
#include "conformance/frame_lines.h"
#include "conformance/row_reader.h"
#include "conformance/table_files.h"
#include "support/h2_frames.h"

namespace frontdoor::conformance {

namespace {

namespace h2 = testing::h2;

class H2CaseReader final : public RowReader<H2CaseFile> {
 public:
  using RowReader::RowReader;

 private:
  bool goes_on(std::string_view line) override {
    if (lines_.continues(line)) return true;
    add_frames();
    return false;
  }

  void begins() override {
    row_.steps.push_back({H2Step::Kind::ClientSends, h2::hello() + h2::settings_ack(), {}});
    reply_kind_ = H2Step::Kind::UpstreamReplies;
    has_client_ = has_connection_ = has_upstream_ = false;
  }

  void take_line(std::string_view line) override {
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
    if (!joins_ || row_.steps.empty() || row_.steps.back().kind != Kind::ClientSends)
      row_.steps.push_back({Kind::ClientSends, {}, {}});
    row_.steps.back().bytes += bytes;
    joins_ = true;
  }

  void take_reply(std::string_view line) {
    line.remove_prefix(1);
    const bool exact = line.starts_with('|');
    if (exact) line.remove_prefix(1);
    if (line.starts_with(' ')) line.remove_prefix(1);
    if (!joins_ || row_.steps.empty() || row_.steps.back().kind != reply_kind_)
      row_.steps.push_back({reply_kind_, {}, {}});
    row_.steps.back().bytes += unescape(line) + (exact ? "" : "\r\n");
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
    if (word == "bare") return void(row_.steps.erase(row_.steps.begin()));
    if (word == "reply") return void(reply_kind_ = Kind::UpstreamReplies);
    if (word == "early") return void(reply_kind_ = Kind::UpstreamEarly);
    if (word == "client-ends") return row_.steps.push_back({Kind::ClientEnds, {}, {}});
    if (word == "upstream-resets") return row_.steps.push_back({Kind::UpstreamResets, {}, {}});
    if (word == "upstream-silent") return void(row_.upstream_silent = true);
    if (word == "left-out") return void(row_.left_out = rest);
    if (word == "log-has") return void(row_.log_has = unescape(rest));
    if (word == "config") return void(row_.config += unescape(rest) + "\n");
    if (word == "time" && rest.ends_with("ms"))
      return row_.steps.push_back({Kind::TimePasses, {}, std::chrono::milliseconds(number(rest.substr(0, rest.size() - 2)).value_or(0))});
    if (word == "stream") return take_stream(rest);
    if (word == "connection") return take_connection(rest);
    if (word == "upstream") return take_upstream(rest);
    if (const auto found = checks.find(word); found != checks.end())
      return row_.checks.push_back({found->second.first, found->second.second, unescape(rest)});
    if (const auto found = stream_checks.find(word); found != stream_checks.end()) {
      const auto stream = number(next_word(rest));
      if (!stream) return fail("stream expected");
      return row_.stream_checks.push_back({*stream, found->second, unescape(rest)});
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
    row_.streams.push_back(std::move(sees));
  }

  // "connection keep", "connection goaway PROTOCOL_ERROR", "connection ends".
  void take_connection(std::string_view rest) {
    has_connection_ = true;
    const auto word = next_word(rest);
    if (word == "keep") return void(row_.connection = H2Case::Connection::Keeps);
    if (word == "ends") return void(row_.connection = H2Case::Connection::Ends);
    const auto code = error_code(rest);
    if (word != "goaway" || !code) return fail("\"connection\" says keep, ends, or goaway and a code");
    row_.connection = H2Case::Connection::GoesAway;
    row_.code = *code;
  }

  // "upstream nothing", "upstream cut", "upstream 2 on 1".
  void take_upstream(std::string_view rest) {
    UpstreamSees& sees = row_.upstream;
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

  void check() override {
    if (!has_connection_ || !has_upstream_) case_fails("must say what becomes of the connection, and what the upstream sees");
    if (!has_client_ && row_.connection == H2Case::Connection::Keeps) case_fails("must say what a stream gets");
    if (row_.steps.empty()) case_fails("sends nothing");
  }

  FrameLines lines_;
  H2Step::Kind reply_kind_ = H2Step::Kind::UpstreamReplies;
  bool has_client_ = false;
  bool has_connection_ = false;
  bool has_upstream_ = false;
};

}  // namespace

H2CaseFile parse_h2_cases(std::string_view family, std::string_view text) {
  H2CaseFile file;
  H2CaseReader(family, file).run(text);
  return file;
}

H2CaseFile load_h2_table() { return load_families<H2CaseFile>(FRONTDOOR_CONFORMANCE_H2_CASES, parse_h2_cases); }

}  // namespace frontdoor::conformance
