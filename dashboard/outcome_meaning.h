// What a request's outcome means, in one line for somebody who has never read docs/outcomes.md, and where to look next.
// The page shows it beside each request that failed, `why REQUEST-ID` tells it. Pure.

#pragma once

#include <string_view>

namespace frontdoor {

struct OutcomeMeaning {
  std::string_view outcome;
  std::string_view meaning;
  std::string_view look;  // "" = the client, or nowhere
};

const OutcomeMeaning* find_outcome(std::string_view outcome);  // null: it is none of the list
std::string_view meaning_of(std::string_view outcome);         // "" likewise

// Why a request that failed was not tried once more, by the rule that decided it (docs/outcomes.md): "it was not sent again, as
// it may have been carried out already". "" when the question did not arise, or the rule is one that allowed it.
std::string_view why_not_again(std::string_view rule);

}  // namespace frontdoor
