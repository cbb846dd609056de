// Splits a command as a shell splits words: blanks, '…', "…" and \. Nothing else of a shell is in it: what
// would need one (pipes, variables, patterns) is refused with the way to get one, not passed on as a word
// that surprises. Pure.

#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace frontdoor {

struct ShellWordsError {
  std::string what;    // fit to stand behind "file:line:column: "
  std::size_t at = 0;  // offset in the text
};

boost::system::result<std::vector<std::string>, ShellWordsError> split_shell_words(std::string_view text);

}  // namespace frontdoor
