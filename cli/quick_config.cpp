#include "cli/quick_config.h"

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "base/address.h"
#include "config/values.h"

namespace frontdoor::cli {
namespace {

using config::toml_string;  // a ${ in a command or a path is its own

using AddressResult = boost::system::result<Address, UsageError>;

AddressResult address_of(const std::string& option, const std::string& text, const std::string& topic) {
  AddressError error;
  if (auto address = parse_address(text, error)) return *address;
  std::string what = option + " " + text + ": " + error.what;
  const bool only_digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                        [](unsigned char c) { return std::isdigit(c) != 0; });
  if (!only_digits) return UsageError{what, topic};
  AddressError no_port;
  if (parse_address(":" + text, no_port)) what += ", did you mean :" + text + "?";
  else what = option + " " + text + ": " + no_port.what;
  return UsageError{what, topic};
}

}  // namespace

boost::system::result<std::string, UsageError> proxy_config(const ProxyCommand& command) {
  const auto listen = address_of("--listen", command.listen, "proxy");
  if (!listen) return listen.error();
  std::string text =
      "[[listener]]\naddress = " + toml_string(command.listen) + "\n\n[pool.app]\nupstreams = [";
  for (const std::string& to : command.to) {
    auto upstream = address_of("--to", to, "proxy");
    if (!upstream) return upstream.error();
    // A port alone is one of this machine. By name, because an app may listen on either family (Node picks
    // ::1).
    if (upstream->kind == Address::Kind::Tcp && upstream->host.empty()) upstream->host = "localhost";
    text += toml_string(upstream->to_string()) + ", ";
  }
  text.resize(text.size() - 2);
  text += "]\n";
  if (!command.health_path.empty()) text += "health_check = " + toml_string(command.health_path) + "\n";
  return text;
}

boost::system::result<std::string, UsageError> run_config(const QuickRun& run, Restarts restarts) {
  const std::string listen = run.listen.empty() ? "127.0.0.1:8080" : run.listen;
  if (const auto address = address_of("--listen", listen, "run"); !address) return address.error();
  std::string command;
  for (const std::string& word : run.command)
    command += (command.empty() ? "" : ", ") + toml_string(word);
  std::string text = "[[listener]]\naddress = " + toml_string(listen) +
                     "\n\n[access_log]\noutput = \"off\"\n\n[pool.app]\ncommand = [" + command + "]\ninstances = " +
                     (run.instances == 0 ? "\"max\"" : std::to_string(run.instances)) + "\n";
  if (!run.health_path.empty()) text += "health_check = " + toml_string(run.health_path) + "\n";
  if (run.watch) text += "watch = [\".\"]\n";
  if (restarts == Restarts::Never) text += "restart = { policy = \"never\" }\n";
  if (!run.profile.empty())
    text += "\n[pool.app.profile." + config::toml_key(run.profile) +
            "]\nenv = { NODE_ENV = " + config::toml_string(run.profile) + " }\n";
  return text;
}

std::string demo_config(std::string_view listen, std::string_view token) {
  // The demo's own lines tell the story; the logs would tell it a second and a third time. A page that is
  // still open must not make Ctrl-C wait, and somebody who presses the button again and again need not wait for half a
  // minute until an instance comes back from its crash loop.
  return "[[listener]]\naddress = " + toml_string(listen) +
         "\n\n"
         "[timeouts]\ndrain = \"2s\"\n\n"
         "[access_log]\noutput = \"off\"\n\n"
         "[log]\nlevel = \"error\"\n\n"
         "[admin]\ntoken = " +
         toml_string(token) +
         "\n\n"
         "[pool.app]\ncommand = [\"/proc/self/exe\", \"demo-app\"]\ninstances = " +
         std::to_string(kDemoInstances) + "\nmax_starting = " + std::to_string(kDemoInstances) +
         "\nrestart = { backoff_max = \"5s\", reset_after = \"20s\" }\n\n"
         "[pool.app.health_check]\npath = \"/healthz\"\ninterval = \"500ms\"\ntimeout = "
         "\"500ms\"\ninterval_down = \"200ms\"\n";
}

}  // namespace frontdoor::cli
