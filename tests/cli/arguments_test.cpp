#include "cli/arguments.h"

#include <gtest/gtest.h>

#include <sstream>

namespace frontdoor::cli {
namespace {

std::vector<std::string> split(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

// What was understood, as one line that a table can hold.
std::string serving(const ServingArguments& s) {
  std::string text;
  if (!s.ready_file.empty()) text += " ready=" + s.ready_file;
  if (s.workers) text += " workers=" + std::to_string(*s.workers);
  if (s.exit_with_child) text += " ends with its child";
  if (s.watch_config) text += " watched";
  return text;
}

struct Describe {
  std::string operator()(const RunCommand& c) const {
    const std::string how = c.how == RunCommand::How::Detached ? " detached" : c.how == RunCommand::How::AsUnit ? " unit" : "";
    const std::string profile = c.profile.empty() ? "" : " env=" + c.profile;
    if (c.import) {
      std::string text = "import " + c.import->path;
      if (c.import->instances) text += " x" + std::to_string(*c.import->instances);
      if (!c.import->listen.empty()) text += " listen=" + c.import->listen;
      if (!c.import->health_path.empty()) text += " health=" + c.import->health_path;
      if (c.import->watch) text += " watch";
      return text + profile + serving(c.serving) + how;
    }
    if (!c.quick) return "run " + c.config_file + profile + serving(c.serving) + how;
    std::string text = "run " + std::to_string(c.quick->instances) + " x";
    for (auto& word : c.quick->command) text += ' ' + word;
    if (!c.quick->listen.empty()) text += " listen=" + c.quick->listen;
    if (!c.quick->health_path.empty()) text += " health=" + c.quick->health_path;
    if (c.quick->watch) text += " watch";
    return text + profile + (c.quick->profile == c.profile ? "" : " not its own") + serving(c.serving) + how;
  }
  static std::string end(const std::string& socket, bool json) {
    return (json ? " json" : "") + (socket.empty() ? "" : " at " + socket);
  }
  std::string operator()(const StatusCommand& c) const {
    return std::string("status") + (c.watch ? " watch" : "") + end(c.socket, c.json);
  }
  std::string operator()(const TopCommand& c) const {
    const char* const orders[] = {"requests", "now", "memory", "cpu"};
    return std::string("top by ") + orders[static_cast<int>(c.order)] + end(c.socket, false);
  }
  std::string operator()(const OperateCommand& c) const {
    const char* const verbs[] = {"restart ", "stop ", "start ", "scale "};
    return verbs[static_cast<int>(c.verb)] + c.subject + (c.instances.empty() ? "" : " to " + c.instances) +
           (c.now ? " now" : "") + end(c.socket, c.json);
  }
  std::string operator()(const LogsCommand& c) const {
    return "logs " + c.subject + " lines=" + std::to_string(c.lines) + (c.follow ? " follow" : "") + end(c.socket, c.json);
  }
  std::string operator()(const WhyCommand& c) const { return "why " + c.subject + end(c.socket, c.json); }
  std::string operator()(const ReloadCommand& c) const { return "reload" + end(c.socket, c.json); }
  std::string operator()(const UpgradeCommand& c) const {
    return "upgrade within=" + std::to_string(c.within_seconds) + end(c.socket, c.json);
  }
  std::string operator()(const DiffCommand& c) const { return "config diff" + end(c.socket, c.json); }
  std::string operator()(const HealthCommand& c) const {
    return std::string("healthcheck") + (c.ready ? " ready" : "") + (c.address.empty() ? "" : " of " + c.address) +
           end(c.socket, false);
  }
  std::string operator()(const SteerCommand& c) const {
    const char* const verbs[] = {"drain ", "ready ", "maintenance ", "weight "};
    return verbs[static_cast<int>(c.verb)] + c.subject + (c.weight.empty() ? "" : " to " + c.weight) +
           (c.page_file.empty() ? "" : " page=" + c.page_file) + (c.retry_after.empty() ? "" : " after=" + c.retry_after) +
           (c.reason.empty() ? "" : " since " + c.reason) + (c.yes ? " yes" : "") + (c.waits ? "" : " at once") +
           end(c.socket, c.json);
  }
  std::string operator()(const UpstreamCommand& c) const {
    return std::string("upstream ") + (c.verb == UpstreamCommand::Verb::Add ? "add " : "remove ") + c.pool + " : " + c.address +
           (c.weight.empty() ? "" : " x" + c.weight) + (c.priority.empty() ? "" : " priority=" + c.priority) +
           (c.host.empty() ? "" : " host=" + c.host) + (c.reason.empty() ? "" : " since " + c.reason) + (c.yes ? " yes" : "") +
           (c.waits ? "" : " at once") + end(c.socket, c.json);
  }
  std::string operator()(const EventsCommand& c) const {
    return "events " + c.subject + " lines=" + std::to_string(c.lines) + (c.level.empty() ? "" : " level=" + c.level) +
           (c.follow ? " follow" : "") + end(c.socket, c.json);
  }
  std::string operator()(const ShutdownCommand& c) const { return "shutdown" + end(c.socket, false); }
  std::string operator()(const CheckCommand& c) const { return "check " + c.config_file + with(c.profile); }
  std::string operator()(const ShowCommand& c) const { return "show " + c.config_file + with(c.profile); }
  static std::string with(const std::string& profile) { return profile.empty() ? "" : " env=" + profile; }
  std::string operator()(const SelfSignedCommand& c) const {
    std::string text = "self-signed";
    for (const auto& name : c.names) text += ' ' + name;
    return text + " into " + c.cert_file + ' ' + c.key_file;
  }
  std::string operator()(const ImportCommand& c) const { return "config import " + c.path; }
  std::string operator()(const ProxyCommand& c) const {
    std::string text = "proxy " + c.listen + " ->";
    for (auto& to : c.to) text += " " + to;
    if (!c.health_path.empty()) text += " health=" + c.health_path;
    return text + serving(c.serving);
  }
  std::string operator()(const DemoCommand& c) const { return "demo " + c.listen + serving(c.serving); }
  std::string operator()(const DemoAppCommand&) const { return "demo-app"; }
  std::string operator()(const CompletionCommand& c) const { return "completion " + c.shell; }
  std::string operator()(const VersionCommand&) const { return "version"; }
  std::string operator()(const HelpCommand& c) const { return "help " + c.topic; }
};

TEST(Arguments, AreUnderstood) {
  const struct {
    const char* line;
    const char* command;
  } cases[] = {
      {"--config fd.toml", "run fd.toml"},
      {"--config=fd.toml", "run fd.toml"},
      {"--config -", "run -"},
      {"run --config fd.toml", "run fd.toml"},
      {"run -- node server.js", "run 1 x node server.js"},
      {"run --env production --config fd.toml", "run fd.toml env=production"},
      {"--config fd.toml --env=production", "run fd.toml env=production"},
      {"run --env production -- node server.js", "run 1 x node server.js env=production"},
      {"check --config fd.toml --env production", "check fd.toml env=production"},
      {"config show --env production --config fd.toml", "show fd.toml env=production"},
      {"run -i 2 --listen :80 --health /up --workers 3 -- node -i server.js",
       "run 2 x node -i server.js listen=:80 health=/up workers=3"},
      {"run -i max -- app --", "run 0 x app --"},
      {"run --watch -- node --watch server.js", "run 1 x node --watch server.js watch"},
      {"run --watch .", "import . watch"},
      {"run .", "import ."},
      {"run -i max --listen :80 --health /up --workers 2 ./app", "import ./app x0 listen=:80 health=/up workers=2"},
      {"run Procfile -i 3", "import Procfile x3"},
      {"run --detach .", "import . detached"},
      {"config import ecosystem.config.js", "config import ecosystem.config.js"},
      {"config import --help", "help config import"},
      {"cert self-signed localhost *.dev.example ::1", "self-signed localhost *.dev.example ::1 into cert.pem key.pem"},
      {"cert self-signed a --cert b --key c", "self-signed a into b c"},
      {"cert --help", "help cert self-signed"},
      {"help cert", "help cert self-signed"},
      {"run --config fd.toml --ready-file /tmp/r --workers 4", "run fd.toml ready=/tmp/r workers=4"},
      {"run --exit-with-child --config fd.toml", "run fd.toml ends with its child"},
      {"run --watch --config fd.toml", "run fd.toml watched"},
      {"--config fd.toml --watch --workers 2", "run fd.toml workers=2 watched"},
      {"run --exit-with-child -- node a.js", "run 1 x node a.js ends with its child"},
      {"--workers=1 --config fd.toml", "run fd.toml workers=1"},
      {"run --detach -i 2 -- node --detach", "run 2 x node --detach detached"},
      {"run --config fd.toml --print-unit", "run fd.toml unit"},
      {"status", "status"},
      {"status --json --socket /s", "status json at /s"},
      {"restart app", "restart app"},
      {"restart app.2 --now --json", "restart app.2 now json"},
      {"stop app", "stop app"},
      {"start app.1 --socket=/s", "start app.1 at /s"},
      {"scale app 3", "scale app to 3"},
      {"scale app +1", "scale app to +1"},
      {"scale app -1 --json", "scale app to -1 json"},
      {"logs", "logs  lines=20"},
      {"logs -f -n 5 app.1", "logs app.1 lines=5 follow"},
      {"logs --follow app", "logs app lines=20 follow"},
      {"logs -n 0 --json", "logs  lines=0 json"},
      {"drain app/10.0.0.2:8080", "drain app/10.0.0.2:8080"},
      {"drain app.2 --no-wait --reason disk --yes", "drain app.2 since disk yes at once"},
      {"drain app.2 --json --socket /s", "drain app.2 at once json at /s"},
      {"ready app", "ready app"},
      {"ready app/a:1 --reason fixed", "ready app/a:1 since fixed"},
      {"maintenance app --page down.html --retry-after 600", "maintenance app page=down.html after=600"},
      {"maintenance app/a:1 --yes", "maintenance app/a:1 yes"},
      {"weight app/a:1 1000", "weight app/a:1 to 1000"},
      {"weight app/a:1 config --json", "weight app/a:1 to config at once json"},
      {"status --watch", "status watch"},
      {"top", "top by requests"},
      {"top --sort memory --socket /s", "top by memory at /s"},
      {"top --help", "help top"},
      {"why", "why "},
      {"why app/a:1 --json --socket /s", "why app/a:1 json at /s"},
      {"why --help", "help why"},
      {"reload", "reload"},
      {"reload --json --socket /s", "reload json at /s"},
      {"reload -h", "help reload"},
      {"upgrade", "upgrade within=60"},
      {"upgrade --within 5 --json --socket /s", "upgrade within=5 json at /s"},
      {"upgrade -h", "help upgrade"},
      {"config diff", "config diff"},
      {"config diff --json", "config diff json"},
      {"config diff --help", "help config diff"},
      {"healthcheck", "healthcheck"},
      {"healthcheck --ready --socket /s", "healthcheck ready at /s"},
      {"healthcheck --help", "help healthcheck"},
      {"healthcheck --address 127.0.0.1:9900", "healthcheck of 127.0.0.1:9900"},
      {"healthcheck --ready --address http://[::1]:9900/", "healthcheck ready of [::1]:9900"},
      {"healthcheck --address :9900", "healthcheck of :9900"},
      {"drain --help", "help drain"},
      {"upstream add app 10.0.0.4:8080", "upstream add app : 10.0.0.4:8080"},
      {"upstream add app/10.0.0.4:8080 --weight 3 --priority 0 --host a --reason r --socket /s",
       "upstream add app : 10.0.0.4:8080 x3 priority=0 host=a since r at /s"},
      {"upstream add app https://a:443 --json", "upstream add app : https://a:443 at once json"},
      {"upstream add app/unix:/run/a.sock", "upstream add app : unix:/run/a.sock"},
      {"upstream --json remove app a:1 --yes --no-wait", "upstream remove app : a:1 yes at once json"},
      {"upstream remove app a:1 --reason old", "upstream remove app : a:1 since old"},
      {"upstream --help", "help upstream"},
      {"help upstream", "help upstream"},
      {"upstream add --help", "help upstream add"},
      {"help upstream remove", "help upstream remove"},
      {"help pm2", "help pm2"},
      {"events", "events  lines=20"},
      {"events -f -n 5 app", "events app lines=5 follow"},
      {"events --follow --level warn --json --socket /s", "events  lines=20 level=warn follow json at /s"},
      {"events --help", "help events"},
      {"shutdown", "shutdown"},
      {"shutdown --socket /s", "shutdown at /s"},
      {"status --help", "help status"},
      {"restart -h", "help restart"},
      {"logs --help", "help logs"},
      {"shutdown --help", "help shutdown"},
      {"check --config fd.toml", "check fd.toml"},
      {"check --config -", "check -"},
      {"config show --config fd.toml", "show fd.toml"},
      {"config --config=fd.toml show", "show fd.toml"},
      {"proxy --listen :8080 --to :3001", "proxy :8080 -> :3001"},
      {"proxy --listen :8080 --to :3001 --to :3002 --health /healthz",
       "proxy :8080 -> :3001 :3002 health=/healthz"},
      {"proxy --to=a:1 --listen=unix:/tmp/s --workers 2", "proxy unix:/tmp/s -> a:1 workers=2"},
      {"demo", "demo "},
      {"demo --listen :9000 --ready-file r", "demo :9000 ready=r"},
      {"demo-app", "demo-app"},
      {"completion bash", "completion bash"},
      {"completion fish", "completion fish"},
      {"completion --help", "help completion"},
      {"version", "version"},
      {"--version", "version"},
      {"-V", "version"},
      {"--help", "help "},
      {"-h", "help "},
      {"help", "help "},
      {"help proxy", "help proxy"},
      {"--help check", "help check"},
      {"help config", "help config"},
      {"proxy --help", "help proxy"},
      {"run -h", "help run"},
      {"check --config fd.toml --help", "help check"},
      {"config show --help", "help config show"},
      {"config --help", "help config"},
      {"config -h", "help config"},
      {"demo --help", "help demo"},
      {"version --help", "help version"},
      {"help help", "help help"},
      {"help completion", "help completion"},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_arguments(split(c.line));
    ASSERT_TRUE(parsed) << c.line << ": " << parsed.error().what;
    EXPECT_EQ(std::visit(Describe{}, *parsed), c.command) << c.line;
  }
}

TEST(Arguments, AreRefusedWithWhatWouldBeRight) {
  const struct {
    const char* line;
    const char* what;
    const char* topic;
  } cases[] = {
      {"", "say what to run, for instance: frontdoor --config fd.toml", ""},
      {"--conifg fd.toml", "unknown option \"--conifg\", did you mean \"--config\"?", "run"},
      {"--conf=fd.toml", "unknown option \"--conf\", did you mean \"--config\"?", "run"},
      {"-c fd.toml", "unknown option \"-c\"", "run"},
      {"--frobnicate", "unknown option \"--frobnicate\"", "run"},
      {"chekc --config f", "there is no command \"chekc\", did you mean \"check\"?", ""},
      {"frobnicate", "there is no command \"frobnicate\"", ""},
      {"list", "there is no command \"list\"; instead of pm2's: frontdoor status", ""},
      {"delete app", "there is no command \"delete\"; instead of pm2's: frontdoor shutdown", ""},
      {"log", "there is no command \"log\"; instead of pm2's: frontdoor logs", ""},
      {"help startup", "there is no command \"startup\"; instead of pm2's: frontdoor run --print-unit, for systemd", ""},
      {"help prox", "there is no command \"prox\", did you mean \"proxy\"?", ""},
      {"fd.toml", "unexpected \"fd.toml\", did you mean --config fd.toml?", ""},
      {"check fd.toml", "unexpected \"fd.toml\", did you mean --config fd.toml?", "check"},
      {"check", "check needs --config FILE", "check"},
      {"check --config", "--config needs a value, for instance --config fd.toml", "check"},
      {"check --config=", "--config needs a value, for instance --config fd.toml", "check"},
      {"check --config a --config b", "--config is given twice", "check"},
      {"config", "config knows three things: config show --config FILE, config import FILE, and config diff", "config"},
      {"config edit", "config knows three things: config show --config FILE, config import FILE, and config diff", "config"},
      {"config import",
       "config import needs to know what: an ecosystem file, a Procfile, a package.json, or their directory", "config import"},
      {"cert", "cert knows one thing: cert self-signed NAME", "cert self-signed"},
      {"cert sign a", "cert knows one thing: cert self-signed NAME", "cert self-signed"},
      {"cert self-signed", "cert self-signed needs a name, for instance localhost", "cert self-signed"},
      {"cert self-signed a/b", "a certificate can not be for \"a/b\": this is not a host name", "cert self-signed"},
      {"config import a b", "unexpected \"b\"", "config import"},
      {"config show", "config show needs --config FILE", "config show"},
      {"run", "run needs to know what: --config FILE, a directory as in run ., or -- COMMAND", "run"},
      {"--workers 2", "run needs to know what: --config FILE, a directory as in run ., or -- COMMAND", "run"},
      {"run --config fd.toml --workers 0", "--workers takes a number from 1 to 1024, not \"0\"", "run"},
      {"run --config fd.toml --workers many", "--workers takes a number from 1 to 1024, not \"many\"", "run"},
      {"run -i none .", "-i takes a number from 1 to 1000 or max, not \"none\"", "run"},
      {"restart", "restart needs to know which pool, for instance restart app", "restart"},
      {"scale", "scale needs to know which pool, for instance scale app +1", "scale"},
      {"scale app", "scale needs to know how many, for instance scale app 4 or scale app +1", "scale"},
      {"scale app many", "scale takes a number from 1 to 1000, or a change as in +1 and -1, not \"many\"", "scale"},
      {"scale app 0", "scale takes a number from 1 to 1000, or a change as in +1 and -1, not \"0\"", "scale"},
      {"scale app +-1", "scale takes a number from 1 to 1000, or a change as in +1 and -1, not \"+-1\"", "scale"},
      {"scale app 1 2", "unexpected \"2\"", "scale"},
      {"stop app web", "unexpected \"web\"", "stop"},
      {"status app", "unexpected \"app\"", "status"},
      {"shutdown now", "unexpected \"now\"", "shutdown"},
      {"logs a b", "unexpected \"b\"", "logs"},
      {"logs -n 1001", "-n takes a number up to 1000, not \"1001\"", "logs"},
      {"logs -n", "-n needs a value, for instance -n 100", "logs"},
      {"logs --fellow", "unknown option \"--fellow\"", "logs"},
      {"upgrade --within 0", "--within takes seconds from 1 to 600, not \"0\"", "upgrade"},
      {"reload app",
       "reload takes no pool, it reads the config again; instances are replaced by: frontdoor restart app", "reload"},
      {"config diff fd.toml", "unexpected \"fd.toml\"", "config diff"},
      {"status --watch --json", "status takes one of --watch and --json", "status"},
      {"top app", "unexpected \"app\"", "top"},
      {"top --sort size", "--sort takes requests, now, memory or cpu, not \"size\"", "top"},
      {"why a b", "unexpected \"b\"", "why"},
      {"healthcheck --address 9900", "--address takes an address as in 127.0.0.1:9900, not \"9900\"", "healthcheck"},
      {"healthcheck --address unix:/run/a", "--address takes an address as in 127.0.0.1:9900, not \"unix:/run/a\"", "healthcheck"},
      {"healthcheck --address a:0", "--address takes an address as in 127.0.0.1:9900, not \"a:0\"", "healthcheck"},
      {"healthcheck --address :1 --socket /s", "healthcheck takes one of --socket and --address", "healthcheck"},
      {"healthcheck now", "unexpected \"now\"", "healthcheck"},
      {"upstream", "upstream knows two things: upstream add POOL ADDRESS, and upstream remove POOL ADDRESS", "upstream"},
      {"upstream delete app a:1", "upstream knows two things: upstream add POOL ADDRESS, and upstream remove POOL ADDRESS", "upstream"},
      {"upstream add app", "upstream add needs a pool and an address, for instance upstream add app 10.0.0.4:8080", "upstream add"},
      {"upstream remove /a:1",
       "upstream remove needs a pool and an address, for instance upstream remove app 10.0.0.4:8080", "upstream remove"},
      {"upstream add app a:1 b:2", "unexpected \"b:2\"", "upstream add"},
      {"upstream add app a:1 --weight 0", "--weight takes a number from 1 to 1000, not \"0\"", "upstream add"},
      {"upstream add app a:1 --priority 101", "--priority takes a number up to 100, not \"101\"", "upstream add"},
      {"upstream remove app a:1 --weight 1", "unknown option \"--weight\"", "upstream remove"},
      {"drain", "drain needs to know what, for instance drain app/10.0.0.2:8080", "drain"},
      {"weight", "weight needs to know what, for instance weight app/10.0.0.2:8080 3", "weight"},
      {"weight app/a:1", "weight takes a number from 1 to 1000, or config for what the config says, not \"\"", "weight"},
      {"weight app/a:1 0", "weight takes a number from 1 to 1000, or config for what the config says, not \"0\"", "weight"},
      {"weight app/a:1 1001", "weight takes a number from 1 to 1000, or config for what the config says, not \"1001\"", "weight"},
      {"maintenance app --retry-after 0", "--retry-after takes seconds, from 1 to 86400, not \"0\"", "maintenance"},
      {"maintenance app --retry-after soon", "--retry-after takes seconds, from 1 to 86400, not \"soon\"", "maintenance"},
      {"ready a b", "unexpected \"b\"", "ready"},
      {"events a b", "unexpected \"b\"", "events"},
      {"events -n 2001", "-n takes a number up to 2000, not \"2001\"", "events"},
      {"events --level bad", "--level takes info, warn or error, not \"bad\"", "events"},
      {"restart app --now=1", "--now takes no value", "restart"},
      {"restart app --nwo", "unknown option \"--nwo\", did you mean \"--now\"?", "restart"},
      {"run --detach --print-unit -- node", "run takes one of --detach and --print-unit: a unit runs in the foreground", "run"},
      {"run --config - --print-unit", "a unit has no standard input to read a config from", "run"},
      {"run --", "there is no command behind --, as in -- node server.js", "run"},
      {"run -i 0 -- node", "-i takes a number from 1 to 1000 or max, not \"0\"", "run"},
      {"run -i many -- node", "-i takes a number from 1 to 1000 or max, not \"many\"", "run"},
      {"run --config fd.toml --env", "--env needs a value, for instance --env production", "run"},
      {"run --health healthz -- node", "--health takes a path that starts with /, not \"healthz\"", "run"},
      {"run --watch --config -", "--watch needs a file: what standard input said can not be read again", "run"},
      {"--config - --watch", "--watch needs a file: what standard input said can not be read again", "run"},
      {"run -i 2", "-i needs a command, as in run -i … -- node server.js", "run"},
      {"run --listen :80 --config fd.toml", "--listen needs a command, as in run --listen … -- node server.js", "run"},
      {"run fd.toml", "unexpected \"fd.toml\", did you mean --config fd.toml?", "run"},
      {"run --config fd.toml ./app", "run takes one of --config FILE, a directory, or -- COMMAND", "run"},
      {"run --config fd.toml -- node", "run takes one of --config FILE, a directory, or -- COMMAND", "run"},
      {"run a b", "a command stands behind --, as in run -- a b", "run"},
      {"run -i 2 node server.js", "a command stands behind --, as in run -- node server.js", "run"},
      {"proxy --to :1", "proxy needs --listen ADDRESS, for instance --listen :8080", "proxy"},
      {"proxy --listen :1", "proxy needs --to ADDRESS, for instance --to :3001", "proxy"},
      {"proxy --listen :1 :2", "unexpected \":2\", did you mean --to :2?", "proxy"},
      {"proxy --listen --to :1", "--listen needs a value, for instance --listen :8080", "proxy"},
      {"proxy --lisent :1", "unknown option \"--lisent\", did you mean \"--listen\"?", "proxy"},
      {"proxy --listen :1 --to :2 --health healthz",
       "--health takes a path that starts with /, not \"healthz\"", "proxy"},
      {"completion", "completion needs to know for which shell: \"bash\", \"fish\" or \"zsh\"", "completion"},
      {"completion csh", "there is no completion for \"csh\", only for \"bash\", \"fish\" or \"zsh\"",
       "completion"},
      {"completion bash zsh", "unexpected \"zsh\"", "completion"},
      {"confg", "there is no command \"confg\", did you mean \"config\"?", ""},
      {"check --config a b", "unexpected \"b\"", "check"},
      {"demo now", "unexpected \"now\"", "demo"},
      {"demo-app --port 20001", "unexpected \"--port\"", "demo"},
      {"version 2", "unexpected \"2\"", "version"},
  };
  for (const auto& c : cases) {
    const auto parsed = parse_arguments(split(c.line));
    ASSERT_FALSE(parsed) << c.line;
    EXPECT_EQ(parsed.error().what, c.what) << c.line;
    EXPECT_EQ(parsed.error().topic, c.topic) << c.line;
  }
}

}  // namespace
}  // namespace frontdoor::cli
