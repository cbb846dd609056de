#include "service/admin/request_story.h"

#include <algorithm>
#include <cstdio>

#include "base/short_text.h"
#include "dashboard/outcome_meaning.h"

namespace frontdoor {

namespace {

std::string millis_text(std::uint64_t micros) {
  char text[40];
  const double millis = static_cast<double>(micros) / 1'000;
  if (millis >= 10'000) std::snprintf(text, sizeof text, "%.1f s", millis / 1'000);
  else std::snprintf(text, sizeof text, micros < 10'000 ? "%.1f ms" : "%.0f ms", millis);
  return text;
}

// What was spoken on each side: some trouble is one protocol's alone.
std::string protocols_of(const SeenRequest& request) {
  if (request.protocol.empty()) return "";
  std::string text = "; " + request.protocol;
  if (!request.tls.empty()) text += " over " + request.tls;
  if (!request.upstream_protocol.empty()) text += ", to the upstream " + request.upstream_protocol;
  return text;
}

// What happened one after another; the moments are counted from the request's first byte.
std::vector<std::string> stages_of(const SeenRequest& request) {
  std::vector<std::string> stages;
  if (request.held_us != 0) stages.push_back(millis_text(request.held_us) + " held, until an upstream could take it");
  if (request.connect_us != 0) stages.push_back(millis_text(request.connect_us) + " connecting to the upstream");
  if (request.first_byte_us != 0) {
    stages.push_back(millis_text(request.first_byte_us) + " until the first byte of the answer, from the request's first");
    if (request.total_us > request.first_byte_us)
      stages.push_back(millis_text(request.total_us - request.first_byte_us) + " for the rest of it");
  }
  stages.push_back(millis_text(request.total_us) + " in all");
  return stages;
}

// Where to look, with the names of this request: only what frontdoor runs itself has lines that it could show.
std::string look_of(const OutcomeMeaning& known, const SeenRequest& request) {
  constexpr std::string_view kLogs = ": frontdoor logs", kWhy = "frontdoor why";
  std::string look(known.look);
  if (look.ends_with(kWhy) && !request.pool.empty()) return look + ' ' + request.pool;
  if (!look.ends_with(kLogs)) return look;
  const std::string& name = request.upstream;
  const std::size_t number = request.pool.size() + 1;
  const bool instance = name.size() > number && name.starts_with(request.pool + '.') && name.find_first_not_of("0123456789", number) == name.npos;
  if (instance) return look + ' ' + name + " -n 50";
  look.resize(look.size() - kLogs.size());
  return look;
}

}  // namespace

RequestStory tell_story(const SeenRequest& request, std::int64_t now_unix_millis) {
  RequestStory story;
  const std::string when = short_duration(now_unix_millis - request.ended_unix_millis) + " ago";
  const std::string status = request.status == 0 ? "no status" : std::to_string(request.status);
  const std::string what = request.method.empty() ? "a request" : request.method + ' ' + request.host + request.path;
  story.summary = what + (request.failed ? " failed " : " took its time ") + when +
                  ": " + status + ' ' + request.outcome;
  if (!request.upstream.empty())
    story.summary += ", of " + request.pool + '/' + request.upstream;
  else if (!request.pool.empty()) story.summary += ", of the pool " + request.pool;
  if (request.tries > 1) story.summary += ", after " + std::to_string(request.tries) + " tries";
  story.summary += protocols_of(request);
  const OutcomeMeaning* const known = find_outcome(request.outcome);
  story.meaning = known == nullptr ? "docs/outcomes.md says what " + request.outcome + " means" : std::string(known->meaning);
  if (const std::string_view not_again = why_not_again(request.retry_rule); request.failed && !not_again.empty())
    story.meaning.append("; ").append(not_again);
  if (!request.detail.empty()) story.meaning += " (" + request.detail + ')';
  story.stages = stages_of(request);
  if (known != nullptr && !known->look.empty()) story.advice.push_back(look_of(*known, request));
  return story;
}

std::string why_not_kept(const std::string& id, const std::string& access_log) {
  std::string text = "the request " + id + " is not kept: of all of them only the last " + std::to_string(RequestLog::kFailed) +
                     " that failed are, and the slowest " + std::to_string(RequestLog::kSlowOfAWindow) +
                     " of each ten seconds of the last five minutes";
  if (access_log == "off") return text + "; the access log, which would have its line, is off";
  if (access_log == "stdout" || access_log == "stderr")
    return text + "; the access log has its line: look for the id in what frontdoor writes to " +
           (access_log == "stdout" ? "standard output" : "standard error");
  return text + "; the access log has its line: grep " + id + ' ' + access_log;
}

bool looks_like_request_id(std::string_view word) {
  constexpr std::size_t least = 16;
  return word.size() >= least && std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace frontdoor
