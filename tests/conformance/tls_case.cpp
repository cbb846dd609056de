#include "conformance/tls_case.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "conformance/case_file.h"

namespace frontdoor::conformance {

namespace {

const std::set<std::string_view> kSteps = {"tls",        "hello",       "shake", "raw",  "corrupt", "renegotiate",
                                           "key-update", "no-early-data", "close-notify",
                                           "client-ends", "time"};

void take(const std::string& line, TlsCase& row, std::vector<std::string>& errors, const std::string& place) {
  const std::string word = line.substr(0, line.find(' '));
  const std::string rest = line.size() > word.size() ? line.substr(word.size() + 1) : "";
  if (line.front() == '>' || kSteps.contains(word)) row.script.push_back(line);
  else if (word == "config") row.config += unescape(rest) + "\n";
  else if (word == "client") row.client = rest;
  else if (word == "alert") row.alert = rest;
  else if (word == "upstream") row.upstream = rest;
  else if (word == "client-has") row.client_has.push_back(rest);
  else errors.push_back(place + ": unknown word \"" + word + "\"");
}

void check(const TlsCase& row, std::vector<std::string>& errors, const std::string& place) {
  const bool says_why = row.rule.starts_with("RFC ") || row.rule.starts_with("Ours:");
  if (!says_why) errors.push_back(place + ": does not say which sentence it is about");
  if (!row.client.ends_with("keep") && !row.client.ends_with("close"))
    errors.push_back(place + ": must say what becomes of the client's connection");
  if (row.upstream.empty()) errors.push_back(place + ": must say what the upstream sees");
  if (row.script.empty()) errors.push_back(place + ": sends nothing");
}

void read(const std::filesystem::path& path, TlsTable& table) {
  std::ifstream file(path);
  std::string line;
  TlsCase* row = nullptr;
  const auto place = [&](int number) { return path.filename().string() + ":" + std::to_string(number); };
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with("== ")) {
      table.cases.push_back({.family = path.stem(), .name = line.substr(3), .line = number});
      row = &table.cases.back();
    } else if (row == nullptr) {
      table.errors.push_back(place(number) + ": a line before the first case");
    } else if (row->rule.empty()) {
      row->rule = line;
    } else {
      take(line, *row, table.errors, place(number));
    }
  }
}

}  // namespace

TlsTable load_tls_table(const std::string& directory) {
  TlsTable table;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& path : files) read(path, table);
  for (const TlsCase& row : table.cases)
    check(row, table.errors, row.family + ".txt:" + std::to_string(row.line));
  return table;
}

}  // namespace frontdoor::conformance
