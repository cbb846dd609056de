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
#include "base/time.h"
#include "proxy/access_log/access_log.h"
#include "proxy/access_log/access_log_file.h"

namespace frontdoor {

class AccessLogWriter {
 public:
  // `events` may be null. `look_every`: how often it is seen whether the file is still where it was.
  AccessLogWriter(std::atomic<std::uint64_t>& lost_lines, std::atomic<std::uint64_t>& failed_rotations, Log* events,
                  Millis look_every)
      : lost_(lost_lines), look_every_(look_every), file_(failed_rotations, events) {}
  ~AccessLogWriter() { stop(); }

  // The control thread. "" when its output was opened, else why not.
  std::string open(const config::AccessLog& config);
  void start();
  void change(const config::AccessLog& config);  // another output is opened by the writer, before the next line
  bool reopen();                                  // false: it is no file. Any thread; returns at once
  void stop();                                    // writes what is left, for two seconds at most

  // Workers. Takes `buffer` and gives an empty one for it; false when the queue is full.
  bool hand_over(std::string& buffer);

  AccessLog::Loss last_loss() const;  // any thread

 private:
  void run();
  bool see_to_file(bool asked);  // false: there was no memory for it
  void write_and_keep(std::string& buffer);

  std::atomic<std::uint64_t>& lost_;
  const Millis look_every_;

  AccessLogFile file_;  // the writer's, once it runs

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  config::AccessLog wanted_;
  std::vector<std::string> queue_;
  std::vector<std::string> spares_;
  std::size_t bytes_ = 0;  // queued or being written
  AccessLog::Loss loss_;
  bool open_wanted_ = false;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace frontdoor
