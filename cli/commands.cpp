#include "cli/commands.h"

#include <algorithm>
#include <array>

namespace frontdoor::cli {
namespace {

constexpr Option config{"--config", "FILE", "fd.toml", "the config; - reads it from standard input",
                        Option::Takes::FileName};
constexpr Option profile{"--env", "NAME", "production",
                         "use each pool's `profile` of this name; with a command: sets NODE_ENV"};
constexpr Option profile_of_file{"--env", "NAME", "production", "use each pool's `profile` of this name"};
constexpr Option watch{"--watch", "", "", "a save replaces the instances in turn; with a config: it is read again",
                       Option::Takes::Nothing};
constexpr Option watch_file{"--watch", "", "", "read the config again when it changes, as SIGHUP does", Option::Takes::Nothing};
constexpr Option workers{"--workers", "N", "2", "data-path threads, instead of the config's `workers`"};
constexpr Option ready_file{"--ready-file", "FILE", "/run/frontdoor.ready",
                            "where each listener listens; there only while it is ready",
                            Option::Takes::FileName};

constexpr Option detach{"--detach", "", "", "return 0 when all is up, 1 when it does not come up; output goes to a file",
                        Option::Takes::Nothing};
constexpr Option print_unit{"--print-unit", "", "", "start nothing, print a systemd unit that does what this command does",
                            Option::Takes::Nothing};
constexpr Option admin_socket{"--socket", "PATH", "/run/frontdoor/admin.sock",
                              "which frontdoor, when several run (default: the only one)", Option::Takes::FileName};
constexpr Option as_json{"--json", "", "", "print JSON", Option::Takes::Nothing};

constexpr std::array signal_rows = {
    Row{"TERM, INT", "stop: finish what is in flight, at most `timeouts.drain`; again: stop at once"},
    Row{"HUP", "read the config again; one with errors changes nothing"},
    Row{"USR1", "open the access log anew, after it was rotated"},
};

constexpr std::array program_usage = {
    Row{"frontdoor --config fd.toml", "serve what the file says"},
    Row{"frontdoor COMMAND [OPTIONS]"},
};
constexpr std::array program_examples = {
    Row{"frontdoor demo"},
    Row{"frontdoor proxy --listen :8080 --to :3001 --to :3002 --health /healthz"},
    Row{"frontdoor check --config fd.toml && frontdoor --config fd.toml"},
    Row{"frontdoor help pm2", "what pm2's commands are called here"},
};
constexpr std::array pm2_rows = {
    Row{"pm2 start app.js -i 2", "`frontdoor run -i 2 --detach -- node app.js`"},
    Row{"pm2 list, pm2 monit", "`frontdoor status`, `frontdoor top`"},
    Row{"pm2 logs", "`frontdoor logs -f`"},
    Row{"pm2 reload app", "`frontdoor restart app`"},
    Row{"pm2 restart app", "`frontdoor restart app --now`"},
    Row{"pm2 scale app +1", "`frontdoor scale app +1`"},
    Row{"pm2 stop app, pm2 start app", "`frontdoor stop app`, `frontdoor start app`"},
    Row{"pm2 delete all, pm2 kill", "`frontdoor shutdown`"},
    Row{"pm2 save, pm2 startup", "`frontdoor run … --print-unit`, for systemd"},
};
constexpr std::array program_sections = {Section{"Examples", program_examples}};
constexpr std::array pm2_sections = {Section{"Instead of pm2", pm2_rows}};

constexpr std::array run_usage = {
    Row{"frontdoor run --config FILE [OPTIONS]"},
    Row{"frontdoor --config FILE [OPTIONS]"},
    Row{"frontdoor run [-i N] [--listen ADDRESS] [--health PATH] [--watch] -- COMMAND"},
    Row{"frontdoor run [-i N] [--listen ADDRESS] [--health PATH] [--watch] DIRECTORY|FILE"},
};
constexpr std::array options_of_run = {
    config,
    Option{"-i", "N", "2", "with a command: how many instances of it, or `max`, one for each usable CPU"},
    Option{"--listen", "ADDRESS", ":8080", "with a command: where clients connect (default: `127.0.0.1:8080`)"},
    Option{"--health", "PATH", "/healthz", "with a command: an instance is up when a GET of PATH is answered well"},
    watch,
    profile,
    workers,
    ready_file,
    Option{"--exit-with-child", "", "", "end when the app has, with its exit status: for containers and jobs",
           Option::Takes::Nothing},

    detach,
    print_unit};
constexpr std::array program_options = {config, watch_file, profile_of_file, workers, ready_file};
constexpr std::array run_examples = {
    Row{"frontdoor run -i 2 -- node server.js", "each instance gets a PORT of its own to listen on"},
    Row{"frontdoor run .", "what the ecosystem file, Procfile or package.json here says"},
};

constexpr std::array run_sections = {Section{"Signals", signal_rows}, Section{"Examples", run_examples}};

constexpr std::array proxy_usage = {
    Row{"frontdoor proxy --listen ADDRESS --to ADDRESS [--to ADDRESS ...] [OPTIONS]"},
};
constexpr std::array proxy_options = {
    Option{"--listen", "ADDRESS", ":8080",
           "where clients connect: `:8080`, `127.0.0.1:8080`, `unix:/run/app.sock`"},
    Option{"--to", "ADDRESS", ":3001",
           "an upstream; repeat it to share the load. `:3001` is port 3001 of this machine",
           Option::Takes::Text, true},
    Option{"--health", "PATH", "/healthz",
           "ask each upstream for PATH every two seconds and leave out those that fail"},
    Option{"--workers", "N", "2", "data-path threads (default: one for each usable CPU)"},
    ready_file,
};
constexpr std::array proxy_examples = {
    Row{"frontdoor proxy --listen :8080 --to :3001 --to :3002 --health /healthz"},
    Row{"frontdoor proxy --listen 127.0.0.1:0 --to unix:/run/app.sock"},
};
constexpr std::array proxy_sections = {Section{"Examples", proxy_examples}};

constexpr std::array demo_usage = {Row{"frontdoor demo [OPTIONS]"}};
constexpr std::array demo_options = {
    Option{"--listen", "ADDRESS", ":8080", "default: `127.0.0.1:8080`, or the next free port"},
    Option{"--workers", "N", "2", "data-path threads (default: one for each usable CPU)"},
    ready_file,
};
constexpr std::array demo_try = {
    Row{"curl http://127.0.0.1:8080/api/whoami", "who answered"},
    Row{"curl http://127.0.0.1:8080/crash", "the one that answers this dies a moment later"},
    Row{"curl -d '' http://127.0.0.1:8080/crash", "it dies without an answer: a 502 for this POST only"},
};
constexpr std::array demo_sections = {Section{"Try", demo_try}};

constexpr std::array status_usage = {Row{"frontdoor status [--json|--watch] [--socket PATH]"}};
constexpr std::array options_of_status = {
    as_json, Option{"--watch", "", "", "again each second, until q or Ctrl-C", Option::Takes::Nothing}, admin_socket};
constexpr std::array top_usage = {Row{"frontdoor top [--sort requests|now|memory|cpu] [--socket PATH]"}};
constexpr std::array top_options = {
    Option{"--sort", "WHAT", "memory", "by `requests` a second (the default), requests `now`, `memory`, `cpu`"}, admin_socket};
constexpr std::array status_options = {as_json, admin_socket};
constexpr std::array restart_usage = {Row{"frontdoor restart POOL[.N] [--now] [--json] [--socket PATH]"}};
constexpr std::array restart_options = {
    Option{"--now", "", "", "stop and start at once, without waiting for requests", Option::Takes::Nothing}, as_json,
    admin_socket};
constexpr std::array restart_examples = {
    Row{"frontdoor restart app", "every instance in turn, without a lost request"},
    Row{"frontdoor restart app.2", "one of them"},
};
constexpr std::array restart_sections = {Section{"Examples", restart_examples}};
constexpr std::array stop_usage = {Row{"frontdoor stop POOL[.N] [--json] [--socket PATH]"}};
constexpr std::array start_usage = {Row{"frontdoor start POOL[.N] [--json] [--socket PATH]"}};
constexpr std::array scale_usage = {Row{"frontdoor scale POOL N|+N|-N [--json] [--socket PATH]"}};
constexpr std::array scale_examples = {
    Row{"frontdoor scale app 4"},
    Row{"frontdoor scale app +1"},
};
constexpr std::array scale_sections = {Section{"Examples", scale_examples}};
constexpr Option why_ordered{"--reason", "TEXT", "'a new disk'", "why, for whoever looks at `frontdoor status`"};
constexpr Option yes_all_the_same{"--yes", "", "", "also when no other upstream of the pool takes requests",
                                  Option::Takes::Nothing};
constexpr Option no_wait{"--no-wait", "", "", "return at once, not when no request is on it any more; so does --json",
                         Option::Takes::Nothing};
constexpr std::array drain_usage = {
    Row{"frontdoor drain POOL/UPSTREAM [--no-wait] [--reason TEXT] [--yes] [--json] [--socket PATH]"},
    Row{"frontdoor drain POOL.N"},
};
constexpr std::array drain_options = {no_wait, why_ordered, yes_all_the_same, as_json, admin_socket};
constexpr std::array drain_examples = {
    Row{"frontdoor drain app/10.0.0.2:8080 --reason 'a new disk' && ssh 10.0.0.2 reboot"},
    Row{"frontdoor ready app/10.0.0.2:8080"},
};
constexpr std::array drain_sections = {Section{"Examples", drain_examples}};
constexpr std::array ready_usage = {Row{"frontdoor ready POOL[/UPSTREAM] [--reason TEXT] [--json] [--socket PATH]"}};
constexpr std::array ready_options = {why_ordered, as_json, admin_socket};
constexpr std::array maintenance_usage = {
    Row{"frontdoor maintenance POOL [--page FILE] [--retry-after SECONDS] [--reason TEXT] [--json]"},
    Row{"frontdoor maintenance POOL/UPSTREAM [--reason TEXT] [--yes] [--json] [--socket PATH]"},
};
constexpr std::array maintenance_options = {
    Option{"--page", "FILE", "down.html", "of a pool: what clients read, at most 64 KiB", Option::Takes::FileName},
    Option{"--retry-after", "SECONDS", "600", "of a pool: when clients may come back (default: 60)"}, why_ordered,
    yes_all_the_same, as_json, admin_socket};
constexpr std::array weight_usage = {Row{"frontdoor weight POOL/UPSTREAM N|config [--reason TEXT] [--json] [--socket PATH]"}};
constexpr std::array add_usage = {
    Row{"frontdoor upstream add POOL ADDRESS [--weight N] [--priority N] [--host NAME] [--reason TEXT]"},
};
constexpr std::array upstream_add_options = {
    Option{"--weight", "N", "2", "its share of the requests, compared with the others' (default: 1)"},
    Option{"--priority", "N", "1", "it stands by until those of a lower number are down (default: 0)"},
    Option{"--host", "NAME", "app.internal", "the Host of requests to it (default: the client's, or of https its own)"},
    why_ordered, as_json, admin_socket};
constexpr std::array add_examples = {
    Row{"frontdoor upstream add app 10.0.0.4:8080 --weight 2 --reason 'Black Friday'"},
    Row{"frontdoor upstream add app https://app.internal:443"},
};
constexpr std::array add_sections = {Section{"Examples", add_examples}};
constexpr std::array remove_usage = {
    Row{"frontdoor upstream remove POOL ADDRESS [--no-wait] [--reason TEXT] [--yes] [--json]"},
};
constexpr std::array remove_options = {no_wait, why_ordered, yes_all_the_same, as_json, admin_socket};
constexpr std::array remove_examples = {
    Row{"frontdoor upstream remove app 10.0.0.4:8080 && ssh 10.0.0.4 poweroff"},
};
constexpr std::array remove_sections = {Section{"Examples", remove_examples}};
constexpr std::array logs_usage = {Row{"frontdoor logs [-f] [-n N] [POOL[.N]] [--json] [--socket PATH]"}};
constexpr std::array logs_options = {
    Option{"-f", "", "", "go on with what is written from now on; so does `--follow`", Option::Takes::Nothing},
    Option{"-n", "N", "100", "how many lines to look back, at most 1000 (default: 20)"}, as_json, admin_socket};
constexpr std::array events_usage = {Row{"frontdoor events [-f] [-n N] [--level LEVEL] [POOL] [--json] [--socket PATH]"}};
constexpr std::array events_options = {
    Option{"-f", "", "", "go on with what happens from now on; so does `--follow`", Option::Takes::Nothing},
    Option{"-n", "N", "100", "how many to look back, at most 2000 (default: 20)"},
    Option{"--level", "LEVEL", "warn", "only these and worse: `info`, `warn`, `error`"}, as_json, admin_socket};
constexpr std::array why_usage = {Row{"frontdoor why [POOL[/UPSTREAM]] [--json] [--socket PATH]"},
                                  Row{"frontdoor why REQUEST-ID"}};
constexpr std::array why_examples = {
    Row{"frontdoor why", "everything that takes no requests now"},
    Row{"frontdoor why app/10.0.0.2:8080"},
    Row{"frontdoor why app.2", "an instance"},
    Row{"frontdoor why 9f86d081884c7d659a2feaa0c55ad015", "a request that failed or was slow, by its id"},
};
constexpr std::array why_sections = {Section{"Examples", why_examples}};
constexpr std::array reload_usage = {Row{"frontdoor reload [--json] [--socket PATH]"}};
constexpr std::array health_usage = {Row{"frontdoor healthcheck [--ready] [--address ADDRESS|--socket PATH]"}};
constexpr std::array health_options = {
    Option{"--ready", "", "", "also fail while it stops, and while no pool has an upstream that takes requests",
           Option::Takes::Nothing},
    Option{"--address", "ADDRESS", "127.0.0.1:9900", "ask the admin address instead: `GET /healthz`, with --ready `/readyz`"},
    admin_socket};
constexpr std::array diff_usage = {Row{"frontdoor config diff [--json] [--socket PATH]"}};
constexpr std::array shutdown_usage = {Row{"frontdoor shutdown [--socket PATH]"}};
constexpr std::array shutdown_options = {admin_socket};

constexpr std::array config_only = {config, profile_of_file};
constexpr std::array check_usage = {Row{"frontdoor check --config FILE"}};
constexpr std::array show_usage = {Row{"frontdoor config show --config FILE"}};
constexpr std::array import_usage = {Row{"frontdoor config import FILE"}, Row{"frontdoor config import DIRECTORY"}};
constexpr std::array import_examples = {
    Row{"frontdoor config import ecosystem.config.js > fd.toml && frontdoor check --config fd.toml"},
    Row{"frontdoor config import ."},
};
constexpr std::array import_sections = {Section{"Examples", import_examples}};

constexpr std::array cert_usage = {Row{"frontdoor cert self-signed NAME... [--cert FILE] [--key FILE]"}};
constexpr std::array cert_options = {
    Option{"--cert", "FILE", "cert.pem", "where the certificate goes (default: cert.pem)", Option::Takes::FileName},
    Option{"--key", "FILE", "key.pem", "where its key goes (default: key.pem)", Option::Takes::FileName},
};
constexpr std::array cert_examples = {
    Row{"frontdoor cert self-signed localhost 127.0.0.1 ::1"},
    Row{"frontdoor cert self-signed dev.example '*.dev.example' --cert dev.pem --key dev.key"},
};
constexpr std::array cert_sections = {Section{"Examples", cert_examples}};

constexpr auto shells = std::to_array<std::string_view>({"bash", "fish", "zsh"});
constexpr std::array completion_usage = {Row{"frontdoor completion bash|fish|zsh"}};
constexpr std::array completion_install = {
    Row{"source <(frontdoor completion bash)", "this bash, or in ~/.bashrc every one"},
    Row{"source <(frontdoor completion zsh)", "in ~/.zshrc, below `compinit`"},
    Row{"frontdoor completion fish | source", "this fish, or in config.fish every one"},
};
constexpr std::array completion_sections = {Section{"Use", completion_install}};

constexpr std::array version_usage = {Row{"frontdoor version"}};
constexpr std::array help_usage = {Row{"frontdoor help [COMMAND]"}, Row{"frontdoor COMMAND --help"}};

constexpr std::array all_commands = {
    CommandInfo{.name = "run",
                .title = "serve until a signal ends it",
                .brief = "run an app behind the front door, or serve a config",
                .usage = run_usage,
                .about = "With a command, frontdoor starts it, as many times as asked, each on a PORT of its own,\n"
                         "starts again what ends, and sends requests to those that are up. The same from a file:\n"
                         "`command` in a [pool.NAME]. Of a directory, the first of these is read: fd.toml, pm2's\n"
                         "ecosystem file (executed by node if it is JavaScript), Procfile, package.json, server.js.\n",
                .options = options_of_run,
                .sections = run_sections},
    CommandInfo{.name = "proxy",
                .title = "a front door without a file",
                .brief = "a front door without a file: listen here, pass on there",
                .usage = proxy_usage,
                .options = proxy_options,
                .sections = proxy_sections},
    CommandInfo{
        .name = "demo",
        .title = "see it work",
        .brief = "three instances, a page, and a button that crashes them",
        .usage = demo_usage,
        .about =
            "Starts three small instances behind a front door and prints its address. The page there shows\n"
            "which instance answers, and has a button that crashes it: the site stays up, and the instance "
            "is\nstarted again at once.\n",
        .options = demo_options,
        .sections = demo_sections},
    CommandInfo{.name = "check",
                .title = "find every mistake in a config",
                .brief = "find every mistake in a config, start nothing",
                .usage = check_usage,
                .about =
                    "Prints each mistake as FILE:LINE:COLUMN: what is wrong, what would be right, and what\n"
                    "is allowed but hardly meant as a warning. Exit status 0 when the config can be\n"
                    "served, 78 when not. Starts nothing.\n",
                .options = config_only},
    CommandInfo{.name = "config show",
                .title = "the config with every default filled in",
                .brief = "the config with every default filled in",
                .usage = show_usage,
                .about = "Prints TOML that means the same as FILE and says all that FILE leaves out.\n",
                .options = config_only},
    CommandInfo{.name = "config import",
                .title = "a config made of a Procfile, a package.json or pm2's ecosystem file",
                .brief = "a config made of a Procfile, a package.json or pm2's ecosystem file",
                .usage = import_usage,
                .about =
                    "Prints TOML that starts what FILE starts. What has no equivalent, or is otherwise than there,\n"
                    "is told on standard error and as comments in the TOML. A .js, .cjs or .mjs is executed by node,\n"
                    "with all that its author wrote; a .json, a Procfile and a package.json are only read.\n",
                .sections = import_sections},
    CommandInfo{.name = "config diff",
                .title = "what a reload would change",
                .brief = "what a reload would change, and what it could not",
                .usage = diff_usage,
                .about = "Compares the file with what runs, changes nothing. Errors are told with their positions; then\n"
                         "the exit status is 1. Values of environment variables are not shown.\n",
                .options = status_options},
    CommandInfo{.name = "cert self-signed",
                .title = "a certificate for trying TLS",
                .brief = "a certificate for trying TLS, that no client trusts",
                .usage = cert_usage,
                .about = "Writes a certificate for these names and addresses, and its key, valid for 90 days. Files that\n"
                         "are there already are left alone. `curl --cacert cert.pem` takes it, browsers warn of it.\n",
                .options = cert_options,
                .sections = cert_sections},
    CommandInfo{.name = "status",
                .title = "what runs, and how it is",
                .brief = "what runs, and how it is: instances, memory, restarts, requests",
                .usage = status_usage,
                .about = "STARTS counts starts after the first, SERVED requests since frontdoor began, NOW those in\n"
                         "progress. MEM and CPU are of the process and all that it has started.\n",
                .options = options_of_status},
    CommandInfo{.name = "top",
                .title = "what is busy now",
                .brief = "what is busy now, the busiest first; q ends it",
                .usage = top_usage,
                .about = "Upstreams of all pools with requests a second, those in progress, memory and CPU, again each second.\n"
                         "Into a pipe: once.\n",
                .options = top_options},
    CommandInfo{.name = "why",
                .title = "why an upstream takes no requests, or a request failed",
                .brief = "why an upstream takes no requests, or a request failed, and what to do",
                .usage = why_usage,
                .about = "The state and since when, the last probes and what they found, what has to happen for it to\n"
                         "come back, what you can do, and the last events about it. Of a request: how it ended, where its\n"
                         "time went, what that means, and what happened meanwhile; the last that failed or were slow are kept.\n",
                .options = status_options,
                .sections = why_sections},
    CommandInfo{.name = "restart",
                .title = "replace instances without a lost request",
                .brief = "replace instances one after another, without a lost request",
                .usage = restart_usage,
                .about = "A new instance starts and must be up before an old one leaves. One that does not come up\n"
                         "ends it: the old ones stay, the exit status is 1, and its last lines tell why.\n",
                .options = restart_options,
                .sections = restart_sections},
    CommandInfo{.name = "stop",
                .title = "stop a pool or an instance, until it is started",
                .brief = "stop a pool or an instance, until it is started",
                .usage = stop_usage,
                .about = "Requests in progress are finished first. `frontdoor shutdown` ends frontdoor itself.\n",
                .options = status_options},
    CommandInfo{.name = "start",
                .title = "start what was stopped",
                .brief = "start what was stopped",
                .usage = start_usage,
                .options = status_options},
    CommandInfo{.name = "scale",
                .title = "run more or fewer instances of a pool",
                .brief = "run more or fewer instances of a pool",
                .usage = scale_usage,
                .about = "Until the config names another number, or frontdoor is started anew.\n",
                .options = status_options,
                .sections = scale_sections},
    CommandInfo{.name = "drain",
                .title = "no new requests to an upstream",
                .brief = "no new requests to an upstream; returns when none is on it any more",
                .usage = drain_usage,
                .about = "Requests on it finish, WebSockets are closed over `timeouts.drain`, kept connections at once. It\n"
                         "stays so until `frontdoor ready`, over reloads and restarts. Health checks go on. When requests\n"
                         "are still on it after `timeouts.drain`, the exit status is 1.\n",
                .options = drain_options,
                .sections = drain_sections},
    CommandInfo{.name = "ready",
                .title = "bring back what was drained or in maintenance",
                .brief = "bring back what was drained or in maintenance",
                .usage = ready_usage,
                .about = "It gets requests at once if its health checks have passed meanwhile, else as soon as they do.\n",
                .options = ready_options},
    CommandInfo{.name = "maintenance",
                .title = "take an upstream out at once, or answer for a whole pool",
                .brief = "take an upstream out at once, or answer for a whole pool with a page",
                .usage = maintenance_usage,
                .about = "Of an upstream: as drain, but WebSockets are closed now, and what waits for an answer and may be\n"
                         "sent again goes to another one. Of a pool: each new request gets a 503, with FILE or a page that\n"
                         "frontdoor makes; those in progress finish. Until `frontdoor ready`, over reloads and restarts.\n",
                .options = maintenance_options},
    CommandInfo{.name = "weight",
                .title = "another share of the requests for an upstream",
                .brief = "another share of the requests for an upstream",
                .usage = weight_usage,
                .about = "Compared with the weights of the others, as in the config. `config` goes back to what that says.\n",
                .options = ready_options},
    CommandInfo{.name = "upstream add",
                .title = "one more upstream for a pool",
                .brief = "one more upstream for a pool, without a reload; `upstream remove`: one less",
                .usage = add_usage,
                .about = "As if the config named it, until it is removed: over reloads and restarts. Once the file names it,\n"
                         "it is the file's. Of one that was removed: it is back. Again with other options: it has those.\n",
                .options = upstream_add_options,
                .sections = add_sections},
    CommandInfo{.name = "upstream remove",
                .title = "one upstream less",
                .brief = "one upstream less, also one that the config names; returns when it is empty",
                .usage = remove_usage,
                .about = "It gets no new requests and is not checked any more; those on it finish, WebSockets are closed over\n"
                         "`timeouts.drain`. One that the config names stays away over reloads and restarts, until\n"
                         "`frontdoor upstream add` brings it back or the file does not name it any more.\n",
                .options = remove_options,
                .sections = remove_sections,
                .with_above = true},
    CommandInfo{.name = "logs",
                .title = "what the instances wrote",
                .brief = "what the instances wrote lately, and write",
                .usage = logs_usage,
                .about = "The last 1000 lines of each instance are kept, over its restarts. A reader that is too slow\n"
                         "misses lines and is told how many; the app never waits for it.\n",
                .options = logs_options},
    CommandInfo{.name = "reload",
                .title = "read the config again",
                .brief = "read the config again; errors change nothing and are printed",
                .usage = reload_usage,
                .about = "As SIGHUP does, but waits until what a changed command replaces has been replaced, and prints\n"
                         "what has changed, and what waits for an upgrade or a restart. Exit status 1 when the file has errors,\n"
                         "which are printed with their positions and change nothing, and when a new instance does not come up.\n",
                .options = status_options},
    CommandInfo{.name = "healthcheck",
                .title = "whether it runs and answers",
                .brief = "exit status 0 when it runs and answers, for containers",
                .usage = health_usage,
                .options = health_options},
    CommandInfo{.name = "events",
                .title = "what happened, and why",
                .brief = "what happened lately, and why: evictions, restarts, reloads, operators",
                .usage = events_usage,
                .about = "The event log's last 2000 lines from level info on, kept in memory since the start, whatever is\n"
                         "written and wherever it goes.\n",
                .options = events_options},
    CommandInfo{.name = "shutdown",
                .title = "end a running frontdoor",
                .brief = "finish the requests, stop the instances, end; returns when that is done",
                .usage = shutdown_usage,
                .options = shutdown_options},
    CommandInfo{.name = "completion",
                .title = "let the shell complete what you type",
                .brief = "a script that lets bash, fish or zsh complete what you type",
                .usage = completion_usage,
                .about = "Prints the script for one shell. Packages install it where the shell finds it.\n",
                .sections = completion_sections,
                .words = shells},
    CommandInfo{.name = "version",
                .title = "what this is and what it was built from",
                .brief = "what this is and what it was built from",
                .usage = version_usage},
    CommandInfo{.name = "help",
                .title = "more about a command",
                .brief = "more about one of them",
                .usage = help_usage},
};

constexpr std::array statuses = {
    ExitStatus{"0", "fine",
               "It did what it was asked. A server: it was told to stop (SIGTERM, SIGINT) and has stopped.",
               ""},
    ExitStatus{
        "1", "could not start or go on",
        "It could not start, or could not go on: an address is in use, a log can not be opened, output can "
        "not be written.",
        "The last lines of the event log say what."},
    ExitStatus{"2", "wrong command line", "The command line makes no sense.",
               "The message says what would be right."},
    ExitStatus{"78", "wrong config",
               "The config can not be used: it has errors, or can not be read. Nothing was started.",
               "`frontdoor check --config FILE` lists every error."},
    ExitStatus{"126", "not executable", "`run -- COMMAND`: there is such a file, but it can not be executed.",
               "The message says what is started instead, if its name tells."},
    ExitStatus{"127", "no such command", "`run -- COMMAND`: there is no such command.",
               "The message names what may have been meant."},
};

constexpr std::array variables = {
    Row{"NO_COLOR", "Anything but empty: no colours. Without it they appear on a terminal only."},
    Row{"TERM", "`dumb`: no colours."},
    Row{"any other", "Those that the config names as `${VAR}` or `${VAR:-default}`."},
};

}  // namespace

constinit const CommandInfo program{.name = "",
                                    .title = "the front door of your app instances",
                                    .brief = "",
                                    .usage = program_usage,
                                    .options = program_options,
                                    .sections = program_sections};

const Option* CommandInfo::find(std::string_view option) const {
  const auto found =
      std::find_if(options.begin(), options.end(), [&](const Option& o) { return o.name == option; });
  return found == options.end() ? nullptr : &*found;
}

std::span<const CommandInfo> commands() { return all_commands; }

const CommandInfo* find_command(std::string_view name) {
  const auto found = std::find_if(all_commands.begin(), all_commands.end(),
                                  [&](const CommandInfo& command) { return command.name == name; });
  return found == all_commands.end() ? nullptr : &*found;
}

std::span<const ExitStatus> exit_statuses() { return statuses; }

const Section& instead_of_pm2() { return pm2_sections.front(); }

const Section& signals() { return run_sections.front(); }

std::span<const Row> environment() { return variables; }

}  // namespace frontdoor::cli
