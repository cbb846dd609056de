// The variables of an env_file, as most tools write such files ("dotenv"): one NAME=value a line.
//
//   # a comment; blank lines are nothing either
//   NODE_ENV=production            a value runs to the end of the line or to " #"; blanks around it are not its own
//   export TOKEN='it is $literal'  "export " is allowed; between ' and ' nothing has a meaning
//   KEY="line one\nline two"       between " and " the escapes \n \r \t \" \\ \$ have one; either quote may span lines
//
// Nothing is replaced: a $ is a $. When a name comes twice, the later one counts. Values are secrets: no message has
// one. Pure.

#pragma once

#include <boost/system/result.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace frontdoor::config {

struct EnvFileError {
  EnvFileError() = default;
  EnvFileError(std::size_t l, std::string w) : line(l), what(std::move(w)) {}
  std::size_t line = 0;  // 1, 2, …
  std::string what;
};

using Variables = std::vector<std::pair<std::string, std::string>>;

boost::system::result<Variables, EnvFileError> parse_env_file(std::string_view text);

// The later one of a name counts, in the place of the earlier one.
void set_variable(Variables& variables, const std::string& name, const std::string& value);

}  // namespace frontdoor::config
