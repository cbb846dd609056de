// The event log as a string, to see what people would be told.

#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "base/log.h"

namespace frontdoor::test {

class CapturedLog {
 public:
  CapturedLog() : fd_(::memfd_create("log", MFD_CLOEXEC)), log_(fd_, LogLevel::Debug, LogFormat::Json) {}
  ~CapturedLog() { ::close(fd_); }
  CapturedLog(const CapturedLog&) = delete;
  CapturedLog& operator=(const CapturedLog&) = delete;

  Log& log() { return log_; }

  std::string text() const {
    std::string out;
    char buffer[4096];
    ssize_t got = 0;
    while ((got = ::pread(fd_, buffer, sizeof buffer, static_cast<off_t>(out.size()))) > 0) {
      out.append(buffer, static_cast<std::size_t>(got));
    }
    return out;
  }

  int count(const std::string& part) const {
    const std::string all = text();
    int found = 0;
    for (auto at = all.find(part); at != std::string::npos; at = all.find(part, at + 1)) ++found;
    return found;
  }
  bool says(const std::string& part) const { return count(part) > 0; }

 private:
  const int fd_;
  Log log_;
};

}  // namespace frontdoor::test
