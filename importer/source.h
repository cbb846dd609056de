// Which file of a directory says what to run, and what kind of file it is. Pure: `Files` is what it sees.

#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "importer/files.h"
#include "importer/imported_app.h"

namespace frontdoor::importer {

enum class SourceKind { Config, Ecosystem, EcosystemScript, Procfile, PackageJson, Script };

struct Source {
  SourceKind kind = SourceKind::Script;
  std::string path;                         // as it is opened
  std::string name;                         // without its directory
  std::vector<std::string> also_there = {};  // names that come later in the order, and are not read
};

// The first that is there, in the order of docs/running-apps.md; the error says what was looked for.
boost::system::result<Source, std::string> find_source(const std::string& directory, const Files& files);

// What a file is by its name; the error says what would be right.
boost::system::result<Source, std::string> source_of_file(const std::string& path);

// A script without any file beside it that says how to start it.
Imported read_script(const std::string& name, const std::string& directory);

}  // namespace frontdoor::importer
