// "Did you mean": the nearest of some words, when one is near enough to be meant.

#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace frontdoor::config {

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> words);

std::string quote(std::string_view text);  // as in a TOML string; long texts are cut
std::string quote_list(std::span<const std::string_view> words,
                       std::string_view last);  // "a", "b" <last> "c"

}  // namespace frontdoor::config
