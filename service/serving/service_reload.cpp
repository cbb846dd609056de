// The config read again while it runs: by a signal, a word of the operator's, or because the file has changed.

#include "service/serving/service.h"

#include <algorithm>
#include <iostream>
#include <exception>
#include <new>
#include <system_error>
#include <utility>

#include "base/detached.h"
#include "base/quietly.h"
#include "base/unix_time.h"
#include "config/load.h"
#include "config/units.h"
#include "service/admin/admin_rows.h"
#include "service/files/config_diff.h"
#include "service/files/last_config.h"
#include "service/files/log_file.h"
#include "service/files/read_config.h"
#include "supervisor/instances/instance.h"

namespace frontdoor {

namespace {

namespace asio = boost::asio;

constexpr Millis kChangingPoll{10};
constexpr std::size_t kLongestChanges = 1'000;  // in the event log, as text

}  // namespace

// Which files there are beside the first one, only reading them tells.
void Service::watch_config() {
  const ConfigText source = read_config(options_.config_file, std::cin);
  std::vector<std::string> files{options_.config_file};
  if (source.error.empty()) {
    auto load_options = config::options_of_this_process(source.name);
    load_options.profile = options_.profile;
    files = config::load(source.text, source.name, load_options).files;
  }
  const auto changed = [this] {
    asio::post(control_, [this] {
      if (draining_) return;
      log_.info("the config has changed", {{"file", options_.config_file}});
      reload_as_told();
    });
  };
  try {
    config_watch_.start(std::move(files), changed);
  } catch (const std::system_error& problem) {
    log_.error("the config's files are not watched: reload when one changes", {{"reason", problem.what()}});
  }
}

// Between the reading of the config and the watch's first look, which an upgrade or many upstreams may put off for long.
void Service::reload_what_has_changed_meanwhile() {
  config::Loaded loaded;
  const AdminReload found = look_at_file(loaded);
  const bool the_same = found.error.empty() && found.changes.empty();
  if (the_same || found.error == "no_config_file") return;
  log_.info("the config has changed", {{"file", options_.config_file}});
  reload_as_told();
}

AdminReload Service::reload_as_told() {
  if (upgrade_.under_way && !draining_) {
    upgrade_.reload_later = true;
    log_.warn("reload later: an upgrade is under way", {{"file", options_.config_file}});
    return {.error = "upgrading", .message = "an upgrade is under way; the file is read again when it is over", .file = options_.config_file};
  }
  notices_.reloading();
  AdminReload done;
  try {
    done = reload();
  } catch (const std::bad_alloc&) {
    log_.error("reload refused, the old config stays",
               {{"file", options_.config_file}, {"reason", "out of memory"}});
    done.error = "out_of_memory";
    done.message = "out of memory";
    reload_totals_.note_failure();
  } catch (const std::exception& problem) {
    log_.error("reload failed: a part of it may hold, reload again",
               {{"file", options_.config_file}, {"reason", problem.what()}});
    done.error = "failed";
    done.message = std::string("a part of it may hold, reload again: ") + problem.what();
    reload_totals_.note_failure();
  }
  asio::co_spawn(control_, tell_reloaded(++reloads_), OrTell(log_, "telling the service manager of a reload"));
  return done;
}

asio::awaitable<AdminReload> Service::reload(std::string by) {
  log_.info("operator", {{"action", "reload"}, {"by", by}});
  AdminReload done = reload_as_told();
  const unsigned mine = reloads_;
  std::shared_ptr<const ConfigFit> fit;
  asio::steady_timer pause(control_);
  while (supervision_ && done.error.empty() && !draining_ && mine == reloads_) {
    fit = supervision_->fit();
    if (fit && fit->pending == 0) break;
    pause.expires_after(kChangingPoll);
    co_await pause.async_wait(quietly);
  }
  if (!done.error.empty() || !fit || fit->failed.empty()) co_return done;
  done.error = "instances_failed";
  done.message = "the config is applied, but not every instance comes up as it says";
  for (const auto& [pool, result] : fit->failed) done.diagnostics.push_back(to_string(StartFailure{result.error, result.last_words}));
  co_return done;
}

AdminReload Service::compare() {
  config::Loaded loaded;
  AdminReload found = look_at_file(loaded);
  if (found.error.empty()) refuse_listeners(found, try_listeners(loaded, found));
  tell_what_is_shown(found);
  if (!supervision_) return found;
  const RowMoment now{Clock::now(), unix_now_millis()};
  for (const PoolStatus& pool : supervision_->supervisor().status())
    if (pool.failed_roll)
      found.failed.push_back(failed_change_sentence(pool.pool, to_admin(*pool.failed_roll, now), now.unix_millis));
  return found;
}

bool Service::reopen_logs(const std::string& by) {
  log_.info("operator", {{"action", "reopen logs"}, {"by", by}});
  return reopen_logs();
}

bool Service::reopen_logs() {
  const bool instances_too = supervision_ && supervision_->reopen_logs();
  return access_log_.reopen() || instances_too;
}

// Applied, and not only read: what a changed command replaces has been replaced, or has not come up.
asio::awaitable<void> Service::tell_reloaded(unsigned reload) {
  asio::steady_timer pause(control_);
  do {
    pause.expires_after(kChangingPoll);
    co_await pause.async_wait(quietly);
    if (draining_ || reload != reloads_) co_return;  // a later word holds
  } while (supervision_ && supervision_->changing());
  notices_.reloaded(status_line(census()));
}

// Read and checked, and compared with what runs; nothing is changed.
AdminReload Service::look_at_file(config::Loaded& loaded) const {
  AdminReload found;
  found.file = options_.config_file;
  found.generation = snapshot_->generation;
  const auto refuse = [&](std::string error, std::string message) {
    found.error = std::move(error);
    found.message = std::move(message);
    return found;
  };
  if (options_.config_file.empty() || options_.config_file == "-")
    return refuse("no_config_file", "there is nothing to read again: the config was not read from a file");
  const ConfigText source = read_config(options_.config_file, std::cin);
  if (!source.error.empty()) return refuse("unreadable", source.error);
  auto load_options = config::options_of_this_process(source.name);
  load_options.profile = options_.profile;
  look_at_certificates(load_options);
  // As at a start. The one that is written now has its own reports, and must not keep an operator from other changes.
  load_options.log_file_problem = [this](const std::string& path) {
    return path == snapshot_->config.access_log.output ? std::string() : log_file_problem(path);
  };
  loaded = config::load(source.text, source.name, load_options);
  for (const auto& diagnostic : loaded.diagnostics) found.diagnostics.push_back(diagnostic.to_string());
  if (!loaded.ok()) return refuse("config_has_errors", "the file has errors");
  found.changes = config_changes(snapshot_->config, loaded.config);
  found.at_run_time = members_under(registry_.orders().members(), loaded.config);
  for (const AwaitsRestart& key : awaiting(loaded.config)) found.waiting.push_back(key.key + ": " + key.runs + " -> " + key.file);
  return found;
}

std::vector<AwaitsRestart> Service::awaiting(const config::Config& next) const {
  const Running running{server_.workers(), server_.header_bytes_max(), admin_at_start_, supervision_ != nullptr};
  return awaits_restart(running, next, workers_wanted(next, options_));
}

AdminReload Service::refuse_reload(AdminReload found) {
  for (const std::string& sentence : certificates_.still_shown()) log_.warn("certificate", {{"warning", sentence}});
  tell_what_is_shown(found);
  log_.error("reload refused, the old config stays", {{"file", options_.config_file}, {"reason", found.message}});
  const auto first = std::find_if(found.diagnostics.begin(), found.diagnostics.end(), [](const std::string& diagnostic) {
    return diagnostic.find(": warning: ") == diagnostic.npos;
  });
  note_refused(first == found.diagnostics.end() ? found.message : *first);
  return found;
}

namespace {

template <class Failures>
void add_faults(const config::Loaded& loaded, const Failures& failures, std::vector<std::string>& faults) {
  for (const auto& failure : failures) faults.push_back(loaded.listener_places[failure.listener] + ": " + failure.reason);
}

void add_changed_files(const Certificates::Prepared& certificates, AdminReload& found) {
  for (const std::string& change : certificates.changed_files()) found.changes.push_back("[[listener]] " + change);
}

}  // namespace

void Service::refuse_listeners(AdminReload& found, const std::vector<std::string>& faults) const {
  if (faults.empty()) return;
  found.diagnostics.insert(found.diagnostics.end(), faults.begin(), faults.end());
  found.error = "cannot_listen";
  found.message = "not every listener can be as the file says";
}

// Of a pair of files that does not fit, or not yet.
void Service::tell_what_is_shown(AdminReload& found) const {
  if (found.error.empty()) return;
  for (const std::string& sentence : certificates_.still_shown()) found.diagnostics.push_back("certificate: " + sentence);
}

// What prepare_listeners() would find, and nothing that anybody could notice.
std::vector<std::string> Service::try_listeners(const config::Loaded& loaded, AdminReload& found) const {
  std::vector<std::string> faults;
  const auto changes = compare_listeners(server_.listener_configs(), loaded.config.listeners);
  const Certificates::Prepared certificates = certificates_.prepare(loaded.config, changes.before);
  add_changed_files(certificates, found);
  add_faults(loaded, certificates.failures(), faults);
  if (faults.empty()) add_faults(loaded, server_.try_out(loaded.config.listeners, given_.sockets), faults);
  return faults;
}

// What is wrong, each with its place in the file. Nothing has changed yet.
std::vector<std::string> Service::prepare_listeners(const config::Loaded& loaded, std::optional<PreparedListeners>& listeners,
                                                    std::optional<Certificates::Prepared>& certificates) {
  std::vector<std::string> faults;
  const auto changes = compare_listeners(server_.listener_configs(), loaded.config.listeners);
  certificates = certificates_.prepare(loaded.config, changes.before);
  certificates_.tell(*certificates);
  add_faults(loaded, certificates->failures(), faults);
  if (!faults.empty()) return faults;
  listeners.emplace(server_.prepare(loaded.config.listeners, given_.sockets));
  add_faults(loaded, listeners->failures(), faults);
  return faults;
}

void Service::take_listeners(const config::Config& config, PreparedListeners listeners, Certificates::Prepared certificates) {
  certificates_.take(std::move(certificates));
  const auto taken = server_.take(std::move(listeners), certificates_.servers(), config.timeouts.drain);
  for (const OpenListener& listener : taken.opened) {
    tell_opened(listener);
    log_.info("listening", {{"address", listener.bound.to_string()}});
  }
  for (const OpenListener& listener : taken.changed) log_.info("listener changed", {{"listener", listener.title()}});
  for (const OpenListener& listener : taken.closed)
    log_.info("listener closed", {{"listener", listener.title()},
                                  {"address", listener.bound.to_string()},
                                  {"connections", listener.settings->places->taken()},
                                  {"drain", config::format_duration(config.timeouts.drain)}});
  if (!taken.opened.empty() || !taken.closed.empty()) tell_passed_in_vain();
  if (ready_file_.written()) write_ready_file();
  if (supervision_) supervision_->keep_listeners(to_keep());
}

AdminReload Service::reload() {
  config::Loaded loaded;
  AdminReload found = look_at_file(loaded);
  config_watch_.add_files(loaded.files);
  if (found.error == "no_config_file") {
    log_.warn("nothing to reload: the config was not read from a file");
    return found;
  }
  for (const auto& diagnostic : loaded.diagnostics) {
    if (diagnostic.severity == config::Diagnostic::Severity::Error)
      log_.error(diagnostic.to_string());
    else
      log_.warn(diagnostic.to_string());
  }
  if (draining_) {
    found.error = "draining";
    found.message = "this frontdoor is stopping";
  }
  if (!found.error.empty()) return refuse_reload(std::move(found));
  std::optional<PreparedListeners> listeners;
  std::optional<Certificates::Prepared> certificates;
  if (auto faults = prepare_listeners(loaded, listeners, certificates); !faults.empty()) {
    for (const std::string& fault : faults) log_.error(fault);
    refuse_listeners(found, faults);
    return refuse_reload(std::move(found));
  }
  add_changed_files(*certificates, found);
  config_watch_.set_files(loaded.files);
  for (const AwaitsRestart& key : awaiting(loaded.config))
    log_.warn("waits for an upgrade or a restart", {{"key", key.key}, {"runs", key.runs}, {"file", key.file}});
  log_.set_level(loaded.config.log.level);
  log_.set_format(loaded.config.log.format);
  access_log_.apply(loaded.config.access_log);
  if (admin_) admin_->apply(loaded.config.admin);
  upstream_contexts_.forget_changed();
  steering_.settle(loaded.config);
  auto next = registry_.build(loaded.config, resolver_.addresses(), instances_);
  if (supervision_) supervision_->apply_checks(loaded.config);  // the first check of a new pool is under way at once
  server_.publish(next);
  apply(std::move(next));
  take_listeners(loaded.config, std::move(*listeners), std::move(*certificates));
  if (supervision_) supervision_->apply(loaded.config);
  reload_totals_.note_success(unix_now_millis());
  refused_.reset();
  files_read_ = to_text(loaded.read);
  keep_config();
  std::string changes;
  for (const std::string& change : found.changes) changes += (changes.empty() ? "" : "; ") + change;
  if (changes.size() > kLongestChanges) changes = std::to_string(found.changes.size()) + " of them";
  log_.info("reloaded",
            {{"file", options_.config_file}, {"generation", snapshot_->generation}, {"changes", changes}});
  found.generation = snapshot_->generation;
  return found;
}

}  // namespace frontdoor
