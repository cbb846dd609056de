#include "cli/help.h"

namespace frontdoor::cli {
namespace {

// Written as it appears. A line that ends in ':' is a heading; between backquotes is what one types.
constexpr std::string_view kProgram = R"(frontdoor: the front door of your app instances

Usage:
  `frontdoor --config fd.toml`          serve what the file says
  `frontdoor COMMAND [OPTIONS]`

Commands:
  `run`           serve a config (the same as `--config` alone)
  `proxy`         a front door without a file: listen here, pass on there
  `demo`          three instances, a page, and a button that crashes them
  `check`         find every mistake in a config, start nothing
  `config show`   the config with every default filled in
  `version`       what this is and what it was built from
  `help COMMAND`  more about one of them

Examples:
  `frontdoor demo`
  `frontdoor proxy --listen :8080 --to :3001 --to :3002 --health /healthz`
  `frontdoor check --config fd.toml && frontdoor --config fd.toml`

Exit status:
  0 fine   1 could not start or go on   2 wrong command line   78 wrong config
)";

constexpr std::string_view kRun = R"(frontdoor run: serve until a signal ends it

Usage:
  `frontdoor run --config FILE [OPTIONS]`
  `frontdoor --config FILE [OPTIONS]`

Options:
  `--config FILE`      the config; - reads it from standard input
  `--workers N`        data-path threads, instead of the config's `workers`
  `--ready-file FILE`  written once every listener listens: one address a line

Signals:
  TERM, INT   stop: finish what is in flight, at most `timeouts.drain`; again: stop at once
  HUP         read the config again; one with errors changes nothing

Not in this version yet: `run DIRECTORY` and `run -- COMMAND`.
)";

constexpr std::string_view kCheck = R"(frontdoor check: find every mistake in a config

Usage:
  `frontdoor check --config FILE`       - reads standard input

Prints each mistake as FILE:LINE:COLUMN: what is wrong, what would be right.
Exit status 0 when the config can be served, 78 when not. Starts nothing.
)";

constexpr std::string_view kShow = R"(frontdoor config show: the config with every default filled in

Usage:
  `frontdoor config show --config FILE` - reads standard input

Prints TOML that means the same as FILE and says all that FILE leaves out.
)";

constexpr std::string_view kProxy = R"(frontdoor proxy: a front door without a file

Usage:
  `frontdoor proxy --listen ADDRESS --to ADDRESS [--to ADDRESS ...] [OPTIONS]`

Options:
  `--listen ADDRESS`   where clients connect: `:8080`, `127.0.0.1:8080`, `unix:/run/app.sock`
  `--to ADDRESS`       an upstream; repeat it to share the load. `:3001` is port 3001 of this machine
  `--health PATH`      ask each upstream for PATH every two seconds and leave out those that fail
  `--workers N`        data-path threads (default: one for each usable CPU)
  `--ready-file FILE`  written once it listens: one address a line

Examples:
  `frontdoor proxy --listen :8080 --to :3001 --to :3002 --health /healthz`
  `frontdoor proxy --listen 127.0.0.1:0 --to unix:/run/app.sock`
)";

constexpr std::string_view kDemo = R"(frontdoor demo: see it work

Usage:
  `frontdoor demo [OPTIONS]`

Starts three small instances behind a front door and prints its address. The page there shows
which instance answers, and has a button that crashes it: the site stays up, and the instance is
started again after two seconds.

Options:
  `--listen ADDRESS`   default: `127.0.0.1:8080`, or the next free port
  `--workers N`        data-path threads
  `--ready-file FILE`  written once it listens: one address a line

Try:
  `curl http://127.0.0.1:8080/api/whoami`     who answered
  `curl http://127.0.0.1:8080/crash`          the one that answers this dies a moment later
  `curl -d '' http://127.0.0.1:8080/crash`    it dies without an answer: a 502 for this POST only
)";

constexpr std::string_view kVersion = R"(frontdoor version: what this is and what it was built from

Usage:
  `frontdoor version`
)";

std::string_view text_of(std::string_view topic) {
  if (topic == "run") return kRun;
  if (topic == "check") return kCheck;
  if (topic == "config show") return kShow;
  if (topic == "proxy") return kProxy;
  if (topic == "demo") return kDemo;
  if (topic == "version") return kVersion;
  return kProgram;
}

std::string paint_line(std::string_view line, const Style& style) {
  if (line.ends_with(':') && !line.starts_with(' ')) return style.bold(line);
  std::string painted;
  bool typed = false;
  while (!line.empty()) {
    const auto mark = line.find('`');
    const auto piece = line.substr(0, mark);
    painted += typed ? style.paint(Ink::Cyan, piece) : std::string(piece);
    if (mark == line.npos) break;
    line.remove_prefix(mark + 1);
    typed = !typed;
  }
  return painted;
}

}  // namespace

std::string help_text(std::string_view topic, const Style& style) {
  std::string_view text = text_of(topic);
  const auto title_end = text.find(':');
  std::string painted = style.bold(text.substr(0, title_end));
  text.remove_prefix(title_end);
  while (!text.empty()) {
    const auto end = text.find('\n');
    painted += paint_line(text.substr(0, end), style) + '\n';
    text.remove_prefix(end + 1);
  }
  return painted;
}

}  // namespace frontdoor::cli
