#include "admin/utf8.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include "base/json.h"

namespace frontdoor {

std::string to_utf8(std::string_view text) {
  bool plain = true;
  for (const char c : text) plain = plain && static_cast<unsigned char>(c) < 0x80;
  if (plain) return std::string(text);
  std::string encoded;
  append_json_string(encoded, text);
  boost::system::error_code error;
  const auto value = boost::json::parse(encoded, error);
  return error ? std::string() : std::string(value.as_string());
}

}  // namespace frontdoor
