// The files of the page, which are part of the program. Constants; any thread.

#pragma once

#include <span>
#include <string_view>

namespace frontdoor {

struct Asset {
  std::string_view name;  // "style.css"
  std::string_view type;  // of HTTP
  std::string_view tag;   // an ETag, with its quotes
  std::string_view plain;
  std::string_view gzip;
};

std::span<const Asset> dashboard_assets();

}  // namespace frontdoor
