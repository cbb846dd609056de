#include "cli/live_screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ostream>

namespace frontdoor::cli {

namespace {

constexpr std::string_view kHome = "\033[H";
constexpr std::string_view kToEndOfLine = "\033[K";
constexpr std::string_view kBelow = "\033[J";
constexpr std::string_view kClear = "\033[2J";
constexpr std::string_view kHideCursor = "\033[?25l";
constexpr std::string_view kShowCursor = "\033[?25h";

}  // namespace

std::string over_the_last(std::string_view page, int rows) {
  std::string text(kHome);
  const auto lines = std::count(page.begin(), page.end(), '\n');
  const bool cut = rows > 1 && lines > rows - 1;
  for (int line = 0; !page.empty(); ++line) {
    if (cut && line == rows - 2) {
      text += "… " + std::to_string(lines - line) + " more lines";
      text += kToEndOfLine;
      text += "\r\n";
      break;
    }
    const auto end = std::min(page.find('\n'), page.size());
    text += page.substr(0, end);
    text += kToEndOfLine;
    text += "\r\n";
    page.remove_prefix(std::min(end + 1, page.size()));
  }
  return text + std::string(kBelow);
}

LiveScreen::LiveScreen(std::ostream& out) : out_(out), terminal_(::isatty(STDOUT_FILENO) == 1) {
  sigset_t ending;
  ::sigemptyset(&ending);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&ending, signal);
  ::pthread_sigmask(SIG_BLOCK, &ending, &mask_before_);
  signals_ = ::signalfd(-1, &ending, SFD_CLOEXEC | SFD_NONBLOCK);
  if (!terminal_) return;
  if (::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &before_) == 0) {
    termios each_key = before_;
    each_key.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    keys_ = ::tcsetattr(STDIN_FILENO, TCSADRAIN, &each_key) == 0;
  }
  out_ << kHideCursor << kClear << std::flush;
}

LiveScreen::~LiveScreen() {
  if (terminal_) out_ << kShowCursor << std::flush;
  if (keys_) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  if (signals_ >= 0) ::close(signals_);
  ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr);
}

int LiveScreen::rows() const {
  winsize size{};
  return terminal_ && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

void LiveScreen::show(const std::string& page) {
  if (terminal_)
    out_ << over_the_last(page, rows()) << std::flush;
  else
    out_ << page << std::endl;
}

bool LiveScreen::wait(Millis pause) {
  const TimePoint until = Clock::now() + pause;
  for (TimePoint now = Clock::now(); now < until; now = Clock::now()) {
    pollfd watched[] = {{signals_, POLLIN, 0}, {keys_ ? STDIN_FILENO : -1, POLLIN, 0}};
    const auto left = std::chrono::ceil<Millis>(until - now).count();
    if (::poll(watched, 2, static_cast<int>(left)) < 0) continue;
    if ((watched[0].revents & POLLIN) != 0) {
      signalfd_siginfo signal{};
      return ::read(signals_, &signal, sizeof signal) < 0;  // it has been asked to end
    }
    if (watched[1].revents == 0) continue;
    char key = 0;
    if (::read(STDIN_FILENO, &key, 1) != 1 || key == 'q' || key == 'Q') return false;
  }
  return !!out_;
}

}  // namespace frontdoor::cli
