#include "cli/demo_story.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <vector>

#include "config/units.h"

namespace frontdoor::cli {

std::string how_it_ended(const ProcessEnd& end) {
  if (!end.known) return "is gone";
  if (!end.by_signal) return "exited with status " + std::to_string(end.value);
  const bool from_outside = end.value == SIGKILL || end.value == SIGTERM || end.value == SIGINT;
  return (from_outside ? "was killed: " : "crashed: ") + to_string(end);
}

std::string DemoStory::tell(const InstanceChange& change) {
  constexpr std::array inks{Ink::Cyan, Ink::Magenta, Ink::Yellow};
  inks_.try_emplace(change.name, inks[inks_.size() % inks.size()]);
  Place& place = places_[change.address];
  place.name = change.name;
  place.up = change.state == InstanceState::Up;
  switch (change.state) {
    case InstanceState::Starting:
      place.pid = change.pid;
      return line(place, "is starting");
    case InstanceState::Up:
      return line(place, "is up" + traffic());
    case InstanceState::Pausing:
    case InstanceState::CrashLoop: {
      if (!change.end) return "";
      const std::string how = style_.paint(Ink::Red, how_it_ended(*change.end));
      const bool loop = change.state == InstanceState::CrashLoop;
      const std::string text = line(place, how + (loop ? ", a crash loop: the next start is later" : "") + traffic());
      place.pid = -1;
      return text;
    }
    case InstanceState::Draining:
      return "";  // while it finishes its requests; that it is left is news when it stops
    case InstanceState::Stopping:
      return line(place, "is stopping");
    case InstanceState::Exited:
    case InstanceState::Done:
    case InstanceState::Idle:
    case InstanceState::Stopped:
      places_.erase(change.address);
      return "";
  }
  return "";
}

std::size_t DemoStory::up() const {
  return static_cast<std::size_t>(
      std::count_if(places_.begin(), places_.end(), [](const auto& entry) { return entry.second.up; }));
}

std::string DemoStory::roll_call() const {
  std::map<std::string, pid_t> by_name;
  for (const auto& [address, place] : places_) by_name[place.name] = place.pid;
  std::string text;
  for (const auto& [name, pid] : by_name) {
    text += (text.empty() ? "" : " ") + paint(name, "● " + name);
    if (pid > 0) text += style_.dim(" pid " + std::to_string(pid));
  }
  return text;
}

std::string DemoStory::line(const Place& place, const std::string& what) {
  if (!begun_ || place.pid <= 0) return "";
  return paint(place.name, "● " + place.name) + " (pid " + std::to_string(place.pid) + ") " + what;
}

std::string DemoStory::traffic() const {
  std::vector<std::string> names;
  for (const auto& [address, place] : places_)
    if (place.up) names.push_back(place.name);
  if (names.empty()) return " · none is up now: requests wait, at most " + config::format_duration(hold_);
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + paint(name, name);
  return " · traffic now " + list;
}

std::string DemoStory::paint(const std::string& name, const std::string& text) const {
  return style_.paint(inks_.at(name), text);
}

}  // namespace frontdoor::cli
