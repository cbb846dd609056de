#include <gtest/gtest.h>

#include "dashboard/frame.h"
#include "dashboard/frames.h"
#include "dashboard/live_document.h"
#include "dashboard/picture.h"

namespace frontdoor {
namespace {

std::string put(LiveDocument& document, std::initializer_list<std::pair<const char*, const char*>> picture) {
  document.begin();
  for (const auto& [key, json] : picture) document.set(key, json);
  return document.finish();
}

TEST(LiveDocument, TellsWhatHasChanged) {
  LiveDocument document;
  EXPECT_EQ(put(document, {{"a", "1"}, {"b", "[2]"}}), R"("set":{"a":1,"b":[2]})");
  EXPECT_EQ(put(document, {{"a", "1"}, {"b", "[2]"}}), "");
  EXPECT_EQ(put(document, {{"a", "1"}, {"b", "[3]"}}), R"("set":{"b":[3]})");
  EXPECT_EQ(put(document, {{"b", "[3]"}}), R"("gone":["a"])");
  EXPECT_EQ(put(document, {{"a", "1"}}), R"("set":{"a":1},"gone":["b"])");
  EXPECT_EQ(document.whole(), R"({"a":1})");
  EXPECT_EQ(put(document, {}), R"("gone":["a"])");
  EXPECT_EQ(document.whole(), "{}");
}

TEST(LiveDocument, KeysMayHaveAnything) {
  LiveDocument document;
  EXPECT_EQ(put(document, {{"up/a\"b/\xff", "1"}}), "\"set\":{\"up/a\\\"b/\xEF\xBF\xBD\":1}");
}

TEST(Frames, AReaderThatIsTooSlowHasMissedOne) {
  Frames frames(3);
  EXPECT_EQ(frames.at(0), nullptr);
  EXPECT_FALSE(frames.missed(0));
  for (const char* text : {"a", "b", "c"}) frames.push(text);
  EXPECT_EQ(*frames.at(0), "a");
  EXPECT_EQ(frames.end(), 3u);
  frames.push("d");
  EXPECT_TRUE(frames.missed(0));
  EXPECT_FALSE(frames.missed(1));
  EXPECT_EQ(*frames.at(1), "b");
  EXPECT_EQ(*frames.at(3), "d");
  EXPECT_EQ(frames.at(4), nullptr);
}

TEST(Frame, IsAnEventWithOneLineOfData) {
  EXPECT_EQ(sent_event("tick", "{}"), "event: tick\ndata: {}\n\n");
}

TEST(Picture, NumbersHaveAsManyDigitsAsAPageShows) {
  const std::pair<double, const char*> cases[] = {{0, "0"},        {1.5, "1.5"},     {1.234, "1.23"}, {9.999, "10"}, {12.34, "12.3"},
                                                  {123.4, "123"},  {100, "100"},     {0.004, "0"},    {-0.001, "0"}, {1e9, "1000000000"},
                                                  {std::numeric_limits<double>::quiet_NaN(), "null"}, {std::numeric_limits<double>::infinity(), "null"}};
  for (const auto& [value, text] : cases) EXPECT_EQ(json_number(value), text) << value;
}

}  // namespace
}  // namespace frontdoor
