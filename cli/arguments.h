// From argv to a command, or to what is wrong with it and what would be right. Pure: opens no file, prints
// nothing.

#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace frontdoor::cli {

// What a command that serves can be told besides its config.
struct ServingArguments {
  std::string ready_file;                // "" = none
  std::optional<std::uint32_t> workers;  // overrides the config's
  bool exit_with_child = false;          // `run` only
  bool watch_config = false;             // with --config: read it again when it changes
};

// `run -- COMMAND`: instances without a file.
struct QuickRun {
  std::vector<std::string> command;
  std::uint32_t instances = 1;  // 0 = "max"
  std::string listen;           // as the user wrote it; "" = 127.0.0.1:8080
  std::string health_path;      // "" = ready when it listens
  bool watch = false;           // a change of a file below here rolls it
  std::string profile = {};     // --env: NODE_ENV, there being no file with profiles
};

// `run DIRECTORY` or `run FILE`: what is there says how the app is started; what is given here overrides it.
struct ImportRun {
  std::string path;
  std::optional<std::uint32_t> instances;  // 0 = "max"
  std::string listen;
  std::string health_path;
  bool watch = false;
};

struct RunCommand {
  enum class How : std::uint8_t { Here, Detached, AsUnit /* only printed */ };
  std::string config_file;  // "-" = standard input
  ServingArguments serving;
  std::optional<QuickRun> quick = {};    // instead of a file
  std::optional<ImportRun> import = {};  // likewise
  How how = How::Here;
  std::string profile = {};              // --env; "" = none
};

// What is asked of a frontdoor that runs. `socket`: the path of its admin socket, "" = the only one's.
struct StatusCommand {
  std::string socket;
  bool json = false;
  bool watch = false;  // again and again
};

enum class TopOrder : std::uint8_t { Requests, Now, Memory, Cpu };

struct TopCommand {
  TopOrder order = TopOrder::Requests;
  std::string socket;
};

struct OperateCommand {
  enum class Verb : std::uint8_t { Restart, Stop, Start, Scale };
  Verb verb = Verb::Restart;
  std::string subject;    // "app" or "app.2"
  std::string instances;  // Scale: "3", "+1", "-1"
  bool now = false;
  std::string socket;
  bool json = false;
};

// What an operator orders of an upstream, or of a whole pool.
struct SteerCommand {
  enum class Verb : std::uint8_t { Drain, Ready, Maintenance, Weight };
  Verb verb = Verb::Drain;
  std::string subject;      // "app/10.0.0.2:8080", "app.2", "app"
  std::string weight;       // Weight: "3", "config"
  std::string page_file;    // Maintenance of a pool
  std::string retry_after;  // likewise, in seconds
  std::string reason;
  bool yes = false;    // also the last one that is up
  bool waits = true;   // Drain: until no request is on it
  std::string socket;
  bool json = false;
};

// The upstreams of a pool, while it runs.
struct UpstreamCommand {
  enum class Verb : std::uint8_t { Add, Remove };
  Verb verb = Verb::Add;
  std::string pool;
  std::string address;
  std::string weight;    // Add: "" = 1, as in the config
  std::string priority;  // likewise, 0
  std::string host;      // likewise, the client's
  std::string reason;
  bool yes = false;   // Remove: also the last one that is up
  bool waits = true;  // Remove: until no request is on it
  std::string socket;
  bool json = false;
};

struct LogsCommand {
  std::string subject;  // "" = all
  std::uint32_t lines = 20;
  bool follow = false;
  std::string socket;
  bool json = false;
};

struct EventsCommand {
  std::string subject;  // a pool, "" = all
  std::uint32_t lines = 20;
  std::string level;  // "warn": and above; "" = all
  bool follow = false;
  std::string socket;
  bool json = false;
};

struct WhyCommand {
  std::string subject;  // "app/10.0.0.2:8080", "app.2", "app", a request's id, "" = all that takes no requests
  std::string socket;
  bool json = false;
};

struct ReloadCommand {
  std::string socket;
  bool json = false;
};

struct UpgradeCommand {
  std::uint32_t within_seconds = 60;
  std::string socket;
  bool json = false;
};

struct DiffCommand {  // config diff
  std::string socket;
  bool json = false;
};

struct HealthCommand {  // healthcheck
  bool ready = false;  // and a pool can serve
  std::string socket;
  std::string address = {};  // instead of the socket: the admin address, "127.0.0.1:9900"
};

struct ShutdownCommand {
  std::string socket;
};

struct CheckCommand {
  std::string config_file;
  std::string profile = {};
};

struct ShowCommand {  // config show
  std::string config_file;
  std::string profile = {};
};

struct ImportCommand {  // config import
  std::string path;
};

struct SelfSignedCommand {  // cert self-signed
  std::vector<std::string> names;  // hosts, wildcards, addresses; at least one
  std::string cert_file = "cert.pem";
  std::string key_file = "key.pem";
};

struct ProxyCommand {
  std::string listen;           // as the user wrote it
  std::vector<std::string> to;  // at least one
  std::string health_path;      // "" = no health check
  ServingArguments serving = {};
};

struct DemoCommand {
  std::string listen;  // "" = 127.0.0.1:8080, or the next free port
  ServingArguments serving;
};

// One instance of the demo, started by it and by nobody else.
struct DemoAppCommand {};

struct CompletionCommand {
  std::string shell;  // "bash", "fish" or "zsh"
};

struct VersionCommand {};

struct HelpCommand {
  std::string topic;  // a command's name; "" = the program
};

using Command = std::variant<RunCommand, CheckCommand, ShowCommand, ImportCommand, ProxyCommand, DemoCommand, DemoAppCommand,
                             CompletionCommand, VersionCommand, HelpCommand, StatusCommand, OperateCommand, LogsCommand,
                             ShutdownCommand, SelfSignedCommand, EventsCommand, SteerCommand,
                             ReloadCommand, UpgradeCommand, DiffCommand, HealthCommand, WhyCommand,
                             TopCommand, UpstreamCommand>;

struct UsageError {
  UsageError() = default;
  UsageError(std::string w, std::string t) : what(std::move(w)), topic(std::move(t)) {}

  std::string what;   // one line: what is wrong, what would be right
  std::string topic;  // the command whose help fits; "" = the program's
};

// `words` are argv without the program's name.
boost::system::result<Command, UsageError> parse_arguments(const std::vector<std::string>& words);

}  // namespace frontdoor::cli
