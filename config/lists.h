// The values that have a small grammar of their own: addresses as the config restricts them, statuses,
// reasons to retry. Both ways.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"
#include "config/schema.h"

namespace frontdoor::config {

std::optional<Address> parse_listen_address(std::string_view text, std::string& problem);
std::optional<Address> parse_upstream_address(std::string_view text,
                                              std::string& problem);  // http:// allowed

void read_status_ranges(const schema::Key& key, const Value& value, std::vector<StatusRange>& ranges,
                        Diagnostics& diagnostics);
std::string format_status_ranges(const std::vector<StatusRange>& ranges);

void read_cidrs(const schema::Key& key, const Value& value, Cidrs& ranges, Diagnostics& diagnostics);
std::string format_cidrs(const Cidrs& ranges);

void read_names(const schema::Key& key, const Value& value, std::vector<std::string>& names, Diagnostics& diagnostics);

void read_retry_reasons(const schema::Key& key, const Value& value, Retry& retry, Diagnostics& diagnostics);
std::string format_retry_reasons(const Retry& retry);

void read_protocols(const schema::Key& key, const Value& value, Protocols& protocols, Diagnostics& diagnostics);
std::string format_protocols(const Protocols& protocols);

}  // namespace frontdoor::config
