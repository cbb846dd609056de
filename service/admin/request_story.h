// What became of one request, as sentences for somebody who has never read the docs: how it ended, where its time went, what
// its outcome means, and where to look next. Pure.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dashboard/request_log.h"

namespace frontdoor {

struct RequestStory {
  // "GET shop.example/cart failed 3s ago: 502 upstream_reset, of app/app.2, after 2 tries; HTTP/2.0 over TLSv1.3, to the upstream HTTP/1.1"
  std::string summary;
  std::string meaning;                   // of the outcome
  std::vector<std::string> stages = {};  // "300 ms held, until an upstream could take it"
  std::vector<std::string> advice = {};  // where to look
};

RequestStory tell_story(const SeenRequest& request, std::int64_t now_unix_millis);

// Why it can not be told: only few requests are kept. `access_log`: the config's output, "stdout", "off", a path.
std::string why_not_kept(const std::string& id, const std::string& access_log);

// Whether a word looks like the id of a request rather than like the name of a pool.
bool looks_like_request_id(std::string_view word);

}  // namespace frontdoor
