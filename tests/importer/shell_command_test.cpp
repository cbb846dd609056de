// Which lines become a command of their own, and where a shell may make way for the app.

#include "importer/shell_command.h"

#include "support.h"

namespace frontdoor::importer {
namespace {

std::string described(const std::string& line) {
  const auto command = to_command(line);
  if (!command) return "error: " + command.error();
  std::string text = joined(command->words, "|");
  if (!command->env.empty()) text += "  env " + variables(command->env);
  if (command->port) text += "  port " + *command->port;
  if (command->sets_port) text += "  sets PORT";
  return text;
}

TEST(ShellCommand, ALineThatIsACommandNeedsNoShell) {
  const struct {
    const char* line;
    const char* command;
  } cases[] = {
      {"node server.js", "node|server.js"},
      {"  node   'my server.js' --name=\"a b\" ", "node|my server.js|--name=a b"},
      {"NODE_ENV=production node server.js", "node|server.js  env NODE_ENV=production"},
      {"A=1 B='2 3' node x", "node|x  env A=1 B=2 3"},
      {"A=1 A=2 node x", "node|x  env A=2"},
      {"PORT=3000 node x", "node|x  port 3000"},
      {"exec node x", "node|x"},
      {"cross-env NODE_ENV=production PORT=80 node x", "node|x  env NODE_ENV=production  port 80"},
      {"B=1 cross-env A=1 env C=3 node x", "node|x  env B=1 A=1 C=3"},
      {"env -i node x", "env|-i|node|x"},
      {"cross-env --help", "cross-env|--help"},
      {"node --env=x A=1", "node|--env=x|A=1"},
      {"1A=2 node", "1A=2|node"},
  };
  for (const auto& c : cases) EXPECT_EQ(described(c.line), c.command) << c.line;
}

TEST(ShellCommand, WhatNeedsAShellGetsOneThatMakesWay) {
  const struct {
    const char* line;
    const char* command;
  } cases[] = {
      {"node server.js -p $PORT", "/bin/sh|-c|exec node server.js -p $PORT"},
      {"node build.js && node server.js", "/bin/sh|-c|node build.js && exec node server.js"},
      {"cd app; node server.js", "/bin/sh|-c|cd app; exec node server.js"},
      {"export PORT=3000; node x", "/bin/sh|-c|export PORT=3000; exec node x  sets PORT"},
      {"A=$B node x | tee log", "/bin/sh|-c|A=$B node x | tee log"},
      {"cd app", "/bin/sh|-c|cd app"},
      {"node a && PORT=3 node b", "/bin/sh|-c|node a && PORT=3 exec node b  sets PORT"},
  };
  for (const auto& c : cases) EXPECT_EQ(described(c.line), c.command) << c.line;
}

TEST(ShellCommand, WhatIsNoCommandSaysWhy) {
  EXPECT_EQ(described(""), "error: there is no command in it");
  EXPECT_EQ(described("A=1"), "error: there is no command in it");
  EXPECT_EQ(described("node 'x"), "error: the quote ' is not closed");
  EXPECT_EQ(described("node \\"), "error: a \\ with nothing behind it");
}

TEST(WithExec, StandsBeforeTheLastCommandWhereThatChangesNothing) {
  const struct {
    const char* line;
    const char* with;
  } cases[] = {
      {"node a > log 2>&1", "exec node a > log 2>&1"},
      {"a && b || c", "a && b || exec c"},
      {"node \"$X\" ${Y:-1}", "exec node \"$X\" ${Y:-1}"},
      {"A=\"x y\" B=$C node a", "A=\"x y\" B=$C exec node a"},
      {"set -e; node a", "set -e; exec node a"},
      {"echo 'a && b'; node c", "echo 'a && b'; exec node c"},
      // These stay as they are.
      {"echo \\; node c", nullptr},
      {"a | b", nullptr},
      {"a & b", nullptr},
      {"a &", nullptr},
      {"a;", nullptr},
      {"(a; b)", nullptr},
      {"{ a; b; }", nullptr},
      {"node a $(cat port)", nullptr},
      {"node a `cat port`", nullptr},
      {"node \"`cat port`\"", nullptr},
      {"if true; then node a; fi", nullptr},
      {"while :; do node a; done", nullptr},
      {"trap 'rm x' EXIT; node a", nullptr},
      {"! node a", nullptr},
      {"node a # comment", nullptr},
      {"node a\nnode b", nullptr},
      {"cat <<E", nullptr},
      {"a && cd b", nullptr},
      {"a && exec b", nullptr},
      {"a && A=1", nullptr},
      {"> log node a", nullptr},
      {"node 'a", nullptr},
      {"", nullptr},
  };
  for (const auto& c : cases) {
    const std::string line = c.line;
    EXPECT_EQ(with_exec(line), c.with ? c.with : line) << line;
  }
}

}  // namespace
}  // namespace frontdoor::importer
