// A line is rendered first and written with one call, when poll() says that the call will not wait.

#include "base/log.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstdio>
#include <ctime>

#include "base/json.h"
#include "base/terminal_text.h"

namespace frontdoor {
namespace {

using SystemTime = std::chrono::system_clock::time_point;

// What a pipe takes whole, unmixed with other writers' lines, and, once poll() has found room, without
// waiting.
constexpr std::size_t max_line = PIPE_BUF - 1;  // 1 for send()'s newline behind a torn line
// Values are cut to this when a line would be longer.
constexpr std::size_t short_value = 256;

long micros_of(SystemTime now) {
  const auto since = now.time_since_epoch();
  return static_cast<long>(std::chrono::duration_cast<std::chrono::microseconds>(since).count() % 1'000'000);
}

// Local time: text is read by a person at this terminal.
void append_text_time(std::string& out, SystemTime now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm tm{};
  localtime_r(&seconds, &tm);
  char text[48];
  std::snprintf(text, sizeof text, "%02d:%02d:%02d.%03ld", tm.tm_hour, tm.tm_min, tm.tm_sec,
                micros_of(now) / 1000);
  out += text;
}

void append_json_time(std::string& out, SystemTime now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm tm{};
  gmtime_r(&seconds, &tm);
  char text[96];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ", tm.tm_year + 1900, tm.tm_mon + 1,
                tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, micros_of(now));
  out += text;
}

// Quoted whenever a reader (or a terminal) could take the value for something else.
void append_text_value(std::string& out, std::string_view value, bool spaces_allowed) {
  bool plain = !value.empty();
  for (const char c : value)
    plain = plain &&
            ((c > ' ' && c < '\x7F' && c != '"' && c != '=' && c != '\\') || (c == ' ' && spaces_allowed));
  if (plain)
    out += value;
  else
    append_json_string(out, value);
}

std::string_view cut(std::string_view value, std::size_t limit) { return value.substr(0, limit); }

// A value of several lines is a stack trace or an app's last words: below the event's line, as it was written. Each of its
// lines is marked, so that none can pass for an event.
void append_block(std::string& out, std::string_view key, std::string_view value) {
  out += "    ";
  out += key;
  out += ":\n";
  while (!value.empty()) {
    const std::string_view text = value.substr(0, value.find('\n'));
    value.remove_prefix(std::min(text.size() + 1, value.size()));
    out += "    | ";
    append_terminal_text(out, text);
    out += '\n';
  }
}

std::string text_line(SystemTime now, LogLevel level, std::string_view event, Log::Fields fields,
                      std::size_t limit) {
  std::string line;
  append_text_time(line, now);
  line += ' ';
  line += to_word(level);
  line.append(6 - to_word(level).size(), ' ');
  append_text_value(line, cut(event, limit), true);
  const char* separator = "  ";
  std::string below;
  for (const auto& field : fields) {
    const std::string_view value = cut(field.value, limit);
    if (value.find('\n') != std::string_view::npos) {
      append_block(below, field.key, value);
      continue;
    }
    line += separator;
    line += field.key;
    line += '=';
    append_text_value(line, value, false);
    separator = " ";
  }
  line += '\n';
  return line + below;
}

std::string json_line(SystemTime now, LogLevel level, std::string_view event, Log::Fields fields,
                      std::size_t limit) {
  std::string line = "{\"time\":\"";
  append_json_time(line, now);
  line += "\",\"level\":\"";
  line += to_word(level);
  line += "\",\"event\":";
  append_json_string(line, cut(event, limit));
  for (const auto& field : fields) {
    line += ',';
    append_json_string(line, field.key);
    line += ':';
    if (field.number)
      line += field.value;
    else
      append_json_string(line, cut(field.value, limit));
  }
  line += "}\n";
  return line;
}

// False for a full pipe or terminal even when the descriptor is a blocking one, as stderr usually is. We do
// not make it non-blocking: that flag would be shared with the shell and with every process that inherited
// it.
bool has_room(int fd) {
  pollfd descriptor{.fd = fd, .events = POLLOUT, .revents = 0};
  return poll(&descriptor, 1, 0) == 1 && (descriptor.revents & POLLOUT) != 0;
}

}  // namespace

std::string_view to_word(LogLevel level) {
  switch (level) {
    case LogLevel::Debug:
      return "debug";
    case LogLevel::Info:
      return "info";
    case LogLevel::Warn:
      return "warn";
    case LogLevel::Error:
      return "error";
  }
  return "";
}

Log::Log(int fd, LogLevel level, LogFormat format) : fd_(fd), level_(level) { set_format(format); }

void Log::set_format(LogFormat format) {
  const bool json = format == LogFormat::Json || (format == LogFormat::Auto && isatty(fd_) == 0);
  json_.store(json, std::memory_order_relaxed);
}

void Log::write(LogLevel level, std::string_view event, Fields fields) {
  LogSink* const sink = level >= LogLevel::Info ? sink_.load(std::memory_order_acquire) : nullptr;
  if (sink == nullptr && !enabled(level)) return;
  const auto now = std::chrono::system_clock::now();
  if (sink != nullptr) sink->took(now, level, event, fields);
  if (!enabled(level)) return;
  try {
    const auto render = json_.load(std::memory_order_relaxed) ? json_line : text_line;
    std::string line = render(now, level, event, fields, std::string_view::npos);
    if (line.size() > max_line) line = render(now, level, event, fields, short_value);
    if (line.size() <= max_line && send(line)) return;
  } catch (...) {  // out of memory: the program has better things to do than to die of its log
  }
  lost_.fetch_add(1, std::memory_order_relaxed);
}

bool Log::send(std::string& line) {
  const std::lock_guard lock(mutex_);
  if (torn_) line.insert(line.begin(), '\n');
  if (!has_room(fd_)) return false;
  ssize_t written;
  do written = ::write(fd_, line.data(), line.size());
  while (written < 0 && errno == EINTR);
  if (written < 0) return false;
  const bool whole = static_cast<std::size_t>(written) == line.size();
  const ssize_t line_begins = torn_ ? 1 : 0;  // behind the newline that ends the torn one
  if (written > 0) torn_ = !whole && written > line_begins;
  return whole;
}

}  // namespace frontdoor
