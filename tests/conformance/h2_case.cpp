#include "conformance/h2_case.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "conformance/case_file.h"
#include "http2/error_code.h"
#include "support/h2_frames.h"

namespace frontdoor::conformance {

namespace {

namespace h2 = testing::h2;

std::string_view next_word(std::string_view& rest) {
  const auto word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(std::min(rest.size(), word.size() + 1));
  return word;
}

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "PROTOCOL_ERROR", or a number.
std::optional<std::uint32_t> error_code(std::string_view text) {
  for (std::uint32_t code = 0; code <= 13; ++code)
    if (text == http2::name_of(static_cast<http2::ErrorCode>(code))) return code;
  return number(text);
}

std::optional<std::uint32_t> frame_type(std::string_view text) {
  static constexpr std::string_view names[] = {"DATA", "HEADERS", "PRIORITY", "RST_STREAM", "SETTINGS", "PUSH_PROMISE",
                                               "PING", "GOAWAY", "WINDOW_UPDATE", "CONTINUATION"};
  for (std::uint32_t type = 0; type < std::size(names); ++type)
    if (names[type] == text) return type;
  return number(text);
}

bool is_method(std::string_view word) {
  return !word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= 'A' && c <= 'Z'; });
}

// A HEADERS frame while its lines are read.
struct Head {
  std::uint32_t stream = 0;
  bool ends = true;
  std::uint32_t split = 0;  // bytes of the block in each frame; 0: one frame
  std::optional<std::uint32_t> padding;
  bool unfinished = false;  // no END_HEADERS
  std::optional<std::uint32_t> depends_on;
  h2::Pairs fields;

  std::string bytes() const {
    std::string block = h2::block(fields);
    std::uint8_t flags = ends ? h2::kEndStream : 0;
    std::string front;
    if (padding) flags |= h2::kPadded, front += static_cast<char>(*padding);
    if (depends_on) flags |= h2::kWithPriority, front += h2::number(*depends_on) + '\x10';
    const std::string back(padding.value_or(0), '\0');
    const std::size_t first = split == 0 ? block.size() : std::min<std::size_t>(split, block.size());
    const auto last = [&](std::size_t end) { return end == block.size() && !unfinished ? h2::kEndHeaders : 0; };
    std::string out = h2::frame(h2::kHeaders, static_cast<std::uint8_t>(flags | last(first)), stream,
                                front + block.substr(0, first) + back);
    for (std::size_t at = first; at < block.size(); at += split) {
      const std::size_t end = std::min(block.size(), at + split);
      out += h2::frame(h2::kContinuation, static_cast<std::uint8_t>(last(end)), stream, block.substr(at, end - at));
    }
    return out;
  }
};

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
    if (head_ && line.size() > 1 && line[1] == ' ' && std::string_view("+-=^").find(line[0]) != std::string_view::npos)
      return edit_head(line[0], line.substr(2));
    if (head_) {
      add_frames(head_->bytes());
      head_.reset();
    }
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
    if (line.starts_with('>')) return take_frames(line.substr(1));
    if (line.starts_with('<')) return take_reply(line);
    joins_ = false;
    take_statement(line);
  }

  // "+ name value" behind the others, "^" before them, "=" instead, "-" takes away.
  void edit_head(char how, std::string_view rest) {
    const std::string name = unescape(next_word(rest));
    const std::string value = unescape(rest);
    h2::Pairs& fields = head_->fields;
    const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; });
    if (how == '+') fields.emplace_back(name, value);
    else if (how == '^') fields.emplace(fields.begin(), name, value);
    else if (found == fields.end()) fail("no field " + name + " to be changed");
    else if (how == '=') found->second = value;
    else fields.erase(found);
  }

  // "> GET 1 /path", "> data 1 text"; ">*100 ping" a hundred times.
  void take_frames(std::string_view rest) {
    times_ = 1;
    if (rest.starts_with('*')) {
      rest.remove_prefix(1);
      times_ = number(next_word(rest)).value_or(0);
    } else if (rest.starts_with(' ')) {
      rest.remove_prefix(1);
    }
    const auto verb = next_word(rest);
    if (is_method(verb) || verb == "head") return begin_head(verb, rest);
    if (const auto frame = frames_of(verb, rest)) return add_frames(*frame);
    fail("unknown frame \"" + std::string(verb) + "\"");
  }

  // "GET 1 /path", "head 1": then its fields. Options: end, open, unfinished, split=N, pad=N, depends=N.
  void begin_head(std::string_view verb, std::string_view rest) {
    Head head;
    const auto stream = number(next_word(rest));
    if (!stream) return fail("stream expected");
    head.stream = *stream;
    if (is_method(verb)) {
      head.ends = verb != "POST" && verb != "PUT" && verb != "CONNECT";
      const std::string path = unescape(next_word(rest));
      head.fields = {{":method", std::string(verb)}, {":scheme", "http"}, {":authority", "a"}, {":path", path}};
      if (path.empty()) fail("path expected");
    }
    while (!rest.empty()) {
      const auto option = next_word(rest);
      const auto value = number(option.substr(std::min(option.size(), option.find('=') + 1)));
      if (option == "end") head.ends = true;
      else if (option == "open") head.ends = false;
      else if (option == "unfinished") head.unfinished = true;
      else if (option.starts_with("split=") && value) head.split = *value;
      else if (option.starts_with("pad=") && value) head.padding = *value;
      else if (option.starts_with("depends=") && value) head.depends_on = *value;
      else fail("unknown option \"" + std::string(option) + "\"");
    }
    head_ = std::move(head);
  }

  std::optional<std::string> frames_of(std::string_view verb, std::string_view rest) {
    const auto stream_and = [&](auto make) -> std::optional<std::string> {
      const auto stream = number(next_word(rest));
      if (!stream) return std::nullopt;
      return make(*stream);
    };
    if (verb == "data") return stream_and([&](std::uint32_t id) { return h2::data(id, unescape(rest)); });
    if (verb == "end") return stream_and([&](std::uint32_t id) { return h2::end_of(id, unescape(rest)); });
    if (verb == "reset") return stream_and([&](std::uint32_t id) { return h2::reset(id, error_code(rest).value_or(99)); });
    if (verb == "window") return stream_and([&](std::uint32_t id) { return h2::window(id, number(rest).value_or(0)); });
    if (verb == "ping") return h2::ping();
    if (verb == "raw") return unescape(rest);
    if (verb == "settings") return settings_of(rest);
    if (verb == "storm") return storm_of(rest);
    if (verb != "frame") return std::nullopt;
    const auto type = frame_type(next_word(rest));
    const auto flags = number(next_word(rest));
    const auto stream = number(next_word(rest));
    if (!type || !flags || !stream) return std::nullopt;
    return h2::frame(static_cast<std::uint8_t>(*type), static_cast<std::uint8_t>(*flags), *stream, unescape(rest));
  }

  // "settings 4=10 3=1".
  static std::string settings_of(std::string_view rest) {
    std::string payload;
    while (!rest.empty()) {
      const auto entry = next_word(rest);
      const auto id = entry.substr(0, entry.find('='));
      payload += h2::number(number(id).value_or(0), 2) + h2::number(number(entry.substr(id.size() + 1)).value_or(0));
    }
    return h2::frame(h2::kSettings, 0, 0, payload);
  }

  // "storm 600 reset": so many requests, each taken back at once; "window": each with a window beyond 2^31-1, so that it
  // is we who reset it; "storm 200": just that many.
  static std::optional<std::string> storm_of(std::string_view rest) {
    const auto count = number(next_word(rest));
    if (!count) return std::nullopt;
    std::string out;
    for (std::uint32_t i = 0; i < *count; ++i) {
      out += h2::headers(2 * i + 1, {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}, {":path", "/"}});
      if (rest == "reset") out += h2::reset(2 * i + 1);
      if (rest == "window") out += h2::window(2 * i + 1, 0x7fffffff);
    }
    return out;
  }

  void add_frames(const std::string& bytes) {
    using Kind = H2Step::Kind;
    if (!joins_ || current_.steps.empty() || current_.steps.back().kind != Kind::ClientSends)
      current_.steps.push_back({Kind::ClientSends, {}, {}});
    for (std::uint32_t i = 0; i < times_; ++i) current_.steps.back().bytes += bytes;
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
  std::optional<Head> head_;
  std::uint32_t times_ = 1;
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

H2CaseFile load_h2_table() {
  std::set<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(FRONTDOOR_CONFORMANCE_H2_CASES))
    if (entry.path().extension() == ".txt") paths.insert(entry.path());
  H2CaseFile table;
  for (const auto& path : paths) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    H2CaseFile file = parse_h2_cases(path.stem().string(), text.str());
    std::move(file.cases.begin(), file.cases.end(), std::back_inserter(table.cases));
    std::move(file.errors.begin(), file.errors.end(), std::back_inserter(table.errors));
  }
  return table;
}

}  // namespace frontdoor::conformance
