// Whether somebody takes the end of this process for the end of the service, so that another process in its place would be ended
// with it or fought by a third one. Pure, but for the name. Any thread.

#pragma once

#include <sys/types.h>

#include <string>

namespace frontdoor {

struct MainProcess {
  pid_t self = 0;
  const char* systemd_exec_pid = nullptr;  // SYSTEMD_EXEC_PID (systemd.exec(5), since 248): whom systemd itself has executed
  bool notifies = false;                   // systemd can be told who the main process is
  std::string parent = {};                 // its program's name; "" = it was not started as a service
};

// Why no other process can take its place, with the way out; "" when one can.
std::string why_it_cannot_leave(const MainProcess& main);

std::string name_of_parent();  // as /proc has it: 15 bytes at most

}  // namespace frontdoor
