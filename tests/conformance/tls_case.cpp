#include "conformance/tls_case.h"

#include <set>

#include "conformance/case_file.h"
#include "conformance/row_reader.h"
#include "conformance/table_files.h"

namespace frontdoor::conformance {

namespace {

const std::set<std::string_view> kSteps = {"tls",        "hello",       "shake", "raw",  "corrupt", "renegotiate",
                                           "key-update", "no-early-data", "early", "early-refused", "resumed", "close-notify",
                                           "client-ends", "time"};

class TlsCaseReader final : public RowReader<TlsTable> {
 public:
  using RowReader::RowReader;

 private:
  void take_line(std::string_view line) override {
    std::string_view rest = line;
    const auto word = next_word(rest);
    if (line.front() == '>' || kSteps.contains(word)) row_.script.emplace_back(line);
    else if (word == "config") row_.config += unescape(rest) + "\n";
    else if (word == "client") row_.client = rest;
    else if (word == "alert") row_.alert = rest;
    else if (word == "upstream") row_.upstream = rest;
    else if (word == "client-has") row_.client_has.emplace_back(rest);
    else fail("unknown word \"" + std::string(word) + "\"");
  }

  void check() override {
    if (!row_.client.ends_with("keep") && !row_.client.ends_with("close"))
      case_fails("must say what becomes of the client's connection");
    if (row_.upstream.empty()) case_fails("must say what the upstream sees");
    if (row_.script.empty()) case_fails("sends nothing");
  }
};

}  // namespace

TlsTable parse_tls_cases(std::string_view family, std::string_view text) {
  TlsTable table;
  TlsCaseReader(family, table).run(text);
  return table;
}

TlsTable load_tls_table(const std::string& directory) { return load_families<TlsTable>(directory.c_str(), parse_tls_cases); }

}  // namespace frontdoor::conformance
