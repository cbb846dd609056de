// Reads cases/*.txt. Strict: a row that says something unknown, or nothing about one of the two sides, is an
// error, so that a slip of the pen can not make a case weaker than it looks.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "conformance/case.h"

namespace frontdoor::conformance {

struct CaseFile {
  std::vector<Case> cases;
  std::vector<std::string> errors;  // "host.txt:12: unknown word \"clent\""
};

CaseFile parse_cases(std::string_view family, std::string_view text);

// Every file of the table, families in alphabetical order.
CaseFile load_table();

// Cuts off and returns the first word.
std::string_view next_word(std::string_view& rest);

// "\r\n", "\x00", "\s" (a space that an editor would cut off), "\{ab*100}" (repeated).
std::string unescape(std::string_view text);

}  // namespace frontdoor::conformance
