// What of a pool is about its instances and takes more than one value, or the world around, to read: the chosen
// profile, the env_file, the user; and what does not go together.

#include <algorithm>

#include "base/read_file.h"
#include "config/env_file.h"
#include "config/patterns.h"
#include "config/reader.h"
#include "config/suggest.h"
#include "config/values.h"

namespace frontdoor::config {
namespace {

using Kind = Value::Kind;

constexpr std::string_view kPortIsOurs =
    ": PORT has no effect: frontdoor chooses it for each instance, so that no two listen on the same";

// The chosen profile's value of a key, or the pool's own.
const Value* find_in(const Value& value, const Value* profile, std::string_view key) {
  if (const auto* own = profile != nullptr ? profile->find(key) : nullptr) return own;
  return value.find(key);
}

// All of a profile is read, chosen or not, so that its mistakes are found before somebody needs it.
void read_profile(const Entry& entry, const std::string& heading, Pool& pool, Reader& reader) {
  auto variables = std::move(pool.process.env);
  pool.process.env.clear();
  read_plain_keys(entry.value, {schema::profile, heading, pool.name}, &pool, reader);
  for (const auto& [name, text] : pool.process.env) set_variable(variables, name, text);
  pool.process.env = std::move(variables);
}

// The chosen one's table, if there is one.
const Value* read_profiles(const Value& value, Pool& pool, Reader& reader) {
  const auto* profiles = value.find("profile");
  const std::string name = "[pool." + toml_key(pool.name) + ".profile.";
  if (profiles == nullptr || !is_table(*profiles, "profile", name + "NAME]", reader)) return nullptr;
  const Value* chosen = nullptr;
  for (const auto& entry : profiles->entries) {
    if (!entry.value.is(Kind::Table)) {
      wrong_type("profile." + entry.key, "a table as in { env = { … } }", entry.value, reader.diagnostics);
      continue;
    }
    reader.profiles.push_back(entry.key);
    Pool other = pool;
    const bool is_chosen = entry.key == reader.options.profile;
    read_profile(entry, name + toml_key(entry.key) + ']', is_chosen ? pool : other, reader);
    if (is_chosen) chosen = &entry.value;
  }
  return chosen;
}

// PORT is told to each instance by us; one that the config names would be the same for all.
void drop_port(const Value* table, const Pool& pool, Reader& reader) {
  const auto* env = table != nullptr && !pool.process.command.empty() ? table->find("env") : nullptr;
  if (env == nullptr || !env->is(Kind::Table)) return;
  for (const auto& entry : env->entries)
    if (entry.key == "PORT") reader.diagnostics.warning(entry.at, "env" + std::string(kPortIsOurs));
}

void read_env_file(const Value& at, Pool& pool, Reader& reader) {
  const std::string& name = pool.process.env_file;
  if (name.empty() || !reader.options.read_file) return;
  const bool relative = name.front() != '/' && reader.options.directory && *reader.options.directory != ".";
  const std::string path = relative ? *reader.options.directory + '/' + name : name;
  const auto fail = [&](const std::string& what) { reader.diagnostics.error(at.at, "env_file: " + path + what); };
  const FilesRead* const known = reader.options.instead_of_files;
  const FileText file = known ? known->text_of(path) : reader.options.read_file(path);
  reader.read.texts[path] = file.text;
  if (!file.error.empty()) return fail(": " + file.error);
  auto parsed = parse_env_file(file.text);
  if (!parsed) {
    const EnvFileError error = parsed.error();
    return fail(':' + std::to_string(error.line) + ": " + error.what);
  }
  pool.process.file_env = std::move(*parsed);
  if (std::erase_if(pool.process.file_env, [](const auto& variable) { return variable.first == "PORT"; }) == 0) return;
  // Such a file is often that of several pools: what it says to the one that serves is not for its workers.
  if (pool.process.port == Launch::Port::None)
    reader.diagnostics.warning(at.at, "env_file: " + path + ": PORT is not passed on, since these instances have port = "
                                          "\"none\"; write it into env if they are to have one");
  else
    reader.diagnostics.warning(at.at, "env_file: " + path + std::string(kPortIsOurs));
}

// How an instance is known to be ready must fit to where it listens.
void check_readiness(const Value& value, const Value* profile, const Pool& pool, Position at, Reader& reader) {
  const Process& process = pool.process;
  const auto place_of = [&](std::string_view key) {
    const auto* const own = find_in(value, profile, key);
    return own != nullptr ? own->at : at;
  };
  const bool checked = process.ready == Launch::Ready::HealthCheck && pool.health_check.has_value();
  if (process.port == Launch::Port::ListenFds) {
    // The socket accepts before the app exists: that somebody connects to it says nothing of the app.
    const bool asks = checked && (pool.health_check->type == HealthCheck::Type::Http || pool.has_exec_check() ||
                                  pool.health_check->port != 0);
    if (!asks && process.ready != Launch::Ready::Notify)
      reader.diagnostics.error(place_of("port"),
                               "port: with \"listen_fds\" the socket listens before the app does, so only a health_check by "
                               "HTTP or a command, or ready = \"notify\" can tell that it is up");
  }
  if (process.port == Launch::Port::None) {
    if (process.ready == Launch::Ready::Listen)
      reader.diagnostics.error(place_of("ready"), "ready: an instance without a port never listens: leave ready out "
                                                  "(it is up after min_uptime), or write \"notify\"");
    if (pool.health_check && pool.upstreams.empty())
      reader.diagnostics.warning(place_of("health_check"),
                                 "health_check has no effect: instances with port = \"none\" have nothing to ask");
    if (process.idle_stop != Millis{0})
      reader.diagnostics.error(place_of("idle_stop"),
                               "idle_stop: instances with port = \"none\" get no requests, so that none would ever start "
                               "them again: leave idle_stop out, or give them a port");
  } else if (find_in(value, profile, "min_uptime") != nullptr) {
    reader.diagnostics.warning(place_of("min_uptime"),
                               "min_uptime has no effect: it is for instances with port = \"none\"");
  }
}

void read_account(const Value* user, const Value* group, Pool& pool, Reader& reader) {
  const Process& process = pool.process;
  if ((process.user.empty() && process.group.empty()) || !reader.options.accounts) return;
  const AccountLookup found = reader.options.accounts(process.user, process.group);
  const Value* const at = found.problem_of_group || user == nullptr ? group : user;
  const std::string key = at == group ? "group: " : "user: ";
  if (!found.account) return reader.diagnostics.error(at->at, key + found.problem);
  const auto& me = reader.options.runs_as;
  if (me && me->uid != 0 && (me->uid != found.account->uid || me->gid != found.account->gid))
    return reader.diagnostics.error(
        at->at, key + "only root may start instances as somebody else, and frontdoor runs as user " +
                    std::to_string(me->uid) + ": start it as root, or leave " + key.substr(0, key.size() - 2) + " out");
  if (me && me->uid != 0) return;  // it is this very user
  pool.process.account = found.account;
}

constexpr std::uint32_t kMostOnACpu = 16;  // apps that mostly wait for others share one by the dozen; more is a slip of the pen

// What is good as a text and would not start now: a warning, as the other pools serve, and it may be there in a moment.
void look_at_start(const Value& value, const Value* profile, const Pool& pool, Reader& reader) {
  const Process& process = pool.process;
  const LoadOptions& options = reader.options;
  const auto warn = [&](const Value* at, const std::string& what) {
    if (at != nullptr) reader.diagnostics.warning(at->at, what);
  };
  if (options.usable_cpus != 0 && !process.command.empty() && process.instances > kMostOnACpu * options.usable_cpus)
    warn(find_in(value, profile, "instances"),
         "instances: " + std::to_string(process.instances) + " would share " + std::to_string(options.usable_cpus) +
             (options.usable_cpus == 1 ? " CPU" : " CPUs") + ", and each takes memory of its own: \"max\" is one for each CPU");
  if (options.directory_problem && !process.directory.empty())
    if (const std::string problem = options.directory_problem(process); !problem.empty())
      return warn(find_in(value, profile, "directory"), "directory: " + problem);  // where the command would be, nobody knows
  const auto look_at = [&](const Value* at, const std::vector<std::string>& command) {
    if (!options.command_problem || command.empty() || at == nullptr || reader.diagnostics.has_error_at(at->at)) return;
    if (const std::string problem = options.command_problem(process, command); !problem.empty()) warn(at, "command: " + problem);
  };
  look_at(find_in(value, profile, "command"), process.command);
  if (const Value* const check = value.find("health_check"); check != nullptr && pool.has_exec_check())
    look_at(check->find("command"), pool.health_check->command);
}

}  // namespace

void read_process(const Value& value, Pool& pool, Position at, Reader& reader) {
  const Value* const profile = read_profiles(value, pool, reader);
  const bool has_instances = !pool.process.command.empty();
  if (!has_instances && !pool.has_exec_check()) return;
  if (pool.process.port != Launch::Port::None) {
    drop_port(&value, pool, reader);
    drop_port(profile, pool, reader);
    std::erase_if(pool.process.env, [](const auto& variable) { return variable.first == "PORT"; });
  }
  if (const auto* file = find_in(value, profile, "env_file")) read_env_file(*file, pool, reader);
  read_account(find_in(value, profile, "user"), find_in(value, profile, "group"), pool, reader);
  if (has_instances) check_readiness(value, profile, pool, at, reader);
  look_at_start(value, profile, pool, reader);
}

// A profile that no pool has was mistyped, or the whole file is another one.
void check_profile(Reader& reader) {
  const std::string& wanted = reader.options.profile;
  if (wanted.empty() || std::find(reader.profiles.begin(), reader.profiles.end(), wanted) != reader.profiles.end())
    return;
  const std::vector<std::string_view> names(reader.profiles.begin(), reader.profiles.end());
  std::string message = "--env " + wanted + ": no pool has a profile of this name";
  if (const auto meant = nearest(wanted, names))
    message += ", did you mean " + quote(*meant) + "?";
  else if (!names.empty())
    message += "; there are " + quote_list(names, "and");
  reader.diagnostics.error({}, message);
}

}  // namespace frontdoor::config
