// The table of HTTP/2, row by row: build/dev/tests/conformance/conformance_test --gtest_filter='*two_authorities*'

#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "conformance/h2_case.h"

namespace frontdoor::conformance {

void PrintTo(const H2Case& row, std::ostream* out) { *out << row.family << ".txt:" << row.line; }

namespace {

const H2CaseFile& table() {
  static const H2CaseFile loaded = load_h2_table();
  return loaded;
}

std::string test_name(const H2Case& row) {
  std::string name = row.family + "_" + row.name;
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
}

class H2Conformance : public ::testing::TestWithParam<H2Case> {};

TEST_P(H2Conformance, Holds) {
  const H2Case& row = GetParam();
  std::string seen;
  const auto failures = run_h2_case(row, seen);
  if (!row.left_out.empty()) {
    EXPECT_FALSE(failures.empty()) << row.name << ": holds by now, so it is left out no longer";
    return;
  }
  for (const auto& failure : failures)
    ADD_FAILURE() << "h2/" << row.family << ".txt:" << row.line << ": " << row.name << "\n" << row.rule << "\n" << failure;
  if (!failures.empty()) std::printf("%s\n", seen.c_str());
}

INSTANTIATE_TEST_SUITE_P(Table, H2Conformance, ::testing::ValuesIn(table().cases),
                         [](const auto& test) { return test_name(test.param); });

TEST(H2ConformanceTable, IsWellFormedAndItsNamesAreUnique) {
  for (const auto& error : table().errors) ADD_FAILURE() << error;
  std::set<std::string> names;
  for (const auto& row : table().cases) EXPECT_TRUE(names.insert(test_name(row)).second) << row.family << ": " << row.name;
}

TEST(H2ConformanceTable, NoTwoRowsSendTheSame) {
  std::map<std::string, std::string> known;
  for (const auto& row : table().cases) {
    std::string script = row.config;
    for (const auto& step : row.steps)
      script += static_cast<char>('0' + static_cast<int>(step.kind)) + step.bytes + std::to_string(step.time.count());
    const auto [other, fresh] = known.emplace(script, row.name);
    EXPECT_TRUE(fresh) << row.family << ".txt:" << row.line << ": the same as \"" << other->second << "\"";
  }
}

TEST(H2ConformanceTable, HasAtLeast150Rows) { EXPECT_GE(table().cases.size(), 150u); }

TEST(H2ConformanceTable, IsCountedInItsDocument) {
  std::ostringstream document;
  document << std::ifstream(FRONTDOOR_SOURCE_DIR "/docs/conformance.md").rdbuf();
  const auto must_say = [text = document.str()](const std::string& words) {
    EXPECT_NE(text.find(words), std::string::npos) << "docs/conformance.md must say: " << words;
  };
  std::map<std::string, int> families;
  for (const auto& row : table().cases) ++families[row.family];
  for (const auto& [family, rows] : families) must_say("h2/" + family + ".txt) | " + std::to_string(rows) + " |");
  must_say("and " + std::to_string(table().cases.size()) + " of HTTP/2");
}

// A slip of the pen must not make a row weaker than it looks.
TEST(H2ConformanceTable, WhatItDoesNotKnowIsAnError) {
  const char* const head = "== a\nRFC 9113 §1: x\n> GET 1 /\n";
  for (const std::string slip : {"stream 1 200\nupstream nothing\n", "connection keep\nupstream nothing\n",
                                 "stream 1 200\nconnection keep\n", "stream 1 reset NO_SUCH\nconnection keep\nupstream 1\n",
                                 "> nonsense\nstream 1 200\nconnection keep\nupstream 1\n",
                                 "= :nobody x\nstream 1 200\nconnection keep\nupstream 1\n"})
    EXPECT_FALSE(parse_h2_cases("f", head + slip).errors.empty()) << slip;
  EXPECT_TRUE(parse_h2_cases("f", std::string(head) + "stream 1 200\nconnection keep\nupstream 1\n").errors.empty());
}

}  // namespace
}  // namespace frontdoor::conformance
