#include "service/admin/webhook_rules.h"

#include <time.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>

#include "admin/event.h"
#include "admin/utf8.h"

namespace frontdoor {

namespace {

namespace json = boost::json;

constexpr bool kReceiverIsTrusted = true;  // the operator has named it, and wants an app's last words above all

std::string basic_credentials(std::string_view userinfo) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < userinfo.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, userinfo.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < count ? static_cast<unsigned char>(userinfo[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += k <= count ? digits[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

// Of the date's three forms the one that must be sent; the program's locale is C.
std::optional<std::int64_t> unix_seconds_of(const std::string& http_date) {
  tm date{};
  const char* const end = ::strptime(http_date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &date);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return ::timegm(&date);
}

}  // namespace

bool goes_to_webhook(const Event& event, LogLevel least) {
  return event.level >= least && !event.text.starts_with("webhook ");
}

std::string webhook_body(const EventHistory::Events& events, std::uint64_t lost, const std::string& host, int pid) {
  json::array list;
  for (const auto& event : events) list.push_back(to_json(*event, kReceiverIsTrusted));
  const json::object body{
      {"source", "frontdoor"}, {"host", to_utf8(host)}, {"pid", pid}, {"lost", lost}, {"events", std::move(list)}};
  return json::serialize(body);
}

std::string webhook_request(const config::WebhookUrl& url, const std::string& token, const std::string& body) {
  std::string authorization;
  if (!token.empty())
    authorization = "Authorization: Bearer " + token + "\r\n";
  else if (!url.userinfo.empty())
    authorization = "Authorization: Basic " + basic_credentials(url.userinfo) + "\r\n";
  return "POST " + url.target + " HTTP/1.1\r\nHost: " + url.address.host_field() + "\r\n" + authorization +
         "User-Agent: frontdoor\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

WebhookEnd end_of(unsigned status) {
  if (status >= 200 && status < 300) return WebhookEnd::Delivered;
  const bool its_own_trouble = status == 0 || status >= 500 || status == 408 || status == 425 || status == 429;
  return its_own_trouble ? WebhookEnd::TryAgain : WebhookEnd::Refused;
}

Millis webhook_pause(unsigned failures, double random) {
  constexpr std::int64_t least = 1'000, most = 60'000;
  const std::int64_t whole = std::min(least << std::min(std::max(failures, 1U) - 1, 6U), most);
  return Millis{whole - static_cast<std::int64_t>(static_cast<double>(whole) * std::clamp(random, 0.0, 1.0) / 2)};
}

std::optional<Millis> asked_pause(std::string_view retry_after, std::int64_t unix_seconds) {
  constexpr std::int64_t least = 1, most = 3'600;
  std::int64_t seconds = 0;
  if (!retry_after.empty() && retry_after.find_first_not_of("0123456789") == std::string_view::npos) {
    const auto read = std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), seconds);
    if (read.ec != std::errc()) seconds = most;  // more than a number can be
  } else {
    const auto then = unix_seconds_of(std::string(retry_after));
    if (!then) return std::nullopt;
    seconds = *then - unix_seconds;
  }
  return Millis{std::clamp(seconds, least, most) * 1'000};
}

}  // namespace frontdoor
