#include "importer/ecosystem_app.h"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "base/most_instances.h"
#include "config/cron_expression.h"
#include "config/suggest.h"
#include "config/units.h"
#include "config/values.h"
#include "config/watch_pattern.h"
#include "importer/ecosystem.h"
#include "importer/ecosystem_command.h"
#include "importer/ecosystem_values.h"

namespace frontdoor::importer {
namespace {

namespace json = boost::json;
using config::toml_string;
using Millis = std::chrono::milliseconds;

constexpr Millis patient_start{30'000};  // the default of start_timeout

std::string toml_list(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ", ") + toml_string(word);
  return '[' + text + ']';
}

std::string toml_duration(Millis value) { return '"' + config::format_duration(value) + '"'; }

class AppReader {
 public:
  AppReader(const json::object& app, const std::string& where, const std::string& directory, const Files& files,
            Imported& all)
      : in_(app), where_(where), directory_(directory), files_(files), all_(all) {}

  void read();

 private:
  // The value of a key that says something: false is what most keys say when they are not there.
  const json::value* find(std::string_view key) const {
    const json::value* value = in_.if_contains(key);
    return value == nullptr || value->is_null() ? nullptr : value;
  }
  const json::value* find_first(std::initializer_list<std::string_view> keys, std::string_view& key) const {
    for (const auto candidate : keys)
      if (const json::value* value = find(candidate)) return key = candidate, value;
    return nullptr;
  }
  // A value of one type, or an error that names the key; nothing without the key.
  template <class T>
  std::optional<T> get(std::initializer_list<std::string_view> keys, std::optional<T> (*convert)(const json::value&),
                       std::string_view expected) {
    std::string_view key;
    const json::value* value = find_first(keys, key);
    if (value == nullptr) return std::nullopt;
    auto got = convert(*value);
    if (!got) wrong(key, expected, *value);
    return got;
  }
  std::string text(std::initializer_list<std::string_view> keys) {
    return get<std::string>(keys, to_text, "text").value_or("");
  }
  std::optional<Millis> duration(std::string_view key) {
    return get<Millis>({key}, to_milliseconds, "milliseconds, as in 3000");
  }
  bool flag(std::string_view key, bool otherwise) {
    return get<bool>({key}, to_boolean, "true or false").value_or(otherwise);
  }
  void wrong(std::string_view key, std::string_view expected, const json::value& value) {
    std::string what(name_of(value));
    if (value.is_string()) what = config::quote(std::string_view(value.get_string()));
    all_.errors.push_back(where_ + '.' + std::string(key) + ": expected " + std::string(expected) + ", not " + what);
  }
  void note(std::string_view key, std::string what) {
    all_.notes.push_back({app_.name, std::string(key), std::move(what)});
  }

  void read_name(const ScriptToRun& what);
  ScriptToRun read_script();
  void read_instances();
  void read_variables();
  void read_restarts();
  void read_start_and_stop();
  void set_patterns(std::string_view key, std::string_view name, const std::vector<std::string>& patterns,
                    std::string (*problem_of)(std::string_view));
  void read_triggers();
  void read_output();
  void read_user();
  void name_the_others();

  const json::object& in_;
  const std::string& where_;
  const std::string& directory_;
  const Files& files_;
  Imported& all_;
  ImportedApp app_;
};

ScriptToRun AppReader::read_script() {
  ScriptToRun what;
  what.script = text({"script", "exec"});
  const auto words = [&](std::initializer_list<std::string_view> keys) {
    return get<std::vector<std::string>>(keys, to_words, "text or a list of words").value_or(std::vector<std::string>{});
  };
  what.args = words({"args"});
  what.interpreter_args = words({"node_args", "interpreter_args", "interpreterArgs"});
  what.interpreter = get<std::string>({"interpreter", "exec_interpreter"}, to_text, "text");
  if (what.interpreter && what.interpreter->empty()) what.interpreter.reset();
  // On by default in pm2 for what has maps, but nobody misses it there; asked for, Node has it itself.
  const bool node = !what.interpreter || what.interpreter->starts_with("node");
  if (flag("source_map_support", false) && !flag("disable_source_map_support", false) && node)
    what.interpreter_args.insert(what.interpreter_args.begin(), "--enable-source-maps");
  return what;
}

void AppReader::read_name(const ScriptToRun& what) {
  std::string name = text({"name"});
  if (name.empty()) {
    const std::string first = what.script.substr(0, what.script.find(' '));
    name = std::filesystem::path(first).stem().string();
  }
  app_.name = pool_name(name, all_);
  if (!name.empty() && app_.name != name)
    note("name", "is " + config::quote(name) + " in the file, which no other pool may have and a pool can not be called");
}

void AppReader::read_instances() {
  if (const json::value* value = find("instances")) {
    const auto number = to_integer(*value);
    if (number && *number >= 1 && *number <= kMostInstances) {
      app_.instances = static_cast<std::uint32_t>(*number);
    } else if ((number && *number <= 0) || (value->is_string() && value->get_string() == "max")) {
      app_.instances = 0;
      if (number && *number < 0) note("instances", "leaves CPUs free, which has no equivalent: \"max\" is one for each usable CPU");
    } else {
      wrong("instances", "a number up to " + std::to_string(kMostInstances) + " or \"max\"", *value);
    }
  }
  const std::string mode = text({"exec_mode"});
  if (mode.empty() || mode == "fork" || mode == "fork_mode") return;
  if (mode == "cluster" || mode == "cluster_mode")
    note("exec_mode", "the instances share no port here: each must listen on process.env.PORT");
  else
    wrong("exec_mode", "\"cluster\" or \"fork\"", *find("exec_mode"));
}

void AppReader::read_variables() {
  const auto variables = [&](std::string_view key) -> Variables {
    const json::value* value = find(key);
    if (value != nullptr && value->is_string()) {
      note(key, "is text and not variables: write an object");
      return {};
    }
    return get<Variables>({key}, to_variables, "an object as in { NODE_ENV: \"production\" }").value_or(Variables{});
  };
  app_.env = variables("env");
  for (const auto& [key, value] : in_)
    if (key.starts_with("env_") && key.size() > 4) app_.profiles.emplace_back(key.substr(4), variables(key));

  if (const auto port = get<std::string>({"port"}, to_text, "a number")) app_.port = port_number(*port);
  const std::string incremented = text({"increment_var"});
  if (!incremented.empty() && incremented != "PORT")
    note("increment_var", "has no equivalent for other variables than PORT: the app can add NODE_APP_INSTANCE, which is 0, 1, …");
  const std::string variable = text({"instance_var"});
  if (!variable.empty() && variable != "NODE_APP_INSTANCE")
    note("instance_var", "has no equivalent: the number is in NODE_APP_INSTANCE, the name in FRONTDOOR_INSTANCE");
}

void AppReader::read_restarts() {
  const bool again = flag("autorestart", true);
  const auto codes = get<std::vector<std::string>>({"stop_exit_codes"}, to_list, "a list of numbers");
  if (!again) {
    app_.set("restart.policy", "\"never\"");
  } else if (codes && !codes->empty()) {
    const bool zero = std::find(codes->begin(), codes->end(), "0") != codes->end();
    if (zero) app_.set("restart.policy", "\"on_failure\"");
    if (!zero || codes->size() > 1)
      note("stop_exit_codes", "has no equivalent but for 0 (restart.policy = \"on_failure\"): the app is started again after the others");
  }
  if (const auto pause = duration("restart_delay"); pause && *pause > Millis{0}) {
    app_.set("restart.backoff_min", toml_duration(*pause));
    app_.set("restart.backoff_max", toml_duration(std::max(*pause, Millis{1})));
  } else if (const auto first = duration("exp_backoff_restart_delay"); first && *first > Millis{0}) {
    app_.set("restart.backoff_min", toml_duration(*first));
    app_.set("restart.backoff_max", "\"15s\"");
  }
  if (const auto life = duration("min_uptime")) app_.set("restart.reset_after", toml_duration(*life));
  if (const auto most = get<std::int64_t>({"max_restarts"}, to_integer, "a number")) {
    if (*most >= 1 && *most <= 1000) app_.set("restart.crash_loop_after", std::to_string(*most));
    note("max_restarts", "is when it is called a crash loop: it is not given up, but started again every restart.backoff_max");
  }
}

void AppReader::read_start_and_stop() {
  // What pm2 sends; apps that are written for it handle this one.
  app_.set("stop_signal", "\"SIGINT\"");
  if (const auto patience = duration("kill_timeout")) app_.set("stop_timeout", toml_duration(*patience));
  if (!flag("treekill", true)) app_.set("kill_mode", "\"process\"");
  const auto latest = duration("listen_timeout");
  if (latest && *latest > patient_start) app_.set("start_timeout", toml_duration(*latest));
  else if (latest)
    note("listen_timeout", "is shorter than start_timeout, which stays at 30s: it stops an app that is not up by then, where pm2 "
                           "goes on without waiting");
  if (flag("wait_ready", false))
    note("wait_ready", "there is no process.send here (write process.send?.(\"ready\")); an "
                       "instance is up when it listens; health_check = \"/path\" or ready = \"notify\" say more");
}

// pm2 takes regular expressions, too: what is no pattern here is told.
void AppReader::set_patterns(std::string_view key, std::string_view name, const std::vector<std::string>& patterns,
                             std::string (*problem_of)(std::string_view)) {
  std::vector<std::string> good;
  for (const std::string& given : patterns) {
    std::string_view pattern = given;
    if (pattern.starts_with("./")) pattern.remove_prefix(2);
    if (pattern.size() > 1 && pattern.ends_with('/')) pattern.remove_suffix(1);
    const std::string problem =
        given.find('\\') != given.npos ? "it is a regular expression, and patterns as a shell has them are taken" : problem_of(pattern);
    if (problem.empty()) good.emplace_back(pattern);
    else note(key, config::quote(given) + " has no equivalent: " + problem);
  }
  if (!good.empty()) app_.set(name, toml_list(good));
}

void AppReader::read_triggers() {
  if (const auto most = get<std::uint64_t>({"max_memory_restart"}, to_bytes, "a size as in \"300M\""); most && *most > 0)
    app_.set("max_memory", '"' + config::format_size(*most) + '"');
  if (const std::string cron = text({"cron_restart", "cron"}); !cron.empty() && cron != "0" && cron != "false") {
    const auto problem = config::cron_problem(cron);
    if (problem.empty()) app_.set("cron_restart", toml_string(cron));
    else note("cron_restart", config::quote(cron) + " has no equivalent: " + problem);
  }
  const json::value* watch = find("watch");
  const auto on = watch != nullptr ? to_boolean(*watch) : std::nullopt;
  std::vector<std::string> patterns;
  if (on.value_or(false)) patterns = {"."};
  else if (watch != nullptr && !on)
    patterns = get<std::vector<std::string>>({"watch"}, to_list, "true, or a list of paths").value_or(patterns);
  set_patterns("watch", "watch", patterns, config::watch_pattern_problem);
  const auto ignored = get<std::vector<std::string>>({"ignore_watch"}, to_list, "a list of paths");
  if (ignored && app_.setting("watch") != nullptr) set_patterns("ignore_watch", "watch_ignore", *ignored, config::watch_ignore_problem);
}

void AppReader::read_output() {
  const std::string both = text({"log_file", "log"});
  const std::string out = text({"out_file", "out", "output", "out_log"});
  const std::string errors = text({"error_file", "error", "err", "err_file", "err_log"});
  std::string file;
  for (const std::string& candidate : {both, out, errors})
    if (file.empty() && !candidate.empty() && candidate != "/dev/null" && candidate != "NULL" && candidate != "true" &&
        candidate != "false")
      file = candidate;
  const bool nowhere = file.empty() && (out == "/dev/null" || out == "NULL") && (errors == "/dev/null" || errors == "NULL");
  if (flag("disable_logs", false) || nowhere) return app_.set("logs.mode", "\"off\"");
  const bool as_json = text({"log_type"}) == "json";
  if (as_json) app_.set("logs.mode", "\"json\"");
  if (as_json && !file.empty()) app_.set("logs.file_format", "\"json\"");
  if (!file.empty()) app_.set("logs.file", toml_string((std::filesystem::path(app_.directory) / file).string()));
  for (const auto& [key, path] : {std::pair<std::string_view, std::string>{"out_file", out}, {"error_file", errors}}) {
    if (path.empty() || path == file) continue;
    if (path == "/dev/null" || path == "NULL") note(key, "is /dev/null, which has no equivalent: its lines go where the others go");
    else note(key, "has no equivalent: a pool has one file for both, which is " + config::quote(file));
  }
}

void AppReader::read_user() {
  if (const std::string user = text({"user", "uid"}); !user.empty()) app_.set("user", toml_string(user));
  if (const std::string group = text({"gid"}); !group.empty()) app_.set("group", toml_string(group));
}

// What has no equivalent, and what is no key at all. A key that is false asks for nothing.
void AppReader::name_the_others() {
  std::vector<std::string_view> names;
  for (const EcosystemKey& key : ecosystem_keys()) names.push_back(key.name);
  for (const auto& entry : in_) {
    const std::string_view key = entry.key();
    const json::value& value = entry.value();
    if (key.starts_with("env_") || value.is_null()) continue;
    const auto known = std::find_if(ecosystem_keys().begin(), ecosystem_keys().end(),
                                    [&](const EcosystemKey& candidate) { return candidate.name == key; });
    if (known == ecosystem_keys().end()) {
      const auto meant = config::nearest(key, names);
      note(key, meant ? "is no key of an app, did you mean " + config::quote(*meant) + "?"
                      : std::string("is no key of an app and is left out"));
    } else if (!known->instead.empty()) {
      const bool off = value.is_bool() && !value.get_bool() && key != "autostart";
      if (!off && !(key == "autostart" && value.is_bool() && value.get_bool())) note(key, std::string(known->instead));
    }
  }
}

void AppReader::read() {
  const ScriptToRun what = read_script();
  read_name(what);
  if (what.script.empty()) return all_.errors.push_back(where_ + " has no script");
  app_.directory = (std::filesystem::path(directory_) / text({"cwd"})).lexically_normal().string();
  if (app_.directory.size() > 1 && app_.directory.ends_with('/')) app_.directory.pop_back();
  read_instances();
  read_variables();
  set_command(what, files_, app_, all_);
  read_start_and_stop();
  read_restarts();
  read_triggers();
  read_output();
  read_user();
  name_the_others();
  all_.apps.push_back(std::move(app_));
}

}  // namespace

void read_ecosystem_app(const json::object& app, const std::string& where, const std::string& directory,
                        const Files& files, Imported& all) {
  AppReader(app, where, directory, files, all).read();
}

}  // namespace frontdoor::importer
