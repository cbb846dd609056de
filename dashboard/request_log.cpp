#include "dashboard/request_log.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "dashboard/outcome_meaning.h"

namespace frontdoor {

namespace {

constexpr std::size_t kLongestText = 200;  // of a path; nobody reads more, and a page has many of them

void append_text(std::string& out, std::string_view name, std::string_view text) {
  out.append(",\"").append(name).append("\":");
  append_json_string(out, text.substr(0, kLongestText));
}

void append_number(std::string& out, std::string_view name, std::uint64_t number) {
  out.append(",\"").append(name).append("\":").append(std::to_string(number));
}

std::string what_it_means(const SeenRequest& request) {
  std::string means(meaning_of(request.outcome));
  const std::string_view not_again = why_not_again(request.retry_rule);
  if (!means.empty() && !not_again.empty()) means.append("; ").append(not_again);
  return means;
}

void append_all(std::string& out, const Ring<SeenRequest>& requests) {
  for (std::size_t i = 0; i < requests.size(); ++i) {
    if (i != 0) out += ',';
    out += to_json(requests[i]);
  }
}

}  // namespace

std::string to_json(const SeenRequest& request) {
  std::string out = "{\"at\":" + std::to_string(request.ended_unix_millis);
  append_text(out, "method", request.method);
  append_text(out, "host", request.host);
  append_text(out, "path", request.path);
  append_number(out, "status", request.status);
  append_text(out, "outcome", request.outcome);
  if (request.failed) append_text(out, "means", what_it_means(request));
  append_text(out, "detail", request.detail);
  append_text(out, "protocol", request.protocol);
  append_text(out, "tls", request.tls);
  append_text(out, "upstream_protocol", request.upstream_protocol);
  append_text(out, "pool", request.pool);
  append_text(out, "upstream", request.upstream);
  append_text(out, "id", request.id);
  append_text(out, "retry", request.retry_rule);
  append_number(out, "tries", request.tries);
  out += request.failed ? ",\"failed\":true" : ",\"failed\":false";
  append_number(out, "held_us", request.held_us);
  append_number(out, "connect_us", request.connect_us);
  append_number(out, "first_byte_us", request.first_byte_us);
  append_number(out, "total_us", request.total_us);
  return out + '}';
}

void RequestLog::add(std::int64_t second, std::vector<SeenRequest> requests) {
  if (second / kWindow != window_number_) end_window();
  window_number_ = second / kWindow;
  const auto tell = [this](const SeenRequest& request) {
    if (!new_.empty()) new_ += ',';
    new_ += to_json(request);
  };
  for (SeenRequest& request : requests) {
    if (request.failed) {
      tell(request);
      failed_.push(std::move(request));
      continue;
    }
    const auto place = std::find_if(window_.begin(), window_.end(),
                                    [&](const SeenRequest& other) { return other.total_us < request.total_us; });
    if (place == window_.end() && window_.size() >= kSlowOfAWindow) continue;
    tell(request);
    window_.insert(place, std::move(request));
    if (window_.size() > kSlowOfAWindow) window_.pop_back();
  }
}

void RequestLog::end_window() {
  for (auto request = window_.rbegin(); request != window_.rend(); ++request) slow_.push(std::move(*request));
  window_.clear();
}

std::string RequestLog::take_new() { return std::exchange(new_, {}); }

std::vector<SeenRequest> RequestLog::failed() const {
  std::vector<SeenRequest> failed;
  for (std::size_t i = 0; i < failed_.size(); ++i) failed.push_back(failed_[i]);
  return failed;
}

std::vector<SeenRequest> RequestLog::find(std::string_view id) const {
  std::vector<SeenRequest> found;
  const auto look = [&](const SeenRequest& request) {
    if (request.id == id) found.push_back(request);
  };
  for (std::size_t i = 0; i < failed_.size(); ++i) look(failed_[i]);
  for (std::size_t i = 0; i < slow_.size(); ++i) look(slow_[i]);
  for (const SeenRequest& request : window_) look(request);
  std::stable_sort(found.begin(), found.end(),
                   [](const SeenRequest& a, const SeenRequest& b) { return a.ended_unix_millis < b.ended_unix_millis; });
  return found;
}

std::string RequestLog::whole() const {
  std::string out = "{\"failed\":[";
  append_all(out, failed_);
  out += "],\"slow\":[";
  append_all(out, slow_);
  for (auto request = window_.rbegin(); request != window_.rend(); ++request) {
    if (out.back() != '[') out += ',';
    out += to_json(*request);
  }
  return out + "]}";
}

}  // namespace frontdoor
