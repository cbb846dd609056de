#include "conformance/frame_lines.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "http2/error_code.h"

namespace frontdoor::conformance {

namespace h2 = testing::h2;

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

namespace {

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

bool is_status(std::string_view word) { return word.size() == 3 && number(word); }

// "settings 4=10 3=1".
std::string settings_of(std::string_view rest) {
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
std::optional<std::string> storm_of(std::string_view rest) {
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

}  // namespace

std::string FrameLines::Head::bytes() const {
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

bool FrameLines::continues(std::string_view line) {
  if (!head_) return false;
  if (line.size() > 1 && line[1] == ' ' && std::string_view("+-=^").find(line[0]) != std::string_view::npos) {
    edit_head(line[0], line.substr(2));
    return true;
  }
  add(head_->bytes());
  head_.reset();
  return false;
}

void FrameLines::take(std::string_view rest) {
  times_ = 1;
  if (rest.starts_with('*')) {
    rest.remove_prefix(1);
    times_ = number(next_word(rest)).value_or(0);
  } else if (rest.starts_with(' ')) {
    rest.remove_prefix(1);
  }
  const auto verb = next_word(rest);
  if (is_method(verb) || is_status(verb) || verb == "head") return begin_head(verb, rest);
  if (const auto frame = frames_of(verb, rest)) return add(*frame);
  error_ = "unknown frame \"" + std::string(verb) + "\"";
}

void FrameLines::add(const std::string& bytes) {
  for (std::uint32_t i = 0; i < times_; ++i) bytes_ += bytes;
}

// "+ name value" behind the others, "^" before them, "=" instead, "-" takes away.
void FrameLines::edit_head(char how, std::string_view rest) {
  const std::string name = unescape(next_word(rest));
  const std::string value = unescape(rest);
  h2::Pairs& fields = head_->fields;
  const auto found = std::find_if(fields.begin(), fields.end(), [&](const auto& field) { return field.first == name; });
  if (how == '+') fields.emplace_back(name, value);
  else if (how == '^') fields.emplace(fields.begin(), name, value);
  else if (found == fields.end()) error_ = "no field " + name + " to be changed";
  else if (how == '=') found->second = value;
  else fields.erase(found);
}

// "GET 1 /path", "200 1", "head 1": then its fields. Options: end, open, unfinished, split=N, pad=N, depends=N.
void FrameLines::begin_head(std::string_view verb, std::string_view rest) {
  Head head;
  const auto stream = number(next_word(rest));
  if (!stream) return void(error_ = "stream expected");
  head.stream = *stream;
  if (is_method(verb)) {
    head.ends = verb != "POST" && verb != "PUT" && verb != "CONNECT";
    const std::string path = unescape(next_word(rest));
    head.fields = {{":method", std::string(verb)}, {":scheme", "http"}, {":authority", "a"}, {":path", path}};
    if (path.empty()) error_ = "path expected";
  }
  if (is_status(verb)) {
    head.ends = false;
    head.fields = {{":status", std::string(verb)}};
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
    else error_ = "unknown option \"" + std::string(option) + "\"";
  }
  head_ = std::move(head);
}

}  // namespace frontdoor::conformance
