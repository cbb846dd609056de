// Whether the table notices anything: the same rows against a worker whose head parsers believe Beast. This
// binary links its own two object files of them, compiled without the gate (CMakeLists.txt); no shipped one
// knows how.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "conformance/case_file.h"
#include "conformance/run_case.h"

namespace frontdoor::conformance {
namespace {

// A row that fails because something did not come is not counted, so there is no need to be patient.
constexpr int kPatience = 25;
constexpr int kMustFail = 120;

const std::set<std::string> kFraming = {"chunked", "content-length", "host",      "line-endings",
                                        "limits",  "request-line",   "responses", "transfer-encoding",
                                        "versions"};

TEST(NegativeControl, WithoutTheGateTheFramingRowsFail) {
  std::map<std::string, std::pair<int, int>> families;  // failed, all
  int failed = 0;
  for (const auto& row : load_table().cases) {
    if (!kFraming.contains(row.family)) continue;
    const CaseResult result = run_case(row, kPatience);
    const bool fails = !result.failures.empty() && !result.gave_up;
    failed += fails;
    families[row.family].first += fails;
    ++families[row.family].second;
  }
  for (const auto& [family, count] : families)
    std::printf("%-20s %3d of %3d fail\n", family.c_str(), count.first, count.second);
  std::printf("%-20s %3d\n", "together", failed);
  EXPECT_GE(failed, kMustFail);
}

}  // namespace
}  // namespace frontdoor::conformance
