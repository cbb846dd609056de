// The character classes and small grammars that every part of http/ shares (RFC 9110 §5.6, RFC 9112 §3). One
// table, so that a byte costs one load. Pure.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ascii_case.h"

namespace frontdoor::http::syntax {

enum CharClass : std::uint8_t {
  kToken = 1,       // tchar, RFC 9110 §5.6.2
  kFieldValue = 2,  // VCHAR, obs-text, SP, HTAB: RFC 9110 §5.5
  kTarget = 4,      // visible ASCII but '#': a fragment is never sent, RFC 9112 §3.2
  kRegName = 8,     // unreserved and sub-delims, RFC 3986 §3.2.2; '%' is checked apart
  kUnreserved = 16,
  kAlnum = 32,
};

constexpr std::array<std::uint8_t, 256> make_classes() {
  std::array<std::uint8_t, 256> table{};
  for (unsigned c = 0; c < 256; ++c) {
    const bool digit = c >= '0' && c <= '9';
    const bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    std::uint8_t bits = 0;
    if (digit || alpha) bits |= kToken | kRegName | kUnreserved | kAlnum;
    if (c == '\t' || (c >= 0x20 && c != 0x7f)) bits |= kFieldValue;
    if (c > 0x20 && c < 0x7f && c != '#') bits |= kTarget;
    table[c] = bits;
  }
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] |= kToken;
  for (const char c : std::string_view("-._~"))
    table[static_cast<unsigned char>(c)] |= kUnreserved | kRegName;
  for (const char c : std::string_view("!$&'()*+,;=")) table[static_cast<unsigned char>(c)] |= kRegName;
  return table;
}
inline constexpr std::array<std::uint8_t, 256> kClasses = make_classes();

constexpr bool is(char c, CharClass wanted) { return kClasses[static_cast<unsigned char>(c)] & wanted; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
constexpr char lower(char c) { return ascii_lower(c); }

// 0–15, or -1.
constexpr int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

constexpr bool all(std::string_view text, CharClass wanted) {
  for (const char c : text)
    if (!is(c, wanted)) return false;
  return true;
}
constexpr bool is_token(std::string_view text) { return !text.empty() && all(text, kToken); }

constexpr std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Whether `name` begins with `lower_prefix` for an app that sees fields as CGI variables, where '-' and '_'
// are one: "X_Forwarded_For" spoofs "X-Forwarded-For" there. In some of them so are other characters: PHP
// makes '_' of '.' in any name, lighttpd of all that is no letter or digit.
constexpr bool begins_like_variable(std::string_view name, std::string_view lower_prefix) {
  if (name.size() < lower_prefix.size()) return false;
  for (std::size_t i = 0; i < lower_prefix.size(); ++i)
    if ((is(name[i], kAlnum) ? lower(name[i]) : '-') != lower_prefix[i]) return false;
  return true;
}
constexpr bool is_like_variable(std::string_view name, std::string_view lower_name) {
  return name.size() == lower_name.size() && begins_like_variable(name, lower_name);
}

// Takes the next element off a comma-separated list (RFC 9110 §5.6.1), white space trimmed; empty ones are
// given too, since what they mean differs: harmless in Connection, an attack in Transfer-Encoding.
constexpr std::optional<std::string_view> next_element(std::string_view& list) {
  if (list.data() == nullptr) return std::nullopt;
  const auto comma = list.find(',');
  const auto element = trim(list.substr(0, comma));
  list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  return element;
}

}  // namespace frontdoor::http::syntax
