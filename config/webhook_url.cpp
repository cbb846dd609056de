#include "config/webhook_url.h"

#include <algorithm>

#include "config/lists.h"

namespace frontdoor::config {

namespace {

int hex_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && hex_of(text[i + 1]) >= 0 && hex_of(text[i + 2]) >= 0;
    out += escape ? static_cast<char>(hex_of(text[i + 1]) * 16 + hex_of(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return out;
}

}  // namespace

bool WebhookUrl::is_local() const {
  return address.host == "localhost" || address.host == "::1" || address.host.starts_with("127.");
}

std::string WebhookUrl::shown() const { return (address.tls ? "" : "http://") + address.to_string(); }

std::optional<WebhookUrl> parse_webhook_url(std::string_view text, std::string& problem) {
  problem = "a webhook is a URL as in \"https://hooks.example.com/frontdoor\"";
  const auto bad = [](char c) { return c <= ' ' || c >= '\x7F' || c == '"' || c == '<' || c == '>' || c == '\\'; };
  const bool tls = text.starts_with("https://");
  if ((!tls && !text.starts_with("http://")) || std::any_of(text.begin(), text.end(), bad)) return std::nullopt;
  const std::string_view scheme = tls ? "https://" : "http://";
  text.remove_prefix(scheme.size());
  text = text.substr(0, text.find('#'));
  const auto path = text.find_first_of("/?");
  std::string_view authority = text.substr(0, path);
  WebhookUrl url;
  if (path != std::string_view::npos) url.target = text.substr(path);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    url.userinfo = percent_decoded(authority.substr(0, at));
    authority.remove_prefix(at + 1);
  }
  std::string about_the_address;
  const auto address = parse_upstream_address(std::string(scheme) + std::string(authority), about_the_address);
  if (!address || address->kind != Address::Kind::Tcp) return std::nullopt;
  url.address = *address;
  problem.clear();
  return url;
}

std::string webhook_problem(std::string_view text) {
  std::string problem;
  if (!text.empty()) parse_webhook_url(text, problem);
  return problem;
}

}  // namespace frontdoor::config
