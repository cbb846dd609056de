#include "conformance/wire_reader.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <optional>

namespace frontdoor::conformance {

namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";

std::optional<std::string> field(const std::string& head, const std::string& name) {
  const auto text = lower(head);
  const auto at = text.find("\r\n" + name + ":");
  if (at == std::string::npos) return std::nullopt;
  const auto begin = text.find_first_not_of(" \t", at + name.size() + 3);
  return text.substr(begin, text.find("\r\n", begin) - begin);
}

// Each takes a body off `rest`; false: it is not complete.
bool take_length(std::string_view& rest, std::size_t length, std::string& body) {
  body = rest.substr(0, length);
  rest.remove_prefix(body.size());
  return body.size() == length;
}

bool take_chunked(std::string_view& rest, std::string& body) {
  for (;;) {
    const auto line_end = rest.find("\r\n");
    if (line_end == std::string_view::npos) return false;
    const std::size_t size = std::strtoull(std::string(rest.substr(0, line_end)).c_str(), nullptr, 16);
    rest.remove_prefix(line_end + 2);
    if (size == 0) break;
    if (rest.size() < size + 2) {
      body += rest.substr(0, size);
      rest = {};
      return false;
    }
    body += rest.substr(0, size);
    rest.remove_prefix(size + 2);
  }
  while (!rest.empty()) {  // trailers, up to the empty line
    const auto line_end = rest.find("\r\n");
    if (line_end == std::string_view::npos) return false;
    rest.remove_prefix(line_end + 2);
    if (line_end == 0) return true;
  }
  return false;
}

bool take_head(std::string_view& rest, WireMessage& message) {
  const auto end = rest.find(kEndOfHead);
  if (end == std::string_view::npos) {
    message.head = rest;
    rest = {};
    return false;
  }
  message.head = rest.substr(0, end + 2);
  rest.remove_prefix(end + kEndOfHead.size());
  return true;
}

// True when the fields say how long the body is; then `message.complete` tells whether it was all there.
bool take_framed(std::string_view& rest, WireMessage& message) {
  if (const auto coding = field(message.head, "transfer-encoding"); coding && coding == "chunked") {
    message.complete = take_chunked(rest, message.body);
    return true;
  }
  const auto length = field(message.head, "content-length");
  if (!length) return false;
  message.complete = take_length(rest, std::strtoull(length->c_str(), nullptr, 10), message.body);
  return true;
}

}  // namespace

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

int WireMessage::status() const {
  return head.starts_with("HTTP/1.") && head.size() > 12 ? std::atoi(head.c_str() + 9) : 0;
}

WireMessages read_requests(std::string_view text) {
  WireMessages messages;
  while (!text.empty()) {
    WireMessage message;
    if (take_head(text, message) && !take_framed(text, message)) message.complete = true;
    messages.complete += message.complete;
    messages.all.push_back(std::move(message));
    if (!messages.all.back().complete) break;
  }
  return messages;
}

WireMessages read_responses(std::string_view text, const std::vector<std::string>& methods, bool ended) {
  WireMessages messages;
  std::size_t answered = 0;
  while (!text.empty()) {
    WireMessage message;
    if (take_head(text, message)) {
      const int status = message.status();
      const bool head = answered < methods.size() && methods[answered] == "HEAD";
      if (status < 200 || status == 204 || status == 304 || head) {
        message.complete = true;
      } else if (!take_framed(text, message)) {
        message.body = text;
        text = {};
        message.complete = ended;
      }
      answered += status >= 200;
    }
    messages.complete += message.complete;
    messages.all.push_back(std::move(message));
    if (!messages.all.back().complete) break;
  }
  return messages;
}

}  // namespace frontdoor::conformance
