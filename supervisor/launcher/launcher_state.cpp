#include "supervisor/launcher/launcher_state.h"

#include "supervisor/launcher/byte_codec.h"

namespace frontdoor {

namespace {

// Of this layout. A program that knows another one does not take over, and the launcher stays as it is.
constexpr std::uint32_t kLayout = 1;

// In one place for both ways: `visit` puts or gets.
template <class State, class Visit>
void visit_front_door(State& door, Visit visit) {
  visit(door.pid);
  visit(door.socket);
  visit(door.since);
  visit(door.over_at);
}

template <class State, class Visit>
void visit_process(State& process, Visit visit) {
  visit(process.id);
  for (auto* number : {&process.pid, &process.pidfd, &process.memo, &process.output, &process.errors, &process.stop_signal,
                       &process.code, &process.status})
    visit(*number);
  visit(process.brief);
  visit(process.ended);
  visit(process.told);
}

template <class State, class Visit>
void visit_rest(State& state, Visit visit) {
  visit(state.program);
  visit(state.pause);
  visit(state.stop_within);
  visit(state.stop_timeout);
  visit(state.files_soft);
  visit(state.files_hard);
  visit(state.crashed_before);
}

}  // namespace

std::string encode(const LauncherState& state) {
  ByteWriter out;
  const auto put = [&out](auto number) { out.put(number); };
  put(kLayout);
  visit_front_door(state.front_door, put);
  out.put_list(state.draining, [&](const LauncherState::FrontDoor& door) { visit_front_door(door, put); });
  out.put_list(state.processes, [&](const LauncherState::Process& process) { visit_process(process, put); });
  out.put_list(state.kept, [&](const LauncherState::Kept& kept) {
    out.put(std::string_view(kept.name));
    out.put_list(kept.fds, put);
  });
  visit_rest(state, put);
  return out.take();
}

std::optional<LauncherState> decode_launcher_state(std::string_view bytes) {
  ByteReader in(bytes);
  LauncherState state;
  const auto get = [&in](auto& number) { in.get(number); };
  std::uint32_t layout = 0;
  in.get(layout);
  if (layout != kLayout) return std::nullopt;
  visit_front_door(state.front_door, get);
  in.get_list(state.draining, [&](LauncherState::FrontDoor& door) { visit_front_door(door, get); });
  in.get_list(state.processes, [&](LauncherState::Process& process) { visit_process(process, get); });
  in.get_list(state.kept, [&](LauncherState::Kept& kept) {
    in.get(kept.name);
    in.get_list(kept.fds, get);
  });
  visit_rest(state, get);
  if (!in.at_end()) return std::nullopt;
  return state;
}

std::vector<int> descriptors_of(const LauncherState& state) {
  std::vector<int> all{state.program, state.front_door.socket};
  for (const LauncherState::FrontDoor& door : state.draining) all.push_back(door.socket);
  for (const LauncherState::Process& process : state.processes)
    all.insert(all.end(), {process.pidfd, process.memo, process.output, process.errors});
  for (const LauncherState::Kept& kept : state.kept) all.insert(all.end(), kept.fds.begin(), kept.fds.end());
  std::erase_if(all, [](int fd) { return fd < 0; });
  return all;
}

}  // namespace frontdoor
