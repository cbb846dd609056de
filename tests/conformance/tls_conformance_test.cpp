// The rows about TLS: build/dev/tests/conformance/tls_conformance_test --gtest_filter='*one_byte_records*'

#include <gtest/gtest.h>

#include <cctype>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "conformance/tls_case.h"

namespace frontdoor::conformance {

void PrintTo(const TlsCase& row, std::ostream* out) { *out << row.family << ".txt:" << row.line; }

namespace {

const TlsTable& table() {
  static const TlsTable loaded = load_tls_table(FRONTDOOR_TLS_CASES);
  return loaded;
}

std::string test_name(const TlsCase& row) {
  std::string name = row.family + "_" + row.name;
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
}

class TlsConformance : public ::testing::TestWithParam<TlsCase> {};

TEST_P(TlsConformance, Holds) {
  const TlsCase& row = GetParam();
  for (const auto& failure : run_tls_case(row))
    ADD_FAILURE() << row.family << ".txt:" << row.line << ": " << row.name << "\n" << row.rule << "\n" << failure;
}

INSTANTIATE_TEST_SUITE_P(Table, TlsConformance, ::testing::ValuesIn(table().cases),
                         [](const auto& test) { return test_name(test.param); });

TEST(TlsTable, IsWellFormedAndNoTwoRowsAreTheSame) {
  for (const auto& error : table().errors) ADD_FAILURE() << error;
  std::set<std::string> names, scripts;
  for (const auto& row : table().cases) {
    EXPECT_TRUE(names.insert(test_name(row)).second) << row.name;
    std::string script = row.config;
    for (const auto& line : row.script) script += line + "\n";
    EXPECT_TRUE(scripts.insert(script).second) << row.name << ": as another row";
  }
}

TEST(TlsTable, RefusesWhatItDoesNotUnderstand) {
  const std::pair<const char*, const char*> rows[] = {
      {"tls 1.3\n", "f.txt:1: a line before the first case"},
      {"== a\nno rule\ntls 1.3\nclient 200 keep\nupstream 1\n", "the case \"a\" does not say which sentence it is about"},
      {"== a\nRFC 1: x\ntls 1.3\nclient 200\nupstream 1\n", "the case \"a\" must say what becomes of the client's connection"},
      {"== a\nRFC 1: x\ntls 1.3\nclient 200 keep\n", "the case \"a\" must say what the upstream sees"},
      {"== a\nRFC 1: x\nclient 200 keep\nupstream 1\n", "the case \"a\" sends nothing"},
      {"== a\nRFC 1: x\ntls 1.3\nclint 200 keep\nclient 200 keep\nupstream 1\n", "f.txt:4: unknown word \"clint\""},
  };
  for (const auto& [text, error] : rows) {
    const TlsTable table = parse_tls_cases("f", text);
    ASSERT_EQ(table.errors.size(), 1u) << text;
    EXPECT_NE(table.errors.front().find(error), std::string::npos) << table.errors.front();
  }
  EXPECT_TRUE(parse_tls_cases("f", "# for people\n== a\nRFC 1: x\ntls 1.3\nclient 200 keep\nupstream 1\n").errors.empty());
}

TEST(TlsTable, IsAsTheDocumentSays) {
  std::map<std::string, int> families;
  for (const auto& row : table().cases) ++families[row.family];
  std::ostringstream document;
  document << std::ifstream(FRONTDOOR_SOURCE_DIR "/docs/conformance.md").rdbuf();
  for (const auto& [family, rows] : families)
    EXPECT_NE(document.str().find("(../tests/conformance/tls/" + family + ".txt) | " + std::to_string(rows) + " |"), std::string::npos)
        << family << ": " << rows;
}

}  // namespace
}  // namespace frontdoor::conformance
