// An access record that outlives the buffers its texts were views into: a tunnel's line is written long after its
// request's head has made room. One allocation.

#pragma once

#include <string>

#include "proxy/access_log/access_log_format.h"

namespace frontdoor {

class KeptRecord {
 public:
  explicit KeptRecord(const AccessRecord& record) : record_(record) {
    std::size_t size = 0;
    for (const auto field : kTexts) size += (record_.*field).size();
    text_.reserve(size);  // so that the views stay valid while it grows
    for (const auto field : kTexts) {
      const std::size_t begin = text_.size();
      text_.append(record_.*field);
      record_.*field = std::string_view(text_).substr(begin);
    }
  }
  KeptRecord(const KeptRecord&) = delete;
  KeptRecord& operator=(const KeptRecord&) = delete;

  const AccessRecord& record() const { return record_; }

 private:
  // Those that belong to the request; outcome and rule are known at its end, and their texts are constants.
  static constexpr std::string_view AccessRecord::* kTexts[] = {
      &AccessRecord::client_ip,  &AccessRecord::method,     &AccessRecord::host,
      &AccessRecord::target,     &AccessRecord::referer,    &AccessRecord::user_agent,
      &AccessRecord::request_id, &AccessRecord::trace_id,   &AccessRecord::route_pool,
      &AccessRecord::upstream};

  AccessRecord record_;
  std::string text_;
};

}  // namespace frontdoor
