// The text of an env_file: whatever comes, it is refused with a line that it has, or read into variables that an
// environment can hold, each once; written in quotes, they are read as the same again.

#include <algorithm>
#include <set>

#include "config/env_file.h"
#include "invariants.h"

namespace {

using namespace frontdoor;
using fuzz::require;

std::string in_quotes(std::string_view value) {
  std::string text = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\' || c == '$') text += '\\';
    if (c == '\n') text += "\\n";
    else text += c;
  }
  return text + '"';
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = config::parse_env_file(text);
  if (!parsed) {
    const config::EnvFileError error = parsed.error();
    const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
    require(error.line >= 1 && error.line <= lines && !error.what.empty(), "what is wrong is said with its line");
    return 0;
  }
  std::set<std::string> names;
  std::string again;
  for (const auto& [name, value] : *parsed) {
    require(!name.empty() && name.find_first_of(std::string_view("=\0 \n", 4)) == std::string::npos, "a name is one word");
    require(names.insert(name).second, "a name comes once");
    require(value.find('\0') == std::string::npos, "no value has a NUL");
    again += name + '=' + in_quotes(value) + '\n';
  }
  const auto twice = config::parse_env_file(again);
  require(twice && *twice == *parsed, "the same variables again");
  return 0;
}
