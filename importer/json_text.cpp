#include "importer/json_text.h"

#include <algorithm>

namespace frontdoor::importer {

JsonText parse_json(std::string_view text, Dialect dialect) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  boost::json::parse_options options;
  options.max_depth = 64;
  options.allow_comments = dialect == Dialect::WithComments;
  options.allow_trailing_commas = dialect == Dialect::WithComments;
  boost::json::stream_parser parser({}, options);
  boost::json::error_code error;
  std::size_t taken = parser.write_some(text.data(), text.size(), error);
  if (!error && taken < text.size()) error = boost::json::error::extra_data;
  if (!error) parser.finish(error);
  if (!error) return {parser.release()};
  const std::string_view before = text.substr(0, std::min(taken, text.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const auto column = before.size() - (before.rfind('\n') == before.npos ? 0 : before.rfind('\n') + 1) + 1;
  const std::string what = error == boost::json::error::incomplete ? "it ends too early" : error.message();
  return {{}, std::to_string(line) + ':' + std::to_string(column) + ": this is no JSON: " + what};
}

std::string_view name_of(const boost::json::value& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return value.get_bool() ? "true" : "false";
    case boost::json::kind::string:
      return "a string";
    case boost::json::kind::array:
      return "a list";
    case boost::json::kind::object:
      return "an object";
    default:
      return "a number";
  }
}

}  // namespace frontdoor::importer
