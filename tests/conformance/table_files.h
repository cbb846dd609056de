// A table of several files: DIRECTORY/FAMILY.txt for each family, in alphabetical order.

#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>

namespace frontdoor::conformance {

// Table: has `cases` and `errors`. `parse(family, text)` reads one file into one.
template <class Table, class Parse>
Table load_families(const char* directory, Parse parse) {
  std::set<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(directory))
    if (entry.path().extension() == ".txt") paths.insert(entry.path());
  Table table;
  for (const auto& path : paths) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    Table file = parse(path.stem().string(), text.str());
    std::move(file.cases.begin(), file.cases.end(), std::back_inserter(table.cases));
    std::move(file.errors.begin(), file.errors.end(), std::back_inserter(table.errors));
  }
  return table;
}

}  // namespace frontdoor::conformance
