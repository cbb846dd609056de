#include "cli/unit.h"

#include <gtest/gtest.h>

namespace frontdoor::cli {
namespace {

TEST(Units, WordsMeanToSystemdWhatTheyMeantToTheShell) {
  const struct {
    const char* word;
    const char* written;
  } cases[] = {
      {"node", "node"},
      {"--listen", "--listen"},
      {":8080", ":8080"},
      {"", "\"\""},
      {"two words", "\"two words\""},
      {"50%", "50%%"},
      {"$HOME", "$$HOME"},
      {"a'b", "\"a'b\""},
      {"a\"b", "\"a\\\"b\""},
      {"a\\b", "\"a\\\\b\""},
      {";", "\";\""},
      {"#", "\"#\""},
      {"a\nb\t", "\"a\\x0ab\\x09\""},
      {"caf\xC3\xA9", "caf\xC3\xA9"},
      {"%n $x", "\"%%n $$x\""},
  };
  for (const auto& c : cases) EXPECT_EQ(unit_word(c.word), c.written) << c.word;
}

TEST(Units, AreCalledAfterTheirDirectory) {
  EXPECT_EQ(unit_name("/srv/shop"), "shop");
  EXPECT_EQ(unit_name("/srv/my shop/"), "myshop");
  EXPECT_EQ(unit_name("/"), "frontdoor");
  EXPECT_EQ(unit_name("/srv/%n"), "n");
}

TEST(Units, LeaveOutOnlyWhatIsOurs) {
  const std::vector<std::string> words{"run", "--detach", "-i", "2", "--print-unit", "--", "app", "--detach"};
  EXPECT_EQ(plain_words(words), (std::vector<std::string>{"run", "-i", "2", "--", "app", "--detach"}));
}

TEST(Units, SayAllThatIsNeeded) {
  UnitWish wish;
  wish.program = "/usr/bin/frontdoor";
  wish.words = {"run", "--", "node", "my server.js"};
  wish.directory = "/srv/100%";
  wish.user = "web";
  wish.path = "/opt/node/bin:/usr/bin";
  wish.reloads = true;
  wish.stop = Millis{35'500};
  const std::string unit = unit_text(wish);
  for (const char* line :
       {"\n[Unit]\n", "\n[Service]\n", "\nUser=web\n", "\nWorkingDirectory=/srv/100%%\n",
        "\nEnvironment=\"PATH=/opt/node/bin:/usr/bin\"\n",
        "\nExecStart=/usr/bin/frontdoor run -- node \"my server.js\"\n", "\nExecReload=/bin/sh -c 'kill -HUP $MAINPID'\n",
        "\nTimeoutStopSec=41\n", "\nRestart=on-failure\n", "\nRuntimeDirectory=frontdoor/100\n", "\nKillMode=mixed\n",
        "\nWantedBy=multi-user.target\n", "# Save this as /etc/systemd/system/100.service"})
    EXPECT_NE(('\n' + unit).find(line), std::string::npos) << line << unit;
  EXPECT_EQ(unit.find("ExecReload"), unit.rfind("ExecReload"));
  wish.reloads = false;
  EXPECT_EQ(unit_text(wish).find("ExecReload"), std::string::npos);
}

}  // namespace
}  // namespace frontdoor::cli
