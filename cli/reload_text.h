// What `reload` and `config diff` say of the API's answer: first what has changed, one line each, then what
// waits and what operators have added; of a file that is refused each mistake, and last that nothing has
// changed. Pure.

#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>

#include "base/style.h"

namespace frontdoor::cli {

enum class FileAsked : std::uint8_t { Reload, Diff };

struct FileTold {
  std::string out = {};      // whole lines for standard output
  std::string err = {};      // likewise, for standard error
  std::string failure = {};  // one line: why the command fails; "" = it does not
};

// `refusal`: what went wrong, when the answer is a refusal; "" = it is none.
FileTold tell_file(const boost::json::object& answer, const std::string& refusal, FileAsked asked,
                   const Style& style);

}  // namespace frontdoor::cli
