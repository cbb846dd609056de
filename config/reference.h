// docs/reference/config.md: every table and key of fd.toml, written from the schema.

#pragma once

#include <string>

namespace frontdoor::config {

std::string reference_markdown();

}  // namespace frontdoor::config
