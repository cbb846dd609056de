// The thread behind one destination of what instances write: takes blocks of lines from the control thread and
// writes them, so that a slow disk or a stopped terminal holds up neither probes nor apps. The queue is bounded in
// bytes; what it has no room for is lost and counted. The control thread calls all of this.

#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/time.h"

namespace frontdoor {

// What the writer's thread has to say; told by the control thread, which may end before that thread does.
struct OutputNews {
  LogLevel level = LogLevel::Info;
  std::string event;
  std::string file;
  std::string reason = {};
};

// Where the blocks go. The writer's thread alone, but for finish_by.
class OutputDestination {
 public:
  virtual ~OutputDestination() = default;
  // `name`: which one of several files. Returns how many of the lines were lost.
  virtual std::uint64_t write(const std::string& name, std::string_view lines) = 0;
  virtual std::string last_error() const = 0;  // why they were
  virtual void look(bool asked) = 0;           // every second, and when somebody has asked for new files
  virtual std::vector<OutputNews> take_news() { return {}; }
  virtual void finish_by(TimePoint deadline) = 0;  // nothing is waited for any longer. Any thread
};

class OutputWriter {
 public:
  static constexpr std::size_t kMostBytes = 4 * 1024 * 1024;

  // `what`: how the destination is called in events. `look_every`: the time between two looks.
  OutputWriter(std::string what, std::unique_ptr<OutputDestination> destination,
               Millis look_every = Millis{1'000});
  ~OutputWriter() { close(); }

  void hand_over(const std::string& name, std::string_view lines, std::uint64_t count);
  bool behind() const;  // it takes less than it is given: more than half of the room is used
  void look_now();      // opens its files again
  // Writes what is left, two seconds at most; a destination that is stuck is left to itself.
  void close();
  void begin_close();  // the same without waiting for it
  bool ended() const;

  const std::string& what() const { return what_; }
  std::uint64_t lost() const;
  std::string last_loss() const;  // why
  std::vector<OutputNews> take_news();

 private:
  struct State;
  static void run(const std::shared_ptr<State>& state);

  const std::string what_;
  const std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace frontdoor
