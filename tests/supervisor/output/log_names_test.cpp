// What log files are called.

#include <gtest/gtest.h>

#include "supervisor/output/log_file_name.h"

namespace frontdoor {
namespace {

TEST(LogFileName, IsFilledIn) {
  const LogFileName name("/var/log/{pool}/{instance}.{stream}.log", "app");
  EXPECT_EQ(name.path("app.1", OutputStream::Errors), "/var/log/app/app.1.stderr.log");
  EXPECT_EQ(name.directory(), "/var/log/app");
  EXPECT_EQ(LogFileName("x.log", "app").directory(), ".");
  EXPECT_EQ(LogFileName("/x.log", "app").directory(), "/");
  EXPECT_EQ(LogFileName("x.log", "app").path("app.2", OutputStream::Output), "x.log");
}

TEST(LogFileName, KnowsItsFiles) {
  const struct {
    const char* pattern;
    const char* file;
    std::optional<std::uint32_t> generation;
  } cases[] = {
      {"/l/{instance}.log", "app.1.log", 0},
      {"/l/{instance}.log", "app.12.log.3", 3},
      {"/l/{instance}.log", "app.1.log.12", 12},
      {"/l/{instance}.log", "app.1.log.", std::nullopt},
      {"/l/{instance}.log", "app.1.log.0", std::nullopt},
      {"/l/{instance}.log", "app.1.log.01", std::nullopt},
      {"/l/{instance}.log", "app.1.log.3.gz", std::nullopt},
      {"/l/{instance}.log", "app.1.logs", std::nullopt},
      {"/l/{instance}.log", "app.log", std::nullopt},
      {"/l/{instance}.log", "app.x.log", std::nullopt},
      {"/l/{instance}.log", "web.1.log", std::nullopt},
      {"/l/{instance}.log", "app.log.1", std::nullopt},
      {"{instance}", "app.1.2", 2},
      {"{pool}.{stream}", "app.stdout", 0},
      {"{pool}.{stream}", "app.stderr.1", 1},
      {"{pool}.{stream}", "app.stdlog", std::nullopt},
      {"x.log", "x.log", 0},
      {"x.log", "x.log.7", 7},
      {"x.log", "x.logg", std::nullopt},
      {"x.log", "x.log.99999999999", std::nullopt},
  };
  for (const auto& c : cases)
    EXPECT_EQ(LogFileName(c.pattern, "app").generation(c.file), c.generation) << c.pattern << ' ' << c.file;
}

}  // namespace
}  // namespace frontdoor
