// Which files `watch` means.

#include "supervisor/triggers/watch_patterns.h"

#include <gtest/gtest.h>

namespace frontdoor {
namespace {

using Texts = std::vector<std::string>;

TEST(WatchPatterns, AFileMatches) {
  const struct {
    Texts watch;
    const char* file;
    bool matches;
  } cases[] = {
      {{"."}, "/srv/app/server.js", true},
      {{"."}, "/srv/app/a/b/c.js", true},
      {{"."}, "/srv/other/c.js", false},
      {{"."}, "/srv/app2/c.js", false},
      {{"src"}, "/srv/app/src/a/b.js", true},
      {{"src/"}, "/srv/app/src/b.js", true},
      {{"./src"}, "/srv/app/src", true},
      {{"src"}, "/srv/app/srcs/b.js", false},
      {{"server.js"}, "/srv/app/server.js", true},
      {{"*.js"}, "/srv/app/server.js", true},
      {{"*.js"}, "/srv/app/src/a.js", false},
      {{"src/*"}, "/srv/app/src/a.js", true},
      {{"src/*"}, "/srv/app/src/a/b.js", false},
      {{"src/*/lib"}, "/srv/app/src/a/lib/deep/b.js", true},
      {{"src/**/*.js"}, "/srv/app/src/a.js", true},
      {{"src/**/*.js"}, "/srv/app/src/a/b/c.js", true},
      {{"src/**/*.js"}, "/srv/app/src/a/b/c.ts", false},
      {{"**/*.js"}, "/srv/app/a.js", true},
      {{"**"}, "/srv/app/a/b", true},
      {{"src/**"}, "/srv/app/src/a", true},
      {{"src/**"}, "/srv/app/src", false},
      {{"**/test/*.js"}, "/srv/app/a/test/b.js", true},
      {{"**/test/*.js"}, "/srv/app/test/b.js", true},
      {{"**/a/**/b.js"}, "/srv/app/x/a/y/z/b.js", true},
      {{"**/a/**/b.js"}, "/srv/app/x/y/z/b.js", false},
      {{"*.{js,ts}"}, "/srv/app/a.ts", true},
      {{"[a-c]?.js"}, "/srv/app/b1.js", true},
      {{"[!a-c]?.js"}, "/srv/app/b1.js", false},
      {{"x.js", "y.js"}, "/srv/app/y.js", true},
      {{"/etc/app.json"}, "/etc/app.json", true},
      {{"../shared/*.json"}, "/srv/shared/a.json", true},
      {{"../shared/*.json"}, "/srv/app/a.json", false},
      // What nobody means who writes a wildcard.
      {{"."}, "/srv/app/node_modules/x/index.js", false},
      {{"."}, "/srv/app/packages/a/node_modules/x.js", false},
      {{"**/*.js"}, "/srv/app/node_modules/x.js", false},
      {{"node_modules/mine"}, "/srv/app/node_modules/mine/index.js", true},
      {{"node_modules/mine/**"}, "/srv/app/node_modules/mine/node_modules/x.js", false},
      {{"."}, "/srv/app/.git/index", false},
      {{"."}, "/srv/app/.env", false},
      {{"*"}, "/srv/app/.env", false},
      {{".env"}, "/srv/app/.env", true},
      {{".env*"}, "/srv/app/.env.local", true},
      {{".config/**"}, "/srv/app/.config/a.json", true},
      {{"."}, "/srv/app/server.js~", false},
      {{"."}, "/srv/app/4913", false},
      {{"."}, "/srv/app/#server.js#", false},
      {{"."}, "/srv/app/server.js___jb_tmp___", false},
      {{"."}, "/srv/app/x.swp", false},
      {{}, "/srv/app/server.js", false},
  };
  for (const auto& c : cases) {
    const WatchPatterns patterns("/srv/app", c.watch, {});
    EXPECT_EQ(patterns.matches(c.file), c.matches) << c.file << (c.watch.empty() ? "" : " " + c.watch[0]);
  }
}

TEST(WatchPatterns, WhereItLivesMayHaveAnyName) {
  const WatchPatterns patterns("/home/me/.work/node_modules/app", {"."}, {"me"});
  EXPECT_TRUE(patterns.matches("/home/me/.work/node_modules/app/server.js"));
  EXPECT_TRUE(patterns.may_contain("/home/me/.work/node_modules/app"));
}

TEST(WatchPatterns, SomeAreLeftOut) {
  const struct {
    Texts ignore;
    const char* file;
    bool matches;
  } cases[] = {
      {{"tmp"}, "/srv/app/tmp/a.js", false},
      {{"tmp"}, "/srv/app/a/tmp/b.js", false},
      {{"tmp/"}, "/srv/app/a/tmp/b.js", false},
      {{"tmp"}, "/srv/app/a/tmpx/b.js", true},
      {{"./tmp"}, "/srv/app/tmp/b.js", false},
      {{"./tmp"}, "/srv/app/a/tmp/b.js", true},
      {{"*.log"}, "/srv/app/a/b.log", false},
      {{"public/uploads"}, "/srv/app/public/uploads/a/b.png", false},
      {{"public/uploads"}, "/srv/app/public/index.html", true},
      {{"public/**/*.png"}, "/srv/app/public/a/b.png", false},
      {{"/srv/app/public"}, "/srv/app/public/a.css", false},
      {{"**/*.test.js"}, "/srv/app/src/a.test.js", false},
      {{"*.{log,tmp}"}, "/srv/app/a.tmp", false},
      {{"."}, "/srv/app/a.js", false},
      {{"srv"}, "/srv/app/a.js", true},
  };
  for (const auto& c : cases)
    EXPECT_EQ(WatchPatterns("/srv/app", {"."}, c.ignore).matches(c.file), c.matches) << c.file << ' ' << c.ignore[0];
}

TEST(WatchPatterns, OnlyWhatMayContainAMatchIsLookedInto) {
  const struct {
    Texts watch, ignore;
    const char* directory;
    bool may_contain;
  } cases[] = {
      {{"src/**/*.js"}, {}, "/srv/app", true},      {{"src/**/*.js"}, {}, "/srv/app/src", true},
      {{"src/**/*.js"}, {}, "/srv/app/src/a", true}, {{"src/**/*.js"}, {}, "/srv/app/data", false},
      {{"*.js"}, {}, "/srv/app", true},             {{"*.js"}, {}, "/srv/app/src", false},
      {{"."}, {}, "/srv/app/a", true},              {{"."}, {}, "/srv/app/node_modules", false},
      {{"."}, {}, "/srv/app/.git", false},          {{"."}, {"a"}, "/srv/app/a", false},
      {{"."}, {"a/b"}, "/srv/app/a", true},         {{"."}, {"a/b"}, "/srv/app/a/b", false},
      {{"a/*/c"}, {}, "/srv/app/a/b", true},        {{"a/*/c"}, {}, "/srv/app/a/b/d", false},
      {{"a/*/c"}, {}, "/srv/app/a/b/c/d", true},    {{".env"}, {}, "/srv/app", true},
  };
  for (const auto& c : cases)
    EXPECT_EQ(WatchPatterns("/srv/app", c.watch, c.ignore).may_contain(c.directory), c.may_contain)
        << c.directory << ' ' << c.watch[0];
}

TEST(WatchPatterns, Roots) {
  const struct {
    Texts watch, roots;
  } cases[] = {
      {{"."}, {"/srv/app"}},
      {{"src/**/*.js", "views", "x.js"}, {"/srv/app"}},
      {{"../shared/*.json"}, {"/srv/shared"}},
      {{"../shared"}, {"/srv"}},
      {{"/etc/app.json", "/etc/other/*"}, {"/etc"}},
      {{"*.js", "/var/lib/app/*"}, {"/srv/app", "/var/lib/app"}},
      {{"/srv/app/*.js"}, {"/srv/app"}},
      {{"../*", "../../srv-x/*", "."}, {"/srv", "/srv-x"}},
      {{}, {}},
  };
  for (const auto& c : cases) EXPECT_EQ(WatchPatterns("/srv/app", c.watch, {}).roots(), c.roots);
}

TEST(WatchPatterns, PathsAreShownAsAnOperatorWritesThem) {
  const WatchPatterns patterns("/srv/app", {"."}, {});
  EXPECT_EQ(patterns.shown("/srv/app/src/a.js"), "src/a.js");
  EXPECT_EQ(patterns.shown("/srv/app"), ".");
  EXPECT_EQ(patterns.shown("/etc/app.json"), "/etc/app.json");
  EXPECT_EQ(absolute_path("/srv/app", "../x/./y/"), "/srv/x/y");
  EXPECT_EQ(absolute_path("/srv/app", "/x"), "/x");
  EXPECT_EQ(absolute_path("/", "../.."), "/");
}

TEST(WatchPatterns, AManyStarredPatternTakesNoAge) {
  const std::string pattern = "**/a/**/a/**/a/**/a/**/a/**/a/**/a/**/b";
  std::string path = "/srv/app";
  for (int i = 0; i < 24; ++i) path += "/a";
  EXPECT_FALSE(WatchPatterns("/srv/app", {pattern}, {}).matches(path));
}

}  // namespace
}  // namespace frontdoor
