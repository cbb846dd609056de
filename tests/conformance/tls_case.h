// Rows about TLS (tls/*.txt): records and handshakes as a client may send them, well or ill. A row is a script of lines,
// carried out in their order by tls_run.cpp; docs/conformance.md has the words.

#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace frontdoor::conformance {

struct TlsCase {
  std::string family;
  std::string name;
  std::string rule = {};  // "RFC 8446 §5.1: …"
  int line = 0;
  std::string config = {};
  std::vector<std::string> script = {};
  std::string client = {};    // "200 200 keep": statuses, then keep or close
  std::string alert = {};     // "40" that the client was sent; "none"; "" = it does not matter
  std::string upstream = {};  // how many requests it has seen
  std::vector<std::string> client_has = {};
};

struct TlsTable {
  std::vector<TlsCase> cases;
  std::vector<std::string> errors;
};
TlsTable parse_tls_cases(std::string_view family, std::string_view text);
TlsTable load_tls_table(const std::string& directory);

// What was not as it should be.
std::vector<std::string> run_tls_case(const TlsCase& row);

}  // namespace frontdoor::conformance
