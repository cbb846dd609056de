// Reads what the processes of one instance write, cuts it into lines, and passes them on. An app that writes faster
// than the pace waits for us; nothing else ever makes it wait. Owned by its instance, and by its own coroutines as
// long as a process holds a pipe. Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/time.h"
#include "supervisor/launcher/launcher_message.h"
#include "supervisor/output/app_output.h"
#include "supervisor/output/instance_logs.h"
#include "supervisor/output/line_splitter.h"
#include "supervisor/output/output_pace.h"

namespace frontdoor {

class OutputReader : public std::enable_shared_from_this<OutputReader> {
 public:
  OutputReader(boost::asio::io_context& control, Log& log, AppOutput& output, InstanceLogs& logs,
               std::shared_ptr<InstanceLog> lines);

  // The pipes of a process, until the last one that holds them has ended. Either may be missing.
  void follow(pid_t pid, OwnedFd output, OwnedFd errors);
  // The process has ended, and what it wrote is in the pipes: all of it is read now. Once more when what it had
  // started has ended, too.
  void drain();
  // Another one reads the pipes from now on. A line that was begun is given out as it is.
  void yield();

 private:
  struct Pipe {
    Pipe(boost::asio::io_context& control, int fd, pid_t process, OutputStream which)
        : descriptor(control, fd), late(control), pid(process), stream(which) {}
    boost::asio::posix::stream_descriptor descriptor;
    boost::asio::steady_timer late;  // for the end of a line that was begun
    LineSplitter splitter;
    const pid_t pid;
    const OutputStream stream;
    bool open = true;
  };
  using PipePointer = std::shared_ptr<Pipe>;

  std::string watch(OwnedFd& fd, pid_t pid, OutputStream stream);
  boost::asio::awaitable<void> watch_later(std::shared_ptr<OutputReader> self, OwnedFd fd, pid_t pid, OutputStream stream);
  boost::asio::awaitable<void> read(std::shared_ptr<OutputReader> self, PipePointer pipe);
  boost::asio::awaitable<void> keep_pace();
  std::size_t take_some(Pipe& pipe);  // 0: there is nothing now, or never again
  template <class Split>
  std::size_t pass_on(const Pipe& pipe, Split split);
  void await_end_of_line(const PipePointer& pipe);
  void tell_slowed(Duration waited, const OutputWriter* behind, TimePoint now);

  boost::asio::io_context& control_;
  Log& log_;
  AppOutput& output_;
  InstanceLogs& logs_;
  const std::shared_ptr<InstanceLog> lines_;
  const std::shared_ptr<PoolOutput> pool_;
  OutputPace pace_;
  std::vector<PipePointer> pipes_;  // of the process that was followed last
  std::uint64_t followed_ = 0;      // counts them
  Duration waited_{};               // since slowed_since_
  TimePoint slowed_since_{};
  TimePoint tell_again_{};
};

}  // namespace frontdoor
