#include "http2/field_rules.h"

#include "http/syntax.h"

namespace frontdoor::http2 {

namespace syntax = http::syntax;

const char* fault_of_name(std::string_view name) {
  if (!syntax::is_token(name)) return "field name is not a token";
  for (const char c : name)
    if (c >= 'A' && c <= 'Z') return "capital letter in a field name";
  return nullptr;
}

const char* fault_of_value(std::string_view value) {
  if (!syntax::all(value, syntax::kFieldValue)) return "character not allowed in a field value";
  if (!value.empty() && (syntax::is_blank(value.front()) || syntax::is_blank(value.back())))
    return "blank around a field value";
  return nullptr;
}

const char* fault_of_connection_field(http::FieldId id, std::string_view value) {
  if (is_for_one_connection(id)) return "connection-specific field";
  if (id != http::FieldId::Te || http::equal_ignoring_case(value, "trailers")) return nullptr;
  return "TE other than trailers";
}

}  // namespace frontdoor::http2
