// The thread behind the access log: takes full buffers from the workers, writes them, and sees to the file
// that they go to. The queue is bounded in bytes, and what the writer has in hand counts: a destination that
// stalls costs 8 MiB and then lines, never memory. Buffers go round: the worker that hands over a full one
// takes an empty one back, so that nothing is allocated in the steady state.

#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "base/log_destination.h"
#include "base/log_rotation.h"
#include "base/time.h"
#include "proxy/access_log/access_log.h"

namespace frontdoor {

class AccessLogWriter {
 public:
  // `events` may be null. `look_every`: how often it is seen whether the file is still where it was.
  AccessLogWriter(std::atomic<std::uint64_t>& lost_lines, Log* events, Millis look_every)
      : lost_(lost_lines), events_(events), look_every_(look_every) {}
  ~AccessLogWriter() { stop(); }

  // The control thread. `output` as in the config; "" when it was opened, else why not.
  std::string open(const std::string& output);
  void start();
  void change_output(const std::string& output);  // opened by the writer, before the next line
  bool reopen();                                  // false: it is no file. Any thread; returns at once
  void stop();                                    // writes what is left, for two seconds at most

  // Workers. Takes `buffer` and gives an empty one for it; false when the queue is full.
  bool hand_over(std::string& buffer);

  AccessLog::Loss last_loss() const;  // any thread

 private:
  void run();
  bool see_to_file(bool asked);  // false: there was no memory for it
  void see_to_file(bool asked, const std::string& wanted);
  std::string open_destination(const std::string& output);
  void write_and_keep(std::string& buffer);

  std::atomic<std::uint64_t>& lost_;
  Log* const events_;
  const Millis look_every_;

  // The writer's, once it runs.
  LogDestination destination_;
  LogRotation rotation_;
  std::string output_;  // what is open

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::string wanted_;
  std::vector<std::string> queue_;
  std::vector<std::string> spares_;
  std::size_t bytes_ = 0;  // queued or being written
  AccessLog::Loss loss_;
  bool open_wanted_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace frontdoor
