// What happened lately, kept in memory for whoever asks afterwards: each event of the log from level info on, whatever
// level is written and whether or not its destination takes it. Bounded in number and bytes; the oldest goes first.
// Events come from any thread and are told to one listener; reading and writing share a lock that is held for a copy of
// pointers, never for a system call.
//
//   EventHistory history;
//   log.set_sink(&history);
//   for (const auto& event : history.last(20, {})) …

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"

namespace frontdoor {

struct Event {
  struct Field {
    std::string key;
    std::string value;
    bool number = false;
    bool operator==(const Field&) const = default;
  };

  std::int64_t id = 0;           // its moment, made unique: ids grow from event to event, and over restarts
  std::uint64_t number = 0;      // 1, 2, … of this process: a gap is what was forgotten
  std::int64_t unix_micros = 0;  // when it was
  LogLevel level = LogLevel::Info;
  std::string text = {};      // what happened, in the words of the log: "upstream down"
  std::string pool = {};      // "" = it is about none
  std::string upstream = {};  // likewise; an instance's name where one is meant: "app.1"
  std::vector<Field> fields = {};  // all of them, in the log's order; pool and upstream are among them

  std::string_view field(std::string_view key) const;  // "" when it has none
};

struct EventFilter {
  LogLevel least = LogLevel::Info;
  std::string pool = {};  // or what is of one: "app", "app.2", "app/10.0.0.2:8080"; "" = whatever it is about
  bool takes(const Event& event) const { return event.level >= least && is_about(event); }

 private:
  bool is_about(const Event& event) const;
};

class EventHistory final : public LogSink {
 public:
  struct Bounds {
    std::size_t events = 2'000;
    std::size_t bytes = std::size_t{1} << 20;  // of their texts and fields
  };
  using Events = std::vector<std::shared_ptr<const Event>>;  // oldest first

  EventHistory() = default;
  explicit EventHistory(Bounds bounds) : bounds_(bounds) {}

  void took(std::chrono::system_clock::time_point at, LogLevel level, std::string_view text,
            LogFields fields) noexcept override;

  Events last(std::size_t most, const EventFilter& filter) const;
  Events since(std::int64_t id, std::size_t most, const EventFilter& filter) const;  // those behind it

  // For one that follows: what came behind this number, and how many of these are forgotten already.
  struct Batch {
    Events events = {};
    std::uint64_t skipped = 0;
  };
  Batch behind(std::uint64_t number, std::size_t most) const;
  std::uint64_t last_number() const;
  std::int64_t last_id() const;       // 0 = there was none
  std::uint64_t forgotten() const;    // how many are no longer kept

  // Is called after each event, on its thread and with no lock of the reader's; must not throw, nor log. Empty = nobody.
  void set_listener(std::function<void()> listener);

 private:
  void keep(std::shared_ptr<Event> event, std::size_t bytes);

  const Bounds bounds_{};
  mutable std::mutex mutex_;
  std::deque<std::pair<std::shared_ptr<const Event>, std::size_t>> events_;
  std::size_t bytes_ = 0;
  std::int64_t last_id_ = 0;
  std::uint64_t last_number_ = 0;
  std::mutex listener_mutex_;
  std::function<void()> listener_;
};

}  // namespace frontdoor
