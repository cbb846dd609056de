#include "supervisor/supervisor.h"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <charconv>
#include <csignal>
#include <utility>

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);
constexpr Millis kLook{10};

// The lines of Instance::memo_of().
struct Memo {
  std::string pool;
  unsigned number = 0;
  Endpoint place;
};

std::optional<Memo> parse_memo(std::string_view text) {
  Memo memo;
  std::array<std::string_view, 3> lines;
  for (std::string_view& line : lines) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    line = text.substr(0, end);
    text.remove_prefix(end + 1);
  }
  memo.pool = lines[0];
  const auto number = [](std::string_view line, auto& to) {
    return std::from_chars(line.data(), line.data() + line.size(), to).ec == std::errc{};
  };
  const auto place = parse_place(std::string(lines[2]));
  if (!number(lines[1], memo.number) || !place) return std::nullopt;
  memo.place = *place;
  return memo;
}

// What a process was started with; the rest can change under it.
bool same_process(const config::Process& a, const config::Process& b) {
  return a.command == b.command && a.directory == b.directory && a.env == b.env && a.port == b.port &&
         a.stop_signal == b.stop_signal && a.kill_mode == b.kill_mode;
}

}  // namespace

struct Supervisor::Group {
  std::string pool;
  config::Process settings;
  Millis drain{};
  std::shared_ptr<StartGate> gate;
  std::vector<std::shared_ptr<Instance>> instances;  // members; also new ones that prove themselves
  bool fitting = false;
  bool fit_again = false;  // the config changed meanwhile
};

Supervisor::Supervisor(asio::io_context& control, Log& log, LauncherClient& launcher, InstanceHost& host,
                       OutputSink& output, unsigned usable_cpus)
    : control_(control),
      log_(log),
      places_(log, launcher),
      context_{control, log, launcher, host, output, places_, logs_},
      usable_cpus_(usable_cpus) {}

Supervisor::~Supervisor() = default;

unsigned Supervisor::wanted(const config::Process& process) const {
  if (process.command.empty()) return 0;
  return process.instances != 0 ? process.instances : usable_cpus_;
}

void Supervisor::apply(const config::Config& config, std::vector<RunningProcess> inherited) {
  for (auto& [name, group] : groups_) group->settings.command.clear();  // unless it is named again below
  for (const config::Pool& pool : config.pools) {
    if (pool.process.command.empty()) continue;
    auto& group = groups_[pool.name];
    if (!group) {
      group = std::make_shared<Group>();
      group->pool = pool.name;
      const std::uint32_t places = pool.process.max_starting != 0 ? pool.process.max_starting : usable_cpus_;
      group->gate = std::make_shared<StartGate>(control_, places);
    }
    group->settings = pool.process;
    group->drain = pool.timeouts.value_or(config.timeouts).drain;
    take_over(*group, inherited);
  }
  end_strangers(std::move(inherited));
  logs_.forget([this](const std::string& pool) { return groups_.contains(pool); });
  for (auto& [name, group] : groups_) {
    group->fit_again = true;
    if (!std::exchange(group->fitting, true)) asio::co_spawn(control_, fit(group), asio::detached);
  }
}

InstanceAddress Supervisor::address_of(const Group& group, unsigned number, const Endpoint& place) {
  return {group.pool, group.pool + '.' + std::to_string(number), place};
}

void Supervisor::take_over(Group& group, std::vector<RunningProcess>& inherited) {
  for (auto process = inherited.begin(); process != inherited.end();) {
    const auto memo = parse_memo(process->memo);
    // One that runs an earlier command is no instance of this pool any more: it is ended, and another one started.
    const bool fits = memo && memo->pool == group.pool && memo->number >= 1 &&
                      memo->number <= wanted(group.settings) &&
                      process->memo.starts_with(Instance::memo_of(address_of(group, memo->number, memo->place),
                                                                  memo->number, group.settings)) &&
                      std::none_of(group.instances.begin(), group.instances.end(),
                                   [&](const auto& instance) { return instance->number() == memo->number; });
    if (!fits) {
      ++process;
      continue;
    }
    const auto instance = add(group, memo->number, memo->place);
    tell_members();
    instance->start(std::move(*process));
    process = inherited.erase(process);
  }
}

// Nobody wants them any more, and nobody else can end them.
void Supervisor::end_strangers(std::vector<RunningProcess> strangers) {
  for (const RunningProcess& process : strangers) {
    log_.warn("a process that no pool names is ended", {{"pid", process.pid}});
    ::kill(process.pid, SIGTERM);
    asio::co_spawn(control_, context_.launcher.ended(process.id), asio::detached);
  }
}

std::shared_ptr<Instance> Supervisor::add(Group& group, unsigned number, std::optional<Endpoint> place) {
  if (place) {
    places_.adopt(*place);
  } else {
    const std::string name = group.pool + '.' + std::to_string(number);
    const auto taken = places_.take(group.settings, name);
    if (!taken.place) {
      log_.error("an instance has no place to listen", {{"pool", group.pool}, {"instance", name}, {"reason", taken.problem}});
      return nullptr;
    }
    place = taken.place;
  }
  const auto instance = std::make_shared<Instance>(context_, group.gate, address_of(group, number, *place), number,
                                                   group.settings);
  group.instances.push_back(instance);
  return instance;
}

// One change at a time for each pool; the others may be changing, too.
asio::awaitable<void> Supervisor::fit(std::shared_ptr<Group> group) {
  while (std::exchange(group->fit_again, false) && !stopping_) {
    const unsigned count = wanted(group->settings);
    std::vector<std::shared_ptr<Instance>> fresh;
    for (unsigned number = 1; number <= count; ++number) {
      const bool there = std::any_of(group->instances.begin(), group->instances.end(),
                                     [&](const auto& instance) { return instance->number() == number; });
      if (there) continue;
      if (auto instance = add(*group, number)) fresh.push_back(std::move(instance));
    }
    if (!fresh.empty()) tell_members();
    for (const auto& instance : fresh) instance->start();

    const auto before = group->instances;
    for (const auto& instance : before) {
      if (stopping_ || group->fit_again) break;
      if (instance->number() > count) {
        co_await retire(group, instance);
      } else if (!same_process(instance->settings(), group->settings)) {
        const bool replaced = co_await replace(group, instance);
        if (!replaced) break;
      }
    }
  }
  group->fitting = false;
  if (group->instances.empty() && group->settings.command.empty()) groups_.erase(group->pool);
}

// The new one up and proved first; then the old one leaves. A new one that does not come up ends the change:
// the old ones stay.
asio::awaitable<bool> Supervisor::replace(std::shared_ptr<Group> group, std::shared_ptr<Instance> old) {
  const auto next = add(*group, old->number());
  if (!next) co_return false;
  tell_members();
  next->start();
  const bool up = co_await next->proved();
  if (!up && !stopping_) {
    log_.error("the new instance does not come up, the old ones stay",
               {{"pool", group->pool}, {"instance", next->address().instance}});
    co_await retire(group, next);
    co_return false;
  }
  if (!stopping_) co_await retire(group, old);
  co_return true;
}

// Out of its pool, its requests finished or their time up, then stopped.
asio::awaitable<void> Supervisor::retire(std::shared_ptr<Group> group, std::shared_ptr<Instance> instance) {
  const auto upstream = context_.host.upstream_of(instance->address());
  std::erase(group->instances, instance);
  tell_members();
  asio::steady_timer pause(control_);
  const TimePoint latest = Clock::now() + group->drain;
  while (upstream && upstream->in_flight() != 0 && Clock::now() < latest && !stopping_) {
    pause.expires_after(kLook);
    co_await pause.async_wait(quietly);
  }
  co_await instance->stop();
  places_.give_back(instance->address().endpoint);
}

asio::awaitable<void> Supervisor::stop() {
  stopping_ = true;
  std::vector<std::shared_ptr<Instance>> all = instances();
  auto left = std::make_shared<std::size_t>(all.size());
  for (const auto& instance : all)
    asio::co_spawn(control_, instance->stop(), [left](std::exception_ptr) { --*left; });
  asio::steady_timer pause(control_);
  while (*left != 0) {
    pause.expires_after(kLook);
    co_await pause.async_wait(quietly);
  }
}

std::vector<std::shared_ptr<Instance>> Supervisor::instances() const {
  std::vector<std::shared_ptr<Instance>> all;
  for (const auto& [name, group] : groups_)
    all.insert(all.end(), group->instances.begin(), group->instances.end());
  return all;
}

void Supervisor::tell_members() {
  members_.clear();
  for (const auto& instance : instances()) members_.push_back(instance->address());
  context_.host.instances_changed(members_);
}

}  // namespace frontdoor
