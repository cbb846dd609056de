// Each key of pm2's ecosystem file: what it becomes, or what is said of it.

#include "importer/ecosystem.h"

#include "base/read_file.h"
#include "support.h"

namespace frontdoor::importer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Imported read_apps(const std::string& text, Disk disk = {}) { return read_ecosystem(text, "/srv/app", files_of(std::move(disk))); }

// One app with a script and these keys.
Imported with(const std::string& keys, Disk disk = {}) {
  return read_apps("{\"apps\": [{\"name\": \"web\", \"script\": \"a.js\"" + (keys.empty() ? "" : ", " + keys) + "}]}", std::move(disk));
}

std::string command_of_app(const std::string& app, Disk disk = {}) {
  const Imported all = read_apps("[" + app + "]", std::move(disk));
  return all.ok() ? joined(all.apps.at(0).command, "|") : joined(all.errors);
}

std::string settings(const Imported& all) {
  std::string text;
  for (const auto& [key, value] : all.apps.at(0).settings)
    if (key != "stop_signal") text += (text.empty() ? "" : " ") + key + '=' + value;
  return text;
}

TEST(Ecosystem, ComesInFourForms) {
  for (const char* text : {R"({"apps": [{"script": "web.js"}]})", R"({"apps": {"script": "web.js"}})", R"([{"script": "web.js"}])",
                           R"({"script": "web.js"})", R"({"pm2": [{"exec": "web.js"}]})",
                           "{ /* pm2 allows it */ \"apps\": [{\"script\": \"web.js\",},], // and this\n}"}) {
    const Imported all = read_apps(text);
    ASSERT_THAT(all.errors, IsEmpty()) << text;
    EXPECT_EQ(all.apps.at(0).name, "web");
    EXPECT_EQ(joined(all.apps.at(0).command), "node web.js");
    EXPECT_EQ(all.apps.at(0).directory, "/srv/app");
    EXPECT_TRUE(all.apps.at(0).serves);
    EXPECT_EQ(*all.apps.at(0).setting("stop_signal"), "\"SIGINT\"");
  }
}

TEST(Ecosystem, WhatIsNoneSaysWhy) {
  const struct {
    const char* text;
    const char* error;
  } cases[] = {
      {"{}", "there is no `apps` in it"},
      {R"({"app": []})", "there is no `apps` in it, only \"app\""},
      {R"({"apps": []})", "there is no app in it"},
      {"7", "apps: expected an object with a script, not a number"},
      {"null", "apps: expected an object with a script, not null"},
      {R"(["a"])", "apps[0]: expected an object with a script, not a string"},
      {R"([{"name": "a"}])", "apps[0] has no script"},
      {"{apps: []}", "1:2: this is no JSON: syntax error"},
      {R"([{"script": "a", "instances": "many"}])", "apps[0].instances: expected a number up to 1000 or \"max\", not \"many\""},
      {R"([{"script": "a", "instances": 1001}])", "apps[0].instances: expected a number up to 1000 or \"max\", not a number"},
      {R"([{"script": "a", "exec_mode": "clutser"}])", "apps[0].exec_mode: expected \"cluster\" or \"fork\", not \"clutser\""},
      {R"([{"script": "a", "kill_timeout": "soon"}])", "apps[0].kill_timeout: expected milliseconds, as in 3000, not \"soon\""},
      {R"([{"script": "a", "max_memory_restart": "300 MB"}])", "apps[0].max_memory_restart: expected a size as in \"300M\", not \"300 MB\""},
      {R"([{"script": "a", "autorestart": []}])", "apps[0].autorestart: expected true or false, not a list"},
      {R"([{"script": "a", "args": {}}])", "apps[0].args: expected text or a list of words, not an object"},
      {R"([{"script": "a", "watch": {}}])", "apps[0].watch: expected true, or a list of paths, not an object"},
      {R"([{"script": "a", "env": 7}])", "apps[0].env: expected an object as in { NODE_ENV: \"production\" }, not a number"},
      {R"([{"script": {}}])", "apps[0].script: expected text, not an object\napps[0] has no script"},
      {R"([{"script": "a", "max_restarts": "x"}])", "apps[0].max_restarts: expected a number, not \"x\""},
      {R"([{"script": "a", "stop_exit_codes": {}}])", "apps[0].stop_exit_codes: expected a list of numbers, not an object"},
  };
  for (const auto& c : cases) EXPECT_EQ(joined(read_apps(c.text).errors, "\n"), c.error) << c.text;
  std::string many = "[";
  for (int i = 0; i < 101; ++i) many += std::string(i ? "," : "") + R"({"script": "a.js"})";
  EXPECT_THAT(read_apps(many + "]").errors, ElementsAre("there are more than 100 apps in it"));
}

TEST(Ecosystem, TheScriptIsRunByItsInterpreter) {
  const Disk disk{{"/srv/app/bin/run", "#!/bin/sh"}, {"/srv/app/old", "console.log(1)"}, {"/srv/app/app", "\x7F" "ELF"},
                  {"/srv/app/my app.js", ""}};
  const struct {
    const char* app;
    const char* command;
  } cases[] = {
      {R"({"script": "./a.js", "args": "-p 1 'x y'"})", "node|./a.js|-p|1|x y"},
      {R"({"script": "a.mjs", "args": ["x y", 7]})", "node|a.mjs|x y|7"},
      {R"({"script": "a.js", "node_args": "--inspect --max-old-space-size=300"})", "node|--inspect|--max-old-space-size=300|a.js"},
      {R"({"script": "a.js", "interpreter_args": ["--inspect"]})", "node|--inspect|a.js"},
      {R"({"script": "a.py"})", "python3|a.py"},
      {R"({"script": "a.sh"})", "bash|a.sh"},
      {R"({"script": "a.ts"})", "bun|a.ts"},
      {R"({"script": "a.js", "interpreter": "bun"})", "bun|a.js"},
      {R"({"script": "a.js", "interpreter": "node@18"})", "node|a.js"},
      {R"({"script": "bin/run", "interpreter": "none", "args": "x"})", "bin/run|x"},
      {R"({"script": "bin/run"})", "bin/run"},
      {R"({"script": "old"})", "node|old"},
      {R"({"script": "app"})", "./app"},
      {R"({"script": "next", "args": "start"})", "next|start"},
      {R"({"script": "my app.js"})", "node|my app.js"},
      {R"({"script": "node a.js -x", "args": "y"})", "node|a.js|-x|y"},
      {R"({"script": "cd x && node a.js", "args": "y z"})", "/bin/sh|-c|cd x && exec node a.js \"$@\"|sh|y|z"},
      {R"({"script": "a.js", "source_map_support": true})", "node|--enable-source-maps|a.js"},
      {R"({"script": "a.js", "source_map_support": true, "disable_source_map_support": true})", "node|a.js"},
      {R"({"script": "npm", "args": "start"})", "npm|start"},
  };
  for (const auto& c : cases) EXPECT_EQ(command_of_app(c.app, disk), c.command) << c.app;
}

TEST(Ecosystem, NpmAsAScriptIsItsScript) {
  const Disk disk{{"/srv/app/sub/package.json", R"({"scripts": {"start": "A=1 node s.js", "other": "node o.js"}})"}};
  EXPECT_EQ(command_of_app(R"({"script": "npm", "args": "start", "cwd": "sub"})", disk), "node|s.js");
  EXPECT_EQ(command_of_app(R"({"script": "npm", "args": ["run", "other"], "cwd": "./sub/"})", disk), "node|o.js");
  EXPECT_EQ(command_of_app(R"({"script": "npm", "args": "run no", "cwd": "sub"})", disk),
            "package.json: there is no scripts.no; there are \"start\" and \"other\", as in frontdoor run -- npm run start");
  const Imported all = read_apps(R"({"name": "web", "script": "npm", "args": "start", "cwd": "sub", "env": {"A": "2", "B": "3"}})", disk);
  EXPECT_THAT(variables(all.apps.at(0).env), HasSubstr("A=1 B=3 npm_lifecycle_event=start"));
  EXPECT_EQ(all.apps.at(0).before_path, "/srv/app/sub/node_modules/.bin:");
  EXPECT_EQ(all.apps.at(0).directory, "/srv/app/sub");
}

TEST(Ecosystem, KeysThatFdTomlHasAWordFor) {
  const struct {
    const char* keys;
    const char* settings;
  } cases[] = {
      {"", ""},
      {R"("kill_timeout": 3000, "treekill": false)", R"(stop_timeout="3s" kill_mode="process")"},
      {R"("listen_timeout": 60000)", R"(start_timeout="60s")"},
      {R"("autorestart": false)", R"(restart.policy="never")"},
      {R"("stop_exit_codes": [0])", R"(restart.policy="on_failure")"},
      {R"("restart_delay": 5000)", R"(restart.backoff_min="5s" restart.backoff_max="5s")"},
      {R"("exp_backoff_restart_delay": 100)", R"(restart.backoff_min="100ms" restart.backoff_max="15s")"},
      {R"("min_uptime": "1m", "max_restarts": 10)", R"(restart.reset_after="60s" restart.crash_loop_after=10)"},
      {R"("max_memory_restart": "300M")", R"(max_memory="300MiB")"},
      {R"("max_memory_restart": 1048576)", R"(max_memory="1MiB")"},
      {R"("cron_restart": "0 3 * * *")", R"(cron_restart="0 3 * * *")"},
      {R"("watch": true)", R"(watch=["."])"},
      {R"("watch": ["src", "lib"])", R"(watch=["src", "lib"])"},
      {R"("watch": true, "ignore_watch": ["./logs/", "*.tmp"])", R"(watch=["."] watch_ignore=["logs", "*.tmp"])"},
      {R"("watch": false, "ignore_watch": ["x"])", ""},
      {R"("user": "www", "gid": 33)", R"(user="www" group="33")"},
      {R"("log_file": "all.log", "log_type": "json")", R"(logs.mode="json" logs.file_format="json" logs.file="/srv/app/all.log")"},
      {R"("disable_logs": true, "out_file": "x")", R"(logs.mode="off")"},
      {R"("out_file": "/dev/null", "error_file": "/dev/null")", R"(logs.mode="off")"},
      {R"("log_type": "json")", R"(logs.mode="json")"},
      {R"("out_file": "/var/log/a", "error_file": "/var/log/a")", R"(logs.file="/var/log/a")"},
  };
  for (const auto& c : cases) {
    const Imported all = with(c.keys);
    ASSERT_THAT(all.errors, IsEmpty()) << c.keys;
    EXPECT_EQ(settings(all), c.settings) << c.keys;
  }
  EXPECT_EQ(with(R"("instances": 4)").apps[0].instances, 4u);
  EXPECT_EQ(with(R"("instances": "2")").apps[0].instances, 2u);
  for (const char* max : {"0", "\"max\"", "-1", "\"0\""})
    EXPECT_EQ(with("\"instances\": " + std::string(max)).apps[0].instances, 0u) << max;
}

TEST(Ecosystem, VariablesAreTextAsPm2GivesThem) {
  const Imported all = with(R"("env": {"A": 1, "B": true, "C": {"x": [1]}, "D": null, "E": "e"}, "env_production": {"A": 2}, "env_x": {})");
  EXPECT_EQ(variables(all.apps[0].env), "A=1 B=true C={\"x\":[1]} E=e");
  ASSERT_EQ(all.apps[0].profiles.size(), 2u);
  EXPECT_EQ(all.apps[0].profiles[0].first, "production");
  EXPECT_EQ(variables(all.apps[0].profiles[0].second), "A=2");
  EXPECT_EQ(with(R"("port": 3000)").apps[0].port, 3000);
}

TEST(Ecosystem, WhatIsOtherwiseIsTold) {
  const struct {
    const char* keys;
    const char* note;
  } cases[] = {
      {R"("instances": -1)", "web: instances: leaves CPUs free, which has no equivalent: \"max\" is one for each usable CPU"},
      {R"("exec_mode": "cluster")", "web: exec_mode: the instances share no port here: each must listen on process.env.PORT"},
      {R"("wait_ready": true)",
       "web: wait_ready: there is no process.send here (write process.send?.(\"ready\")); an "
       "instance is up when it listens; health_check = \"/path\" or ready = \"notify\" say more"},
      {R"("listen_timeout": 3000)",
       "web: listen_timeout: is shorter than start_timeout, which stays at 30s: it stops an app that is not up by then, where pm2 goes "
       "on without waiting"},
      {R"("stop_exit_codes": [3])",
       "web: stop_exit_codes: has no equivalent but for 0 (restart.policy = \"on_failure\"): the app is started again after the others"},
      {R"("max_restarts": 10)",
       "web: max_restarts: is when it is called a crash loop: it is not given up, but started again every restart.backoff_max"},
      {R"("cron": "*/5 * * * * *")", "web: cron_restart: \"*/5 * * * * *\" has no equivalent: write five fields: minute, hour, day, month and "
       "weekday, as in \"30 4 * * *\"; there is none for seconds, and none for a command"},
      {R"("watch": true, "ignore_watch": ["logs", "[\\/]\\."])",
       "web: ignore_watch: \"[\\\\/]\\\\.\" has no equivalent: it is a regular expression, and patterns as a shell has them are taken"},
      {R"("watch": ["!a"])", "web: watch: \"!a\" has no equivalent: what is not to be watched stands in watch_ignore"},
      {R"("cron": "* * * *")", "web: cron_restart: \"* * * *\" has no equivalent: write five fields: minute, hour, day, month and "
       "weekday, as in \"30 4 * * *\""},
      {R"("out_file": "a", "error_file": "b")", "web: error_file: has no equivalent: a pool has one file for both, which is \"a\""},
      {R"("out_file": "a", "error_file": "/dev/null")",
       "web: error_file: is /dev/null, which has no equivalent: its lines go where the others go"},
      {R"("increment_var": "OTHER")",
       "web: increment_var: has no equivalent for other variables than PORT: the app can add NODE_APP_INSTANCE, which is 0, 1, …"},
      {R"("instance_var": "N")",
       "web: instance_var: has no equivalent: the number is in NODE_APP_INSTANCE, the name in FRONTDOOR_INSTANCE"},
      {R"("interpreter": "node@18")",
       "web: interpreter: asks for a Node of a certain version, which nobody installs here: the node in PATH is taken. Name the one "
       "you want by its path"},
      {R"("interpreter": "none", "node_args": "-x")", "web: node_args: has no effect: the script is executed without an interpreter"},
      {R"("env": "x")", "web: env: is text and not variables: write an object"},
      {R"("shutdown_with_message": true)",
       "web: shutdown_with_message: has no equivalent: there is no message channel to the app. It gets stop_signal: handle that one"},
      {R"("autostart": false)", "web: autostart: has no equivalent: all pools are started; stop one with frontdoor stop"},
      {R"("force": true)", "web: force: means nothing here and is left out"},
      {R"("instnaces": 2)", "web: instnaces: is no key of an app, did you mean \"instances\"?"},
      {R"("frobnicate": 2)", "web: frobnicate: is no key of an app and is left out"},
  };
  for (const auto& c : cases) EXPECT_THAT(lines_of(with(c.keys).notes), ElementsAre(c.note)) << c.keys;
  EXPECT_THAT(lines_of(read_apps(R"({"apps": [{"script": "a.js"}], "deploy": {}, "depoly": 1, "x": 1})").notes),
              ElementsAre("deploy: has no equivalent: frontdoor copies nothing to other machines. Let what does end with frontdoor restart, "
                          "or point `directory` at a link to the current release",
                          "depoly: is no key of this file, did you mean \"deploy\"?", "x: is no key of this file and is left out"));
  EXPECT_THAT(lines_of(read_apps(R"([{"script": "a.ts"}])").notes),
              ElementsAre("a: script: is TypeScript and started with bun, as pm2 6 does: name another interpreter if it is not that"));
  EXPECT_THAT(lines_of(read_apps(R"([{"name": "a", "script": "a.js"}, {"name": "a", "script": "cd x; PORT=1 y"}])").notes),
              ElementsAre("a-2: name: is \"a\" in the file, which no other pool may have and a pool can not be called",
                          "a-2: script: sets PORT: frontdoor gives each instance a PORT of its own, so take it out"));
}

TEST(Ecosystem, WhatIsOffSaysNothing) {
  EXPECT_THAT(with(R"("force": false, "vizion": false, "pmx": false, "time": false, "merge_logs": null, "autostart": true,
                      "instance_var": "NODE_APP_INSTANCE", "increment_var": "PORT", "exec_mode": "fork", "wait_ready": false,
                      "ignore_watch": ["x"], "cron_restart": 0)").notes,
              IsEmpty());
}

TEST(Ecosystem, EveryKeyOfAnAppIsHandledOrHasAnAnswer) {
  const FileText docs = read_file(FRONTDOOR_SOURCE_DIR "/docs/coming-from-pm2.md", 1 << 20);
  for (const EcosystemKey& key : ecosystem_keys()) {
    // On, where it has an answer: it is told.
    if (!key.instead.empty()) {
      const std::string value = key.name == "autostart" ? "false" : "true";
      EXPECT_THAT(lines_of(with("\"" + std::string(key.name) + "\": " + value).notes), ElementsAre(HasSubstr(std::string(key.instead))));
    }
    EXPECT_THAT(docs.text, HasSubstr("`" + std::string(key.name) + "`")) << "docs/coming-from-pm2.md";
  }
}

TEST(Ecosystem, WhoServes) {
  const auto serving = [](const std::string& text) {
    std::string names;
    for (const ImportedApp& app : read_apps(text).apps)
      if (app.serves) names += app.name + ' ';
    return names;
  };
  EXPECT_EQ(serving(R"([{"script": "a.js"}, {"script": "b.js", "env": {"PORT": 1}}])"), "b ");
  EXPECT_EQ(serving(R"([{"script": "a.js", "port": 3}, {"script": "b.js", "env_x": {"PORT": 1}}])"), "a b ");
  EXPECT_EQ(serving(R"([{"script": "worker.js"}, {"script": "api.js"}, {"script": "web.js"}])"), "web ");
  EXPECT_EQ(serving(R"([{"script": "x.js"}, {"script": "y.js"}])"), "x ");
}

}  // namespace
}  // namespace frontdoor::importer
