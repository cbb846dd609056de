#include "supervisor/launcher/launch.h"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include "base/search_path.h"
#include "supervisor/launcher/process_ops.h"

namespace frontdoor {

namespace {

std::string_view value_of(const std::vector<std::string>& environment, std::string_view name) {
  for (const std::string& variable : environment)
    if (variable.size() > name.size() && variable.starts_with(name) && variable[name.size()] == '=')
      return std::string_view(variable).substr(name.size() + 1);
  return {};
}

// Where a command may be: itself when it has a slash, else in each directory of PATH.
std::vector<std::string> candidates(const LaunchRequest& request) {
  const std::string& command = request.command.front();
  if (command.find('/') != std::string::npos) return {command};
  std::vector<std::string> found = directories_of_path(value_of(request.environment, "PATH"));
  for (std::string& place : found) place += '/' + command;
  return found;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (std::string& word : words) out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

// What the child does between fork and exec. It never returns: the reason of a failure goes through `report`.
class Child {
 public:
  Child(const LaunchRequest& request, const ChildDescriptors& descriptors, int report, pid_t parent, ProcessOps& ops)
      : request_(request), descriptors_(descriptors), report_(report), parent_(parent), ops_(ops) {}

  [[noreturn]] void run() {
    try {
      carry_out();
    } catch (const std::bad_alloc&) {
      errno = ENOMEM;
    }
    fail(LaunchStage::Fork);
  }

 private:
  [[noreturn]] void carry_out() {
    // A session of its own has no terminal, so nothing that the app does with one can stop it (SIGTTIN,
    // SIGTTOU), and Ctrl-C reaches the front door alone, which passes on one stop signal.
    ::setsid();
    reset_signals();
    arrange_descriptors();
    if (request_.umask) ::umask(static_cast<mode_t>(*request_.umask));
    for (const ResourceLimit& limit : request_.limits) {
      const rlimit value{limit.soft, limit.hard};
      if (::setrlimit(static_cast<__rlimit_resource>(limit.resource), &value) != 0) fail(LaunchStage::Limits);
    }
    if (request_.identity) become(*request_.identity);
    // As the user who will run there, so that a directory which only root may enter is an error now.
    if (!request_.directory.empty() && ::chdir(request_.directory.c_str()) != 0) fail(LaunchStage::Directory);
    if (request_.parent_death_signal != 0) {
      ::prctl(PR_SET_PDEATHSIG,
              static_cast<unsigned long>(request_.parent_death_signal));  // not before setuid: that clears it
      if (::getppid() != parent_) ::_exit(127);                           // it died in between
    }
    execute();
  }

  void reset_signals() {
    for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
  }

  // Moved out of the way first: any of them may have a number that another one is to get.
  void arrange_descriptors() {
    const int places = 3 + static_cast<int>(descriptors_.sockets.size());
    const int report = ops_.duplicate_above(report_, places);
    if (report < 0) fail(LaunchStage::Fork);
    report_ = report;
    std::vector<int> wanted{ops_.open_null(), descriptors_.output, descriptors_.errors};
    wanted.insert(wanted.end(), descriptors_.sockets.begin(), descriptors_.sockets.end());
    for (int& fd : wanted) {
      if (fd < 0) fail(LaunchStage::Fork);
      fd = ops_.duplicate_above(fd, places);
      if (fd < 0) fail(LaunchStage::Fork);
    }
    for (std::size_t i = 0; i < wanted.size(); ++i)
      if (ops_.place(wanted[i], static_cast<int>(i)) < 0) fail(LaunchStage::Fork);
    // The rest now, and not by exec: a child that does not come as far must hold nothing of what others wait for.
    ::close_range(static_cast<unsigned>(wanted.size()), static_cast<unsigned>(report_ - 1), 0);
    ::close_range(static_cast<unsigned>(report_ + 1), ~0U, 0);
  }

  void become(const ProcessIdentity& identity) {
    const std::vector<gid_t> groups(identity.groups.begin(), identity.groups.end());
    if (::setgroups(groups.size(), groups.data()) != 0 || ::setgid(identity.gid) != 0 ||
        ::setuid(identity.uid) != 0)
      fail(LaunchStage::Identity);
  }

  [[noreturn]] void execute() {
    std::vector<std::string> words = request_.command;
    std::vector<std::string> variables = request_.environment;
    if (request_.passed_sockets != 0) {  // sd_listen_fds(3): only the process that is named may take them
      variables.push_back("LISTEN_FDS=" + std::to_string(request_.passed_sockets));
      variables.push_back("LISTEN_PID=" + std::to_string(::getpid()));
    }
    const auto argv = pointers(words);
    const auto envp = pointers(variables);
    int most_telling = ENOENT;
    for (const std::string& path : candidates(request_)) {
      ops_.execute(path.c_str(), argv.data(), envp.data());
      if (errno == ENOEXEC) run_by_shell(path, words, envp.data());
      // As execvp: a file that may not be executed is looked for further on, but is the better reason in the
      // end.
      if (errno != ENOENT && errno != ENOTDIR) most_telling = errno;
      if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) break;
    }
    errno = most_telling;
    fail(LaunchStage::Exec);
  }

  // A script without #!, as every shell and execvp treat it.
  void run_by_shell(const std::string& path, const std::vector<std::string>& words, char* const* envp) {
    std::vector<std::string> shell{"/bin/sh", path};
    shell.insert(shell.end(), words.begin() + 1, words.end());
    ops_.execute("/bin/sh", pointers(shell).data(), envp);
  }

  [[noreturn]] void fail(LaunchStage stage) {
    const LaunchFailure failure{stage, errno};
    ::signal(SIGPIPE, SIG_IGN);  // nobody may be there any more who wants to know
    [[maybe_unused]] const auto written = ::write(report_, &failure, sizeof failure);
    ::_exit(127);
  }

  const LaunchRequest& request_;
  const ChildDescriptors& descriptors_;
  int report_;
  const pid_t parent_;
  ProcessOps& ops_;
};

}  // namespace

int open_pidfd(pid_t pid) { return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)); }

Launched launch(const LaunchRequest& request, const ChildDescriptors& descriptors, ProcessOps& ops) {
  int report[2];
  if (ops.pipe(report) != 0) return {.failure = {LaunchStage::Fork, errno}};
  ::fcntl(report[0], F_SETFL, O_NONBLOCK);
  const pid_t parent = ::getpid();
  const pid_t pid = ops.fork();
  if (pid == 0) {
    ::close(report[0]);
    Child(request, descriptors, report[1], parent, ops).run();
  }
  Launched launched{.pid = pid, .report = report[0]};
  if (pid > 0) launched.pidfd = ops.open_pidfd(pid);
  if (launched.pidfd < 0) launched.failure = {LaunchStage::Fork, errno};
  ::close(report[1]);
  if (launched.ok()) return launched;
  ::close(std::exchange(launched.report, -1));
  if (pid > 0) ::kill(pid, SIGKILL);
  return launched;
}

std::optional<LaunchFailure> outcome_of_launch(int report) {
  LaunchFailure failure;
  const ssize_t got = ::read(report, &failure, sizeof failure);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return std::nullopt;
  return got == static_cast<ssize_t>(sizeof failure) ? failure : LaunchFailure{};
}

}  // namespace frontdoor
