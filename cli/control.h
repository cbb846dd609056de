// The commands that ask a running frontdoor and tell it things: status, restart, stop, start, scale, logs, shutdown.
// Exit status 1 when there is none, or when it could not do it. Main thread, blocking.

#pragma once

#include "cli/arguments.h"
#include "cli/program.h"

namespace frontdoor::cli {

int show_status(const StatusCommand& command, const Streams& streams);
int operate(const OperateCommand& command, const Streams& streams);
int show_logs(const LogsCommand& command, const Streams& streams);
int shut_down(const ShutdownCommand& command, const Streams& streams);

}  // namespace frontdoor::cli
