// The event log: what happened and why, one line an event (a site went down, a reload was refused, …). Requests have
// their own log (proxy/access_log). Any thread; lines are written whole with one write(2). A full or broken
// destination loses lines and counts them: logging never blocks or fails the program.
//
//   log.info("upstream down", {{"pool", "app"}, {"upstream", "127.0.0.1:3001"}, {"reason", "connection refused"}});
//
// text: 12:01:07.123 info  upstream down  pool=app upstream=127.0.0.1:3001 reason="connection refused"
// json: {"time":"2026-11-23T12:01:07.123456Z","level":"info","event":"upstream down","pool":"app",…}

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>

namespace frontdoor {

enum class LogLevel : std::uint8_t { Debug, Info, Warn, Error };
std::string_view to_word(LogLevel level);  // "info"
enum class LogFormat : std::uint8_t { Auto, Text, Json };  // Auto: text on a terminal, JSON otherwise

// One "key":value of an event. Numbers stay numbers in JSON.
struct LogField {
  std::string_view key;
  std::string value;
  bool number = false;

  LogField(std::string_view k, std::string_view v) : key(k), value(v) {}
  LogField(std::string_view k, const char* v) : key(k), value(v) {}
  LogField(std::string_view k, const std::string& v) : key(k), value(v) {}
  LogField(std::string_view k, std::int64_t v) : key(k), value(std::to_string(v)), number(true) {}
  LogField(std::string_view k, int v) : key(k), value(std::to_string(v)), number(true) {}
  LogField(std::string_view k, std::uint64_t v) : key(k), value(std::to_string(v)), number(true) {}
};

using LogFields = std::initializer_list<LogField>;

// Is told each event from level info on, whatever level is written and whether or not its line is lost. Any thread.
class LogSink {
 public:
  virtual void took(std::chrono::system_clock::time_point at, LogLevel level, std::string_view event,
                    LogFields fields) noexcept = 0;

 protected:
  ~LogSink() = default;
};

class Log {
 public:
  using Fields = LogFields;

  Log(int fd, LogLevel level, LogFormat format);  // does not own fd

  void debug(std::string_view event, Fields fields = {}) { write(LogLevel::Debug, event, fields); }
  void info(std::string_view event, Fields fields = {}) { write(LogLevel::Info, event, fields); }
  void warn(std::string_view event, Fields fields = {}) { write(LogLevel::Warn, event, fields); }
  void error(std::string_view event, Fields fields = {}) { write(LogLevel::Error, event, fields); }

  bool enabled(LogLevel level) const { return level >= level_.load(std::memory_order_relaxed); }
  void set_level(LogLevel level) { level_.store(level, std::memory_order_relaxed); }
  void set_format(LogFormat format);
  // One, which outlives the last event.
  void set_sink(LogSink* sink) { sink_.store(sink, std::memory_order_release); }
  std::uint64_t lost_lines() const { return lost_.load(std::memory_order_relaxed); }

 private:
  void write(LogLevel level, std::string_view event, Fields fields);
  bool send(std::string& line);

  const int fd_;
  std::atomic<LogSink*> sink_{nullptr};
  std::atomic<LogLevel> level_;
  std::atomic<bool> json_;
  std::atomic<std::uint64_t> lost_{0};
  std::mutex mutex_;   // "is there room" and "write" belong together; neither waits
  bool torn_ = false;  // the last line was cut short: the next one starts on a line of its own
};

}  // namespace frontdoor
