// See error_page.h. One template in three formats; the style is inline, since a page that reports an error
// must not need a second request.

#include "proxy/exchange/error_page.h"

#include <algorithm>
#include <cstddef>

#include "base/json.h"
#include "http/head.h"
#include "http/head_writer.h"

namespace frontdoor {
namespace {

enum class Format : std::uint8_t { Text, Html, Json };

constexpr std::size_t request_id_bytes_max = 128;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Cuts off and returns what stands before the next `separator`.
std::string_view next_part(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const auto part = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return trimmed(part);
}

// RFC 9110 §12.4.2, in thousandths: "1" -> 1000, "0.25" -> 250. What is no qvalue counts as 0.
int quality(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1') || (text.size() > 1 && text[1] != '.')) return 0;
  int value = (text[0] - '0') * 1000;
  int weight = 100;
  for (const char digit : text.substr(std::min<std::size_t>(text.size(), 2))) {
    if (digit < '0' || digit > '9' || weight == 0) return 0;
    value += (digit - '0') * weight;
    weight /= 10;
  }
  return std::min(value, 1000);
}

Format format_of(std::string_view media_type) {
  if (http::equal_ignoring_case(media_type, "text/html")) return Format::Html;
  if (http::equal_ignoring_case(media_type, "application/json")) return Format::Json;
  constexpr std::string_view suffix = "+json";  // application/vnd.api+json and its like (RFC 6839 §3.1)
  if (media_type.size() > suffix.size() &&
      http::equal_ignoring_case(media_type.substr(media_type.size() - suffix.size()), suffix)) {
    return Format::Json;
  }
  return Format::Text;
}

// The named format of the highest quality, the first one of several. Wildcards name nothing.
Format choose(std::string_view accept) {
  Format best = Format::Text;
  int best_quality = 0;
  while (!accept.empty()) {
    std::string_view range = next_part(accept, ',');
    const Format format = format_of(next_part(range, ';'));
    int range_quality = 1000;
    while (!range.empty()) {
      const std::string_view parameter = next_part(range, ';');
      if (parameter.starts_with("q=") || parameter.starts_with("Q="))
        range_quality = quality(parameter.substr(2));
    }
    if (format != Format::Text && range_quality > best_quality) {
      best = format;
      best_quality = range_quality;
    }
  }
  return best;
}

// What a person who only wanted to see a page can make of it.
std::string_view explanation(std::uint16_t status) {
  switch (status) {
    case 404:
      return "There is nothing at this address.";
    case 408:
      return "The request took too long to arrive.";
    case 413:
      return "The request is larger than this site accepts.";
    case 414:
    case 431:
      return "The request’s address or headers are larger than this site accepts.";
    case 429:
      return "Too many requests. Please wait a moment.";
    case 502:
      return "The site did not give a usable answer. Please try again.";
    case 503:
      return "The site cannot answer just now. Please try again in a moment.";
    case 504:
      return "The site took too long to answer. Please try again.";
    default:
      return status < 500 ? "The request could not be understood." : "Something went wrong on our side.";
  }
}

void append_html_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
}

constexpr std::string_view html_before_title =
    "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>";
constexpr std::string_view html_style =
    "</title>\n<style>\n"
    ":root { color-scheme: light dark; }\n"
    "body { min-height: 90vh; margin: 0; display: grid; place-content: center; text-align: center;\n"
    "  font: 1.1rem/1.5 system-ui, sans-serif; padding: 1rem; }\n"
    "h1 { font-size: 4rem; line-height: 1; margin: 0; font-weight: 200; letter-spacing: .05em; }\n"
    "h2 { font-size: 1.2rem; margin: .5rem 0 0; }\n"
    "small { opacity: .6; font: .8rem ui-monospace, monospace; }\n"
    "</style>\n";

std::string html(std::uint16_t status, std::string_view reason, std::string_view outcome,
                 std::string_view id) {
  const std::string code = std::to_string(status);
  std::string body;
  body.reserve(1024);
  body.append(html_before_title).append(code).append(" ").append(reason).append(html_style);
  body.append("<main>\n<h1>").append(code).append("</h1>\n<h2>").append(reason).append("</h2>\n<p>");
  body.append(explanation(status)).append("</p>\n<small>");
  append_html_escaped(body, outcome);
  if (!id.empty()) {
    body.append(" · ");
    append_html_escaped(body, id);
  }
  body.append("</small>\n</main>\n");
  return body;
}

std::string json(std::uint16_t status, std::string_view reason, std::string_view outcome,
                 std::string_view id) {
  std::string body = "{\"status\":" + std::to_string(status) + ",\"error\":";
  append_json_string(body, reason);
  body.append(",\"outcome\":");
  append_json_string(body, outcome);
  body.append(",\"request_id\":");
  append_json_string(body, id);
  body.append("}\n");
  return body;
}

std::string text(std::uint16_t status, std::string_view reason, std::string_view outcome,
                 std::string_view id) {
  std::string body = std::to_string(status);
  body.append(" ").append(reason).append(" (").append(outcome);
  if (!id.empty()) body.append(", request ").append(id);
  body.append(")\n");
  return body;
}

// A request id that could do something in a terminal or a log viewer is nobody's request id.
std::string printable(std::string_view id) {
  std::string kept;
  for (const char c : id.substr(0, request_id_bytes_max)) {
    if (c > ' ' && c < '\x7f') kept += c;
  }
  return kept;
}

}  // namespace

ErrorPage error_page(std::uint16_t status, std::string_view outcome, std::string_view accept,
                     std::string_view request_id) {
  std::string_view reason = http::reason_phrase(status);
  if (reason.empty()) reason = "Error";
  const std::string id = printable(request_id);
  switch (choose(accept)) {
    case Format::Html:
      return {"text/html; charset=utf-8", html(status, reason, outcome, id)};
    case Format::Json:
      return {"application/json", json(status, reason, outcome, id)};
    case Format::Text:
      break;
  }
  return {"text/plain; charset=utf-8", text(status, reason, outcome, id)};
}

}  // namespace frontdoor
