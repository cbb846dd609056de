// While one front door takes another one's place (upgrade_plan.h). The listening sockets are shared by all of them, the
// instances belong to one at a time, and a front door that was dismissed only finishes what it has begun.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "supervisor/launcher/launcher_process.h"
#include "supervisor/launcher/successor_end.h"

namespace frontdoor {

using Kind = LauncherMessage::Kind;

namespace {

constexpr Millis kUsualTime{60'000};
constexpr Millis kLongestTime{600'000};
constexpr Millis kForWhatIsOwed{10'000};  // to the service manager, before the launcher is renewed all the same

// `why_not`: in its own words, where it had some left.
std::string why_it_ended(const siginfo_t& info, const std::string& why_killed, const std::string& why_not) {
  if (!why_killed.empty()) return why_not.empty() ? why_killed : why_killed + ": " + why_not;
  return why_successor_ended({.by_signal = info.si_code != CLD_EXITED, .value = info.si_status}, why_not);
}

}  // namespace

void Launcher::begin_upgrade(const LauncherMessage& asked) {
  const std::string path = asked.name;
  const auto refuse = [&](const std::string& reason) { tell(front_door_, {.kind = Kind::UpgradeFailed, .name = reason}); };
  if (stop_.began()) return refuse("this frontdoor is stopping");
  if (others_.size() >= kMostDraining) return refuse("too many of before are still draining");
  const Millis within = std::min(asked.code > 0 ? Millis{asked.code} : kUsualTime, kLongestTime);
  if (upgrade_.asked(Clock::now(), within) == UpgradeStep::Refuse) return refuse("an upgrade is under way");
  why_killed_.clear();
  why_not_.clear();
  start_successor(path);
}

void Launcher::start_successor(const std::string& path) {
  successor_.emplace();
  successor_->beside = true;
  std::string reason;
  words_.open(ops_);  // else it is not heard
  successors_ = OwnedFd(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (::access(path.c_str(), X_OK) != 0) reason = path + ": " + std::strerror(errno);
  else if (!fork_front_door(*successor_, path.c_str())) reason = std::string("no process can be made: ") + std::strerror(errno);
  words_.started();
  options_.before_a_word();
  if (reason.empty())
    return log_.info("a new front door starts beside the old one",
                     {{"program", path}, {"pid", static_cast<std::int64_t>(successor_->pid)}});
  successor_.reset();
  upgrade_.new_one_ended();
  give_up(reason);
}

// What the successor says, and those that it takes the place of. As long as one of those serves, the service manager's watchdog
// hears of it: the new one says nothing before it serves.
void Launcher::upgraded_message(FrontDoorProcess& from, LauncherMessage& message) {
  const bool of_successor = successor_ && &from == &*successor_;
  if (message.kind == Kind::Notify && !of_successor && !from.dismissed && message.name == kAlive) return notify(message.name);
  if (message.kind == Kind::UpgradeFailed && of_successor) why_not_ = message.name;
  UpgradeStep step = UpgradeStep::None;
  if (message.kind == Kind::Prepared && of_successor) step = upgrade_.prepared();
  if (message.kind == Kind::Yielded && &from == &front_door_) step = upgrade_.yielded();
  if (message.kind == Kind::Ready && &from == &front_door_) step = upgrade_.ready();
  switch (step) {
    case UpgradeStep::AskToYield: return tell(front_door_, {.kind = Kind::Yield});
    case UpgradeStep::HandOver: return hand_over_to_successor();
    case UpgradeStep::Dismiss: return dismiss_others(message.name);
    case UpgradeStep::GiveBack:  // it was told that it is over, and had let go already
      others_.push_back(std::exchange(front_door_, {}));
      give_back("the new one ended before it served");
      return;
    default: return;
  }
}

void Launcher::hand_over_to_successor() {
  if (front_door_.runs()) others_.push_back(std::exchange(front_door_, {}));
  front_door_ = std::move(*successor_);
  successor_.reset();
  if (options_.given.watchdog.count() != 0) notify(kAlive);  // it gets as long as any other to say so itself
  unheard_since_ = std::min(unheard_since_, Clock::now());    // until it says by StopWithin that it has come so far
  tell(front_door_, {.kind = Kind::Go});
  hand_over();
}

void Launcher::dismiss_others(const std::string& version) {
  const std::string path = "/proc/" + std::to_string(front_door_.pid) + "/exe";
  OwnedFd program(::open(path.c_str(), O_PATH | O_CLOEXEC));
  // A file with capabilities is hidden from whoever has not all of them. What its path led to is the same, or starts it.
  program_ = program.valid() ? std::move(program) : std::move(successors_);
  successors_ = {};
  for (FrontDoorProcess& other : others_) {
    if (other.dismissed) continue;
    tell(other, {.kind = Kind::Leave, .pid = front_door_.pid, .name = version});
    other.dismissed = true;
    other.over_at = Clock::now() + other.stop_within.value_or(stop_within_);
  }
  pause_ = Millis{0};
  renew_wanted_ = true;
  renew_at_ = {};
  owed_until_ = Clock::now() + kForWhatIsOwed;
  checked_ = false;
  ++programs_;
  if (std::exchange(reload_later_, false)) ::kill(front_door_.pid, SIGHUP);
}

// To the one that serves.
void Launcher::give_up(const std::string& reason) {
  tell(front_door_, {.kind = Kind::UpgradeFailed, .name = reason});
  if (std::exchange(reload_later_, false) && front_door_.runs()) ::kill(front_door_.pid, SIGHUP);
}

// What the new one has kept or dropped of the listening sockets is none of the old one's, which has them all itself and
// says which those are.
bool Launcher::give_back(const std::string& reason) {
  const auto old = std::find_if(others_.begin(), others_.end(), [](const FrontDoorProcess& other) { return !other.dismissed; });
  if (old == others_.end()) return false;
  front_door_ = std::move(*old);
  others_.erase(old);
  stop_within_ = front_door_.stop_within.value_or(stop_within_);
  kept_.close_listeners();
  tell(front_door_, {.kind = Kind::Reclaim, .name = reason});
  hand_over();
  if (std::exchange(reload_later_, false)) ::kill(front_door_.pid, SIGHUP);
  return true;
}

// Of one that is none of ours perhaps, and has said why it fails in no other way.
void Launcher::hear_its_words() {
  if (words_.fd() >= 0 && !words_.hear()) words_.close();
  if (why_not_.empty()) why_not_ = words_.text();
}

void Launcher::successor_ended(const siginfo_t& info) {
  hear_last_words(*successor_);
  hear_its_words();
  successor_.reset();
  if (upgrade_.new_one_ended() == UpgradeStep::GiveUp) give_up(why_it_ended(info, why_killed_, why_not_));
}

// From now on one that ends before it serves has not ended in order: its instances are waiting for one that does.
void Launcher::note_crash(const siginfo_t& info) {
  if (info.si_code != CLD_EXITED || info.si_status != 0) crashed_before_ = true;
}

// True: another one serves still, which has the instances again; or a successor is about to take its place.
bool Launcher::ended_before_it_was_ready(const siginfo_t& info) {
  if (successor_) {
    options_.before_a_word();
    log_.error("the front door ended while a new one starts, which takes its place");
    note_crash(info);
    kept_.front_door_crashed(Clock::now());
    unheard_since_ = std::min(unheard_since_, Clock::now());
    if (upgrade_.old_one_ended() == UpgradeStep::HandOver) hand_over_to_successor();
    return true;
  }
  if (upgrade_.under_way()) hear_its_words();
  upgrade_.new_one_ended();
  const std::string reason = why_it_ended(info, std::exchange(why_killed_, {}), why_not_);
  if (!give_back(reason)) return false;
  options_.before_a_word();
  log_.error("the new front door ended before it served: the old one has the instances again", {{"reason", reason}});
  return true;
}

void Launcher::other_ended(const siginfo_t& info) {
  const auto gone = std::find_if(others_.begin(), others_.end(),
                                 [&](const FrontDoorProcess& other) { return other.pid == info.si_pid; });
  const bool dismissed = gone->dismissed;
  if (!dismissed) note_crash(info);
  others_.erase(gone);
  options_.before_a_word();
  if (info.si_code == CLD_EXITED && info.si_status == 0 && dismissed)
    return log_.info("the old front door has left", {{"pid", static_cast<std::int64_t>(info.si_pid)}});
  log_.error("the old front door ended with clients on it",
             {{"pid", static_cast<std::int64_t>(info.si_pid)}, {"status", static_cast<std::int64_t>(info.si_status)}});
  if (!dismissed) upgrade_.old_one_ended();
}

void Launcher::end_upgrade_patience(TimePoint now) {
  for (FrontDoorProcess& other : others_) {
    if (now < other.over_at) continue;
    other.over_at = TimePoint::max();
    options_.before_a_word();
    log_.error("the old front door does not leave and is killed", {{"pid", static_cast<std::int64_t>(other.pid)}});
    ::kill(other.pid, SIGKILL);
  }
  if (checking_ > 0 && now >= check_over_at_) {
    check_over_at_ = TimePoint::max();
    ::kill(checking_, SIGKILL);
  }
  if (now < upgrade_.over_at()) return;
  const bool yielding = upgrade_.starting() && successor_;
  upgrade_.has_been_killed();
  why_killed_ = "the new one did not serve in time";
  const pid_t late = yielding ? successor_->pid : front_door_.pid;
  if (late > 0) ::kill(late, SIGKILL);
}

}  // namespace frontdoor
