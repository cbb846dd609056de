// Where the lines of all instances go: this program's standard output, each behind its instance's name. A
// reader that is slow slows the apps down, never the front door; one that takes nothing at all for a while
// loses lines, which are counted, so that no app ever stands still for it. Control thread.
//
//   app.1 | Server listening on 24001

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/log.h"
#include "supervisor/recent_lines.h"

namespace frontdoor {

class OutputSink {
 public:
  // Does not own `fd`. `coloured`: each name in a colour of its own.
  OutputSink(boost::asio::io_context& control, Log& log, int fd, bool coloured);

  void write(const std::string& instance, std::string_view line);
  // Returns when there is room for more.
  boost::asio::awaitable<void> room();
  void flush();  // what can be written without waiting

  std::uint64_t lost_lines() const { return lost_; }

 private:
  std::string prefix_of(const std::string& instance);
  void give_up();

  boost::asio::io_context& control_;
  Log& log_;
  const int fd_;
  const bool coloured_;
  std::string pending_;
  std::map<std::string, std::size_t> inks_;
  std::size_t widest_ = 0;
  std::uint64_t lost_ = 0;
  bool told_ = false;
};

}  // namespace frontdoor
