// A command that a sentence names reaches the frontdoor that the user has asked.

#include "cli/hints.h"

#include <gtest/gtest.h>

namespace frontdoor::cli {
namespace {

TEST(Hints, RepeatTheSocketThatWasSaid) {
  const struct {
    const char* text;
    const char* socket;
    const char* shown;
  } cases[] = {
      {"frontdoor ready app", "", "frontdoor ready app"},
      {"frontdoor ready app", "/run/a.sock", "frontdoor ready --socket /run/a.sock app"},
      {"what it wrote: frontdoor logs app.1 -n 50", "a.sock",
       "what it wrote: frontdoor logs --socket a.sock app.1 -n 50"},
      {"see `frontdoor status` for it", "a b", "see `frontdoor status --socket 'a b'` for it"},
      {"frontdoor config diff, frontdoor config show", "s",
       "frontdoor config diff --socket s, frontdoor config show"},
      {"frontdoor upstream add app :1 brings it back", "s",
       "frontdoor upstream add --socket s app :1 brings it back"},
      {"frontdoor scale app -1 and frontdoor stop are for those", "s",
       "frontdoor scale --socket s app -1 and frontdoor stop --socket s are for those"},
      {"frontdoor shutdown --socket /other", "s", "frontdoor shutdown --socket /other"},
      {"this frontdoor is stopping", "s", "this frontdoor is stopping"},
      {"frontdoor stopping frontdoor", "s", "frontdoor stopping frontdoor"},
      {"/opt/frontdoor status.txt, my-frontdoor status", "s",
       "/opt/frontdoor status.txt, my-frontdoor status"},
      {"frontdoor run -- node app.js; frontdoor check", "s", "frontdoor run -- node app.js; frontdoor check"},
      {"frontdoor ", "s", "frontdoor "},
      {"", "s", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(with_socket(c.text, c.socket), c.shown) << c.text;
}

}  // namespace
}  // namespace frontdoor::cli
