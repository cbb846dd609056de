// Durations, sizes and percentages, both ways.

#include "config/units.h"

namespace frontdoor::config {
namespace {

TEST(Duration, Reads) {
  struct {
    const char* text;
    long ms;
  } cases[] = {{"250ms", 250},    {"2s", 2000}, {"1.5s", 1500},   {"1m", 60'000},
               {"1h", 3'600'000}, {"0s", 0},    {"0.25m", 15'000}};
  for (const auto& c : cases) {
    const auto duration = parse_duration(c.text);
    EXPECT_TRUE(duration.ok) << c.text;
    EXPECT_EQ(duration.value.count(), c.ms) << c.text;
  }
}

TEST(Duration, SaysWhatWasMeant) {
  struct {
    const char *text, *instead;
  } cases[] = {{"2 sec", "2s"},
               {"2", "2s"},
               {"5min", "5m"},
               {"5 s", "5s"},
               {"1H", "1h"},
               {"1.5secs", "1.5s"},
               {"", ""},
               {"fast", ""},
               {"-1s", ""},
               {"1,5s", ""},
               {".5s", ""},
               {"1.s", ""},
               {"0.5ms", ""},
               {"1week", ""},
               {"1s2", ""},
               {"1e3s", ""},
               {"9999999999999999s", ""},
               {"999999999999999h", ""}};
  for (const auto& c : cases) {
    const auto duration = parse_duration(c.text);
    EXPECT_FALSE(duration.ok) << c.text;
    EXPECT_EQ(duration.instead, c.instead) << c.text;
  }
}

TEST(Size, Reads) {
  struct {
    const char* text;
    std::uint64_t bytes;
  } cases[] = {{"0", 0},         {"0B", 0},           {"300B", 300},        {"8KB", 8000},
               {"64KiB", 65536}, {"1.5MiB", 1572864}, {"2GiB", 2ull << 30}, {"1MB", 1'000'000}};
  for (const auto& c : cases) {
    const auto size = parse_size(c.text);
    EXPECT_TRUE(size.ok) << c.text;
    EXPECT_EQ(size.value, c.bytes) << c.text;
  }
}

TEST(Size, SaysWhatWasMeant) {
  struct {
    const char *text, *instead;
  } cases[] = {{"64k", "64KiB"},
               {"64kib", "64KiB"},
               {"8kb", "8KB"},
               {"64", "64B"},
               {"1 MiB", "1MiB"},
               {"1M", "1MiB"},
               {"", ""},
               {"big", ""},
               {"-1B", ""},
               {"0.5B", ""},
               {"999999999999999GiB", ""}};
  for (const auto& c : cases) {
    const auto size = parse_size(c.text);
    EXPECT_FALSE(size.ok) << c.text;
    EXPECT_EQ(size.instead, c.instead) << c.text;
  }
}

TEST(Percent, Reads) {
  EXPECT_EQ(parse_percent("20%").value, 0.2);
  EXPECT_EQ(parse_percent("0.5%").value, 0.005);
  EXPECT_TRUE(parse_percent("100%").ok);
  for (const char* text : {"", "%", "101%", "-1%", "nan%", "1e1%", "20 %", "0.123456789012%"})
    EXPECT_FALSE(parse_percent(text).ok) << text;
  EXPECT_EQ(parse_percent("20").instead, "20%");
}

TEST(Units, FormatIsTheShortestThatReadsBack) {
  EXPECT_EQ(format_duration(std::chrono::milliseconds(0)), "0s");
  EXPECT_EQ(format_duration(std::chrono::milliseconds(1500)), "1500ms");
  EXPECT_EQ(format_duration(std::chrono::seconds(60)), "60s");
  EXPECT_EQ(format_duration(std::chrono::seconds(120)), "2m");
  EXPECT_EQ(format_duration(std::chrono::hours(1)), "1h");
  EXPECT_EQ(format_size(0), "0");
  EXPECT_EQ(format_size(1000), "1000B");
  EXPECT_EQ(format_size(65536), "64KiB");
  EXPECT_EQ(format_size(3ull << 30), "3GiB");
  EXPECT_EQ(format_share(1.0), "1.0");
  EXPECT_EQ(format_share(0.1), "0.1");
  EXPECT_EQ(format_percent(0.1), "10%");
  for (const char* text : {"7%", "14.3%", "33.333333%", "0.1%", "99.99999%"})
    EXPECT_EQ(format_percent(parse_percent(text).value), text);
}

}  // namespace
}  // namespace frontdoor::config
