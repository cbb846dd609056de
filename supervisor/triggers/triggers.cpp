#include "supervisor/triggers/triggers.h"

#include <unistd.h>

#include <array>
#include <climits>
#include <functional>

#include "supervisor/triggers/cron_trigger.h"
#include "supervisor/triggers/idle_trigger.h"
#include "supervisor/triggers/memory_trigger.h"
#include "supervisor/triggers/watch_trigger.h"

namespace frontdoor {

namespace {

std::string working_directory() {
  std::array<char, PATH_MAX> path;
  return ::getcwd(path.data(), path.size()) != nullptr ? path.data() : "/";
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += text + '\0';
  return all;
}

}  // namespace

Triggers::Triggers(boost::asio::io_context& control, Log& log, Supervisor& supervisor, InstanceHost& host)
    : context_{control, log, supervisor, host} {}

Triggers::~Triggers() { stop(); }

void Triggers::stop() {
  for (const auto& [name, running] : running_) running.trigger->stop();
  running_.clear();
}

void Triggers::apply(const config::Config& config, std::vector<std::string> own_files) {
  std::map<Name, Running> before = std::exchange(running_, {});
  const auto want = [&](const std::string& pool, const char* key, const std::string& settings,
                        const std::function<std::shared_ptr<Trigger>()>& make) {
    const Name name{pool, key};
    if (const auto known = before.find(name); known != before.end() && known->second.settings == settings) {
      running_.insert(before.extract(known));
      return;
    }
    const auto trigger = make();
    running_[name] = {settings, trigger};
    trigger->start();
  };

  const std::string here = working_directory();
  FileTreeOptions own;
  std::string own_settings;
  for (const std::string& file : own_files) own.own_files.push_back(absolute_path(here, file));
  for (const config::Pool& pool : config.pools)
    if (!pool.process.logs.file.empty()) {
      own.logs.emplace_back(absolute_path(here, pool.process.logs.file), pool.name);
      own_settings += pool.name + '\0' + pool.process.logs.file + '\0';
    }
  own_settings += joined(own.own_files);
  for (const config::Pool& pool : config.pools) {
    const config::Process& process = pool.process;
    if (process.command.empty()) continue;
    if (process.max_memory != 0)
      want(pool.name, "max_memory", std::to_string(process.max_memory),
           [&] { return std::make_shared<MemoryTrigger>(context_, pool.name, process.max_memory); });
    if (!process.cron_restart.empty())
      want(pool.name, "cron_restart", process.cron_restart,
           [&] { return std::make_shared<CronRestarts>(context_, pool.name, process.cron_restart); });
    if (!process.watch.empty()) {
      const std::string directory = absolute_path(here, process.directory);
      const std::string settings = directory + '\n' + joined(process.watch) + '\n' + joined(process.watch_ignore) +
                                   '\n' + own_settings;
      want(pool.name, "watch", settings, [&] {
        return std::make_shared<WatchTrigger>(context_, pool.name,
                                              WatchPatterns(directory, process.watch, process.watch_ignore), own);
      });
    }
    if (process.idle_stop != Millis{0})
      want(pool.name, "idle_stop", std::to_string(process.idle_stop.count()),
           [&] { return std::make_shared<IdleTrigger>(context_, pool.name, process.idle_stop); });
  }
  for (const auto& [name, running] : before) running.trigger->stop();
}

}  // namespace frontdoor
