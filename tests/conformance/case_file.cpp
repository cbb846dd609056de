#include "conformance/case_file.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "conformance/row_reader.h"
#include "conformance/table_files.h"

namespace frontdoor::conformance {

namespace {

bool to_number(std::string_view text, std::size_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

class CaseReader final : public RowReader<CaseFile> {
 public:
  using RowReader::RowReader;

 private:
  void begins() override {
    upstream_kind_ = Step::Kind::UpstreamReplies;
    has_client_ = has_upstream_ = false;
  }

  void take_line(std::string_view line) override {
    if (line.front() == '>' || line.front() == '<') return take_bytes(line);
    joins_ = false;
    take_statement(line);
  }

  // "> text" is a line with its CRLF, ">| text" exactly those bytes. Lines that follow each other are one
  // write.
  void take_bytes(std::string_view line) {
    const auto kind = line.front() == '>' ? Step::Kind::ClientSends : upstream_kind_;
    line.remove_prefix(1);
    const bool exact = line.starts_with('|');
    if (exact) line.remove_prefix(1);
    if (line.starts_with(' ')) line.remove_prefix(1);
    if (!joins_ || row_.steps.empty() || row_.steps.back().kind != kind) add_step({kind, {}, {}});
    row_.steps.back().bytes += unescape(line);
    if (!exact) row_.steps.back().bytes += "\r\n";
    joins_ = true;
  }

  void add_step(Step step) { row_.steps.push_back(std::move(step)); }

  void take_statement(std::string_view line) {
    std::string_view rest = line;
    const auto word = next_word(rest);
    static const std::map<std::string_view, Step::Kind> speakers = {{"early", Step::Kind::UpstreamEarly},
                                                                    {"interim", Step::Kind::UpstreamInterim},
                                                                    {"push", Step::Kind::UpstreamPushes},
                                                                    {"reply", Step::Kind::UpstreamReplies}};
    static const std::map<std::string_view, Step::Kind> events = {
        {"client-ends", Step::Kind::ClientEnds},
        {"upstream-ends", Step::Kind::UpstreamEnds},
        {"upstream-resets", Step::Kind::UpstreamResets}};
    using Side = TextCheck::Side;
    using Check = TextCheck::Kind;
    static const std::map<std::string_view, std::pair<Side, Check>> checks = {
        {"client-has", {Side::Client, Check::Has}},
        {"client-lacks", {Side::Client, Check::Lacks}},
        {"client-body", {Side::Client, Check::BodyIs}},
        {"upstream-has", {Side::Upstream, Check::Has}},
        {"upstream-lacks", {Side::Upstream, Check::Lacks}},
        {"upstream-body", {Side::Upstream, Check::BodyIs}}};
    if (word == "...") return;  // the next bytes are a write of their own
    if (const auto found = speakers.find(word); found != speakers.end()) {
      upstream_kind_ = found->second;
    } else if (const auto event = events.find(word); event != events.end()) {
      add_step({event->second, {}, {}});
    } else if (const auto check = checks.find(word); check != checks.end()) {
      if (rest.empty() && check->second.second != Check::BodyIs) fail("nothing to look for");
      row_.checks.push_back({check->second.first, check->second.second, unescape(rest)});
    } else if (word == "time") {
      std::size_t ms = 0;
      if (!rest.ends_with("ms") || !to_number(rest.substr(0, rest.size() - 2), ms))
        fail("time in ms expected");
      add_step({Step::Kind::TimePasses, {}, std::chrono::milliseconds(ms)});
    } else if (word == "left-out") {
      row_.left_out = rest.empty() ? "no reason given" : rest;
    } else if (word == "upstream-silent") {
      row_.upstream_silent = true;
    } else if (word == "config") {
      row_.config += unescape(rest) + "\n";
    } else if (word == "client") {
      take_client(rest);
    } else if (word == "upstream") {
      take_upstream(rest);
    } else {
      fail("unknown word \"" + std::string(word) + "\"");
    }
  }

  // "client 103 200 keep", "client 102*32 502 keep", "client nothing close".
  void take_client(std::string_view rest) {
    static const std::map<std::string_view, Ending> endings = {
        {"keep", Ending::Keep}, {"close", Ending::Close}, {"hangup", Ending::Hangup}, {"cut", Ending::Cut}};
    bool ended = false;
    while (!rest.empty()) {
      auto word = next_word(rest);
      std::size_t status = 0, times = 1;
      if (const auto star = word.find('*'); star != std::string_view::npos) {
        if (!to_number(word.substr(star + 1), times)) fail("how often?");
        word = word.substr(0, star);
      }
      if (const auto found = endings.find(word); found != endings.end()) {
        row_.client.ending = found->second;
        ended = true;
      } else if (to_number(word, status) && status >= 100 && status < 1000) {
        row_.client.statuses.insert(row_.client.statuses.end(), times, static_cast<int>(status));
      } else if (word != "nothing") {
        fail("\"client\" takes statuses and keep, close, hangup or cut");
      }
    }
    if (!ended) fail("\"client\" must say keep, close, hangup or cut");
    has_client_ = true;
  }

  // "upstream nothing", "upstream cut", "upstream 2 on 1 keep".
  void take_upstream(std::string_view rest) {
    UpstreamSees& sees = row_.upstream;
    has_upstream_ = true;
    const auto extent = next_word(rest);
    if (extent == "nothing" || extent == "cut") {
      sees.extent = extent == "cut" ? UpstreamSees::Extent::Cut : UpstreamSees::Extent::Nothing;
      if (!rest.empty()) fail("nothing may follow");
      return;
    }
    sees.extent = UpstreamSees::Extent::Requests;
    if (!to_number(extent, sees.requests) || sees.requests == 0) return fail("number of requests expected");
    while (!rest.empty()) {
      const auto word = next_word(rest);
      if (word == "on" && to_number(next_word(rest), sees.connections)) continue;
      if (word == "keep")
        sees.fate = UpstreamSees::Fate::Kept;
      else if (word == "close")
        sees.fate = UpstreamSees::Fate::Closed;
      else
        return fail("\"upstream\" takes a number, \"on\" a number, keep or close");
    }
  }

  void check() override {
    if (!has_client_ || !has_upstream_) case_fails("must say what client and upstream see");
    if (row_.steps.empty()) case_fails("sends nothing");
  }

  Step::Kind upstream_kind_ = Step::Kind::UpstreamReplies;
  bool has_client_ = false;
  bool has_upstream_ = false;
};

}  // namespace

std::string_view next_word(std::string_view& rest) {
  const auto word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  return word;
}

std::string unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text.front() != '\\' || text.size() < 2) {
      out.push_back(text.front());
      text.remove_prefix(1);
      continue;
    }
    const char what = text[1];
    text.remove_prefix(2);
    if (what == 'x' && text.size() >= 2) {
      unsigned byte = 0;
      std::from_chars(text.data(), text.data() + 2, byte, 16);
      out.push_back(static_cast<char>(byte));
      text.remove_prefix(2);
    } else if (what == '{') {
      const auto star = text.find('*');
      const auto end = text.find('}', star);
      std::size_t times = 0;
      to_number(text.substr(star + 1, end - star - 1), times);
      const auto unit = unescape(text.substr(0, star));
      while (times-- > 0) out += unit;
      text.remove_prefix(end + 1);
    } else {
      constexpr std::string_view letters = "rnts", meanings = "\r\n\t ";
      const auto at = letters.find(what);
      out.push_back(at == std::string_view::npos ? what : meanings[at]);
    }
  }
  return out;
}

CaseFile parse_cases(std::string_view family, std::string_view text) {
  CaseFile file;
  CaseReader(family, file).run(text);
  return file;
}

CaseFile load_table() { return load_families<CaseFile>(FRONTDOOR_CONFORMANCE_CASES, parse_cases); }

}  // namespace frontdoor::conformance
