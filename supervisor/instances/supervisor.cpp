#include "supervisor/instances/supervisor.h"

#include <boost/asio/co_spawn.hpp>
#include <cstdlib>
#include <utility>

#include "base/detached.h"
#include "base/most_instances.h"
#include "supervisor/instances/instance_memo.h"
#include "supervisor/launcher/launcher_message.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kLongestAsked = 64 * 1024;

}  // namespace

Supervisor::Supervisor(asio::io_context& control, Log& log, LauncherClient& launcher, InstanceHost& host,
                       AppOutput& output, InstanceLogs& logs, unsigned usable_cpus)
    : control_(control),
      log_(log),
      places_(launcher, log),
      context_{control, log, launcher, host, output, places_, logs},
      usable_cpus_(usable_cpus) {
  if (std::getenv("PORT") != nullptr)
    log_.info("PORT of frontdoor's own environment is not passed on: each instance gets its own");
}

Supervisor::~Supervisor() = default;

std::shared_ptr<InstanceGroup> Supervisor::group_of(const std::string& pool) {
  auto& group = groups_[pool];
  if (!group) {
    const InstanceGroup::Surroundings surroundings{context_, usable_cpus_, [this] { tell_members(); }};
    group = std::make_shared<InstanceGroup>(surroundings, pool);
    if (const auto asked = asked_before_.extract(pool)) group->recall(asked.mapped());
    asio::co_spawn(control_, keep(group), or_end);
  }
  return group;
}

// Its coroutine begins after the turn in which it was made, and so after it was told what it is for.
asio::awaitable<void> Supervisor::keep(std::shared_ptr<InstanceGroup> group) {
  co_await asio::post(control_, asio::use_awaitable);
  co_await group->run(group);
  const auto its = groups_.find(group->pool());
  if (its == groups_.end() || its->second != group) co_return;
  asleep_.erase(group->pool());
  groups_.erase(its);
}

void Supervisor::inherit(std::map<std::string, std::vector<OwnedFd>>& kept) {
  places_.inherit(kept);
  for (const auto& [name, fds] : kept) {
    if (!name.starts_with(kAskedOf) || fds.size() != 1) continue;
    if (auto text = from_memory_file(fds.front().get(), kLongestAsked))
      asked_before_[name.substr(kAskedOf.size())] = std::move(*text);
  }
}

void Supervisor::apply(const config::Config& config, std::vector<RunningProcess> inherited) {
  if (stopping_) return;
  std::map<std::string, std::shared_ptr<InstanceGroup>> unnamed = groups_;
  std::set<std::string> asked;
  for (const config::Pool& pool : config.pools) {
    if (pool.process.command.empty()) continue;
    if (group_of(pool.name)->configure(pool.process, pool.timeouts.value_or(config.timeouts).drain)) asked.insert(pool.name);
    unnamed.erase(pool.name);
  }
  for (const auto& [name, group] : unnamed) group->configure({}, config.timeouts.drain);
  adopt(std::move(inherited));
  for (const auto& [name, order] : std::exchange(asked_before_, {})) context_.launcher.drop(std::string(kAskedOf) + name);
  context_.logs.forget([this](const std::string& pool) { return groups_.contains(pool); });
  fit_ = std::make_shared<ConfigFit>();
  fit_->pending = groups_.size();
  for (const auto& [name, group] : groups_)
    asio::co_spawn(control_, make_fit(group, asked.contains(name), fit_), OrTell(context_.log, "telling of a config change"));
}

// A pool of which nothing was asked fails this config only by what it has tried for it: its crash loop is an older one.
asio::awaitable<void> Supervisor::make_fit(std::shared_ptr<InstanceGroup> group, bool asked, std::shared_ptr<ConfigFit> fit) {
  const std::shared_ptr<void> at_rest(nullptr, [fit](void*) { --fit->pending; });
  Wish wish{.what = Wish::What::Fit, .reason = "config changed"};
  OperationResult result = co_await group->fulfil(std::move(wish));
  if (!result.ok && !stopping_ && (asked || result.report.failed != 0)) fit->failed[group->pool()] = std::move(result);
}

// Those of pools that are gone end as instances do: asked, given their time, killed, heard to their last line. All have
// their places before anybody is told: where requests are served meanwhile, a list with some of the instances would take
// the others away from them.
void Supervisor::adopt(std::vector<RunningProcess> inherited) {
  for (RunningProcess& process : inherited) {
    const InstanceMemo memo = parse_memo(process.memo).value_or(InstanceMemo{.pool = "unknown", .number = 1});
    const bool named = groups_.contains(memo.pool);
    if (!named) log_.warn("a process that no pool names is ended", {{"pid", process.pid}, {"pool", memo.pool}});
    const auto group = group_of(memo.pool);
    if (!named) group->configure({}, Millis{0});
    group->adopt(std::move(process), memo);
  }
  if (!inherited.empty()) tell_members();
  for (const auto& [name, group] : groups_) group->take_over_adopted();
  asio::post(control_, [this] { places_.settle(); });  // they have taken what is theirs by then
}

asio::awaitable<OperationResult> Supervisor::restart(std::string pool, std::optional<unsigned> number, RestartHow how,
                                                     std::string reason, RestartWith with) {
  Wish wish{.what = Wish::What::Restart, .number = number, .how = how, .with = with, .reason = std::move(reason)};
  return ask(std::move(pool), std::move(wish));
}

asio::awaitable<OperationResult> Supervisor::stop(std::string pool, std::optional<unsigned> number,
                                                  std::optional<OrderedBy> by) {
  Wish wish{.what = Wish::What::Stop, .number = number, .reason = "stop", .by = std::move(by)};
  return ask(std::move(pool), std::move(wish));
}

asio::awaitable<OperationResult> Supervisor::start(std::string pool, std::optional<unsigned> number,
                                                   std::optional<OrderedBy> by) {
  Wish wish{.what = Wish::What::Start, .number = number, .reason = "start", .by = std::move(by)};
  return ask(std::move(pool), std::move(wish));
}

void Supervisor::sleep(const std::string& pool) {
  Wish wish{.what = Wish::What::Stop, .sleep = true, .reason = "idle_stop"};
  if (!objection(pool, wish).empty()) return;
  asleep_.insert(pool);
  asio::co_spawn(control_, groups_.at(pool)->fulfil(std::move(wish)), OrTell(context_.log, "idle_stop"));
}

asio::awaitable<OperationResult> Supervisor::scale(std::string pool, unsigned instances,
                                                   std::optional<OrderedBy> by) {
  Wish wish{.what = Wish::What::Scale, .count = instances, .reason = "scale", .by = std::move(by)};
  return ask(std::move(pool), std::move(wish));
}

asio::awaitable<OperationResult> Supervisor::ask(std::string pool, Wish wish) {
  OperationResult refused{.ok = false, .error = objection(pool, wish)};
  if (!refused.error.empty()) co_return refused;
  const std::shared_ptr<InstanceGroup> group = groups_.at(pool);
  if (wish.what != Wish::What::Scale && asleep_.erase(pool) != 0) wish.number.reset();  // it wakes as a whole
  co_return co_await group->fulfil(std::move(wish));
}

// Why that can not be asked for; "" = it can.
std::string Supervisor::objection(const std::string& pool, const Wish& wish) const {
  const auto found = groups_.find(pool);
  if (stopping_) return "frontdoor is stopping";
  if (found == groups_.end() || found->second->gone())
    return "no pool \"" + pool + "\" whose instances frontdoor runs";
  const InstanceGroup& group = *found->second;
  if (wish.number && (*wish.number == 0 || *wish.number > group.wanted()))
    return "no instance " + pool + '.' + std::to_string(*wish.number) + ": the pool has " +
           std::to_string(group.wanted());
  if (wish.what == Wish::What::Stop && wish.number && asleep(pool))
    return "pool \"" + pool + "\" is idle: none of its instances runs";
  if (wish.what != Wish::What::Scale) return "";
  if (wish.count == 0) return "a pool has at least one instance; `stop` stops them";
  if (wish.count > kMostInstances) return "a pool has at most " + std::to_string(kMostInstances) + " instances";
  if (group.status().stopped && !asleep(pool)) return "pool \"" + pool + "\" is stopped: start it first";
  return "";
}

void Supervisor::yield() {
  stopping_ = true;
  for (const auto& instance : instances()) instance->yield();
  places_.let_go();
}

asio::awaitable<void> Supervisor::shut_down() {
  stopping_ = true;
  const auto all = groups_;
  for (const auto& [name, group] : all) asio::co_spawn(control_, group->shut_down(), OrTell(context_.log, "the stop of a pool"));
  for (const auto& [name, group] : all) co_await group->shut_down();
}

std::vector<std::shared_ptr<Instance>> Supervisor::instances() const {
  std::vector<std::shared_ptr<Instance>> all;
  for (const auto& [name, group] : groups_) {
    const auto its = group->instances();
    all.insert(all.end(), its.begin(), its.end());
  }
  return all;
}

std::vector<PoolStatus> Supervisor::status() const {
  std::vector<PoolStatus> all;
  for (const auto& [name, group] : groups_)
    if (auto its = status_of(name)) all.push_back(std::move(*its));
  return all;
}

std::optional<PoolStatus> Supervisor::status_of(const std::string& pool) const {
  const auto found = groups_.find(pool);
  if (found == groups_.end()) return std::nullopt;
  const InstanceGroup& group = *found->second;
  if (group.gone() && group.instances().empty()) return std::nullopt;
  PoolStatus status = group.status();
  if (!asleep(pool)) return status;
  status.idle = true;
  status.stopped = false;
  for (InstanceStatus& instance : status.instances)
    if (instance.state == InstanceState::Stopped) instance.state = InstanceState::Idle;
  return status;
}

void Supervisor::tell_members() {
  members_.clear();
  for (const auto& [name, group] : groups_) {
    const auto its = group->members();
    members_.insert(members_.end(), its.begin(), its.end());
  }
  context_.host.instances_changed(members_);
}

}  // namespace frontdoor
