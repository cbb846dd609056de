// The table, row by row: build/dev/tests/conformance/conformance_test --gtest_filter='*obs_fold*'

#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "conformance/case_file.h"
#include "conformance/run_case.h"

namespace frontdoor::conformance {

void PrintTo(const Case& row, std::ostream* out) { *out << row.family << ".txt:" << row.line; }

namespace {

constexpr int kPatience = 5000;

const CaseFile& table() {
  static const CaseFile loaded = load_table();
  return loaded;
}

std::string test_name(const Case& row) {
  std::string name = row.family + "_" + row.name;
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
}

class Conformance : public ::testing::TestWithParam<Case> {};

TEST_P(Conformance, Holds) {
  const Case& row = GetParam();
  const CaseResult result = run_case(row, kPatience);
  if (!row.left_out.empty()) {
    EXPECT_FALSE(result.failures.empty()) << row.name << ": holds by now, so it is left out no longer";
    return;
  }
  for (const auto& failure : result.failures)
    ADD_FAILURE() << row.family << ".txt:" << row.line << ": " << row.name << "\n"
                  << row.rule << "\n"
                  << failure;
  if (!result.failures.empty())
    std::printf("client saw:\n%s\nupstream saw:\n%s\n", result.seen_by_client.c_str(),
                result.seen_by_upstream.c_str());
}

INSTANTIATE_TEST_SUITE_P(Table, Conformance, ::testing::ValuesIn(table().cases),
                         [](const auto& test) { return test_name(test.param); });

TEST(ConformanceTable, IsWellFormedAndItsNamesAreUnique) {
  for (const auto& error : table().errors) ADD_FAILURE() << error;
  std::set<std::string> names;
  for (const auto& row : table().cases)
    EXPECT_TRUE(names.insert(test_name(row)).second) << row.family << ": " << row.name;
}

TEST(ConformanceTable, NoTwoRowsSendTheSame) {
  std::map<std::string, std::string> known;
  for (const auto& row : table().cases) {
    std::string script = row.config;
    for (const auto& step : row.steps)
      script += static_cast<char>('0' + static_cast<int>(step.kind)) + step.bytes +
                std::to_string(step.time.count());
    const auto [other, fresh] = known.emplace(script, row.name);
    EXPECT_TRUE(fresh) << row.family << ".txt:" << row.line << ": the same as \"" << other->second << "\"";
  }
}

// What the founders asked for; a family that vanished would not be missed otherwise.
TEST(ConformanceTable, HasAtLeast250RowsAndAllFamilies) {
  EXPECT_GE(table().cases.size(), 250u);
  std::map<std::string, int> families;
  for (const auto& row : table().cases) ++families[row.family];
  for (const char* family : {"chunked", "connection", "content-length", "expect", "forwarding-fields",
                             "hop-by-hop", "host", "limits", "line-endings", "request-line", "responses",
                             "reuse", "transfer-encoding", "upgrade", "versions"})
    EXPECT_GE(families[family], 8) << family;
}

TEST(ConformanceTable, IsCountedInItsDocument) {
  std::ostringstream document;
  document << std::ifstream(FRONTDOOR_SOURCE_DIR "/docs/conformance.md").rdbuf();
  const auto must_say = [text = document.str()](const std::string& words) {
    EXPECT_NE(text.find(words), std::string::npos) << "docs/conformance.md must say: " << words;
  };
  std::map<std::string, int> families;
  for (const auto& row : table().cases) ++families[row.family];
  for (const auto& [family, rows] : families)
    must_say("cases/" + family + ".txt) | " + std::to_string(rows) + " |");
  must_say("with " + std::to_string(table().cases.size()) + " conversations");
}

}  // namespace
}  // namespace frontdoor::conformance
