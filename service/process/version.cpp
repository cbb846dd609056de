#include "service/process/version.h"

#include <boost/version.hpp>

#include "build_info.h"

namespace frontdoor {

std::string version_number() { return kVersion; }

std::string commit() { return kCommit; }

std::string version_text() {
  std::string boost = BOOST_LIB_VERSION;  // "1_81"
  for (char& c : boost) c = c == '_' ? '.' : c;
  return std::string("frontdoor ") + kVersion + "\ncommit    " + kCommit + "\ncompiler  g++ " + __VERSION__ +
         ", " + kBuildType + "\nlibraries Boost " + boost + ", toml++ " + kTomlplusplusVersion + ", c-ares " +
         kCaresVersion + "\n";
}

}  // namespace frontdoor
