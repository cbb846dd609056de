// The name of a pool's log files: `file` in its config, with what differs between them to be filled in, and which
// files of a directory are such ones. Pure.
//
//   /var/log/shop/{instance}.log  →  /var/log/shop/app.1.log, and when it is full app.1.log.1, app.1.log.2, …

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "supervisor/output/recent_lines.h"

namespace frontdoor {

class LogFileName {
 public:
  // {pool}, {instance} and {stream} (stdout or stderr); the last two in the file's own name only.
  LogFileName(std::string pattern, std::string pool) : pattern_(std::move(pattern)), pool_(std::move(pool)) {}

  std::string path(std::string_view instance, OutputStream stream) const;
  bool for_each_instance() const { return pattern_.find("{instance}") != std::string::npos; }
  bool for_each_stream() const { return pattern_.find("{stream}") != std::string::npos; }

  std::string directory() const;  // "." when there is none
  // Which generation a file of that directory is: 0 = written now, or left by an instance that is no more; 1 = the
  // newest of the full ones. Nothing: it is not ours.
  std::optional<std::uint32_t> generation(std::string_view file) const;

 private:
  std::string filled(std::string_view pattern, std::string_view instance, std::string_view stream) const;
  std::string_view own_name() const;

  std::string pattern_;
  std::string pool_;
};

}  // namespace frontdoor
