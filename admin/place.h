// Where admin sockets are: a directory that nobody but its user (or root) can write to, never a name in /tmp that an
// enemy could take first. The program makes its socket in the first of these that will do; the command line looks
// into all of them.

#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace frontdoor {

// What the choice depends on. The texts are those of the environment, "" = not set.
struct AdminSurroundings {
  uid_t user = 0;
  std::string runtime_directory = {};  // RUNTIME_DIRECTORY, which systemd sets for RuntimeDirectory=
  std::string xdg_runtime = {};        // XDG_RUNTIME_DIR
  std::string xdg_state = {};          // XDG_STATE_HOME
  std::string home = {};               // HOME
  std::string state_directory = {};    // STATE_DIRECTORY, which systemd sets for StateDirectory=

  static AdminSurroundings of_this_process();
};

// Where the program may make its socket, the best place first. Empty when the user has none. Pure.
std::vector<std::string> admin_directories(const AdminSurroundings& surroundings);

// Where what a program keeps over restarts belongs, as the log of one that runs detached; "" = nowhere. Pure.
std::string state_directory(const AdminSurroundings& surroundings);

// Where the file of what operators have ordered is; "" = nowhere. Pure.
std::string state_file_directory(const AdminSurroundings& surroundings);

// Makes it if it is not there, though not what is above a user's runtime directory. "" or why it will not do: not
// ours, or others may write there.
std::string prepare_directory(const std::string& directory);

// The paths of all admin sockets that there are in the directories of this user and of the services of this machine,
// sorted. Whether anybody listens there is another question.
std::vector<std::string> find_admin_sockets(const AdminSurroundings& surroundings);

}  // namespace frontdoor
