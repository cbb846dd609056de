// The table of upstreams of HTTP/2, row by row: build/dev/tests/conformance/conformance_test --gtest_filter='*H2Upstream*no_status*'

#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "conformance/h2_upstream_case.h"

namespace frontdoor::conformance {

void PrintTo(const H2UpstreamCase& row, std::ostream* out) { *out << row.family << ".txt:" << row.line; }

namespace {

const H2UpstreamTable& upstream_table() {
  static const H2UpstreamTable loaded = load_h2_upstream_table();
  return loaded;
}

std::string upstream_test_name(const H2UpstreamCase& row) {
  std::string name = row.family + "_" + row.name;
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
}

class H2UpstreamConformance : public ::testing::TestWithParam<H2UpstreamCase> {};

TEST_P(H2UpstreamConformance, Holds) {
  const H2UpstreamCase& row = GetParam();
  std::string seen;
  const auto failures = run_h2_upstream_case(row, seen);
  for (const auto& failure : failures)
    ADD_FAILURE() << "h2_upstream/" << row.family << ".txt:" << row.line << ": " << row.name << "\n" << row.rule << "\n" << failure;
  if (!failures.empty()) std::printf("%s\n", seen.c_str());
}

INSTANTIATE_TEST_SUITE_P(Table, H2UpstreamConformance, ::testing::ValuesIn(upstream_table().cases),
                         [](const auto& test) { return upstream_test_name(test.param); });

TEST(H2UpstreamConformanceTable, IsWellFormedAndItsNamesAreUnique) {
  for (const auto& error : upstream_table().errors) ADD_FAILURE() << error;
  std::set<std::string> names;
  for (const auto& row : upstream_table().cases) EXPECT_TRUE(names.insert(upstream_test_name(row)).second) << row.family << ": " << row.name;
}

TEST(H2UpstreamConformanceTable, NoTwoRowsSendTheSame) {
  std::map<std::string, std::string> known;
  for (const auto& row : upstream_table().cases) {
    std::string script = row.config + row.pool + row.settings + (row.bare ? "bare" : "");
    for (const auto& step : row.steps)
      script += static_cast<char>('0' + static_cast<int>(step.kind)) + step.bytes + std::to_string(step.time.count());
    const auto [other, fresh] = known.emplace(script, row.name);
    EXPECT_TRUE(fresh) << row.family << ".txt:" << row.line << ": the same as \"" << other->second << "\"";
  }
}

TEST(H2UpstreamConformanceTable, IsCountedInItsDocument) {
  std::ostringstream document;
  document << std::ifstream(FRONTDOOR_SOURCE_DIR "/docs/conformance.md").rdbuf();
  const auto must_say = [text = document.str()](const std::string& words) {
    EXPECT_NE(text.find(words), std::string::npos) << "docs/conformance.md must say: " << words;
  };
  std::map<std::string, int> families;
  for (const auto& row : upstream_table().cases) ++families[row.family];
  for (const auto& [family, rows] : families) must_say("h2_upstream/" + family + ".txt) | " + std::to_string(rows) + " |");
  must_say("and " + std::to_string(upstream_table().cases.size()) + " of HTTP/2 to upstreams");
}

// A slip of the pen must not make a row weaker than it looks.
TEST(H2UpstreamConformanceTable, WhatItDoesNotKnowIsAnError) {
  const char* const head = "== a\nRFC 9113 §1: x\n< 200 1\n";
  for (const std::string slip : {"connection keep\n", "client 200\n", "client 200\nclient 200\nconnection keep\n",
                                 "client 200 gone\nconnection keep\n", "client 200\nconnection goaway NO_SUCH\n",
                                 "client 200\nconnection keep\nrequest 1 gone\n", "client 200\nconnection keep\nrequest x whole\n",
                                 "< nonsense\nclient 200\nconnection keep\n", "nonsense\nclient 200\nconnection keep\n",
                                 "> GET\nclient 200\nclient 200\nconnection keep\n", "= :nobody x\nclient 200\nconnection keep\n",
                                 "client 200\nconnection keep\nrequests many\n"})
    EXPECT_FALSE(parse_h2_upstream_cases("f", head + slip).errors.empty()) << slip;
  EXPECT_TRUE(parse_h2_upstream_cases("f", std::string(head) + "client 200\nconnection keep\n").errors.empty());
}

}  // namespace
}  // namespace frontdoor::conformance
