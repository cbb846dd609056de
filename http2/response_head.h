// From the fields of an HTTP/2 response to the same value that an HTTP/1 head becomes (http/head.h): what an upstream says
// over HTTP/2 passes the gate that an HTTP/1 answer passes. A builder makes one head after the other, since header blocks of
// a connection never overlap. Pure.
//
// RFC 9113 §8.1.1 (malformed messages), §8.2 (fields), §8.3.2 (:status).

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/head.h"
#include "http/head_parser.h"

namespace frontdoor::http2 {

// A head together with the text that it views into.
struct ReceivedResponse {
  http::ResponseHead head;
  std::string text;
};

class ResponseHeadBuilder {
 public:
  explicit ResponseHeadBuilder(http::HeadLimits limits) : limits_(limits) {}

  void begin();
  // The next field, decoded. Whatever is wrong with it is remembered; false: no honest list goes on like this.
  bool add(std::string_view name, std::string_view value);
  // It is malformed for a reason that shows in no field; a literal.
  void note(const char* fault) {
    if (!fault_) fault_ = fault;
  }
  // The block has ended. `ended`: so has the response, there is no body. Null, or what is wrong: a literal.
  const char* finish(http::Method method, bool ended);
  // After finish() has found nothing wrong. The builder keeps nothing of it.
  std::unique_ptr<ReceivedResponse> take() { return std::move(received_); }

 private:
  struct Entry {
    std::size_t name;
    std::size_t value;
    std::size_t end;
    http::FieldId id;
  };

  const char* add_status(std::string_view value);

  const http::HeadLimits limits_;
  std::unique_ptr<ReceivedResponse> received_;
  std::vector<Entry> entries_;
  std::size_t bytes_ = 0;
  std::size_t count_ = 0;
  const char* fault_ = nullptr;
};

}  // namespace frontdoor::http2
