#include "proxy/h1/h1_body_reader.h"

#include <algorithm>
#include <utility>

namespace frontdoor {

void H1BodyReader::start(http::Framing framing) {
  framing_ = framing;
  remaining_ = framing.length;
  decoded_ = squeezed_ = 0;
  ended_ = false;
  failure_ = Failure::None;
  complete_ = framing.kind == http::BodyKind::None || (framing.kind == http::BodyKind::Length && framing.length == 0);
  chunked_.reset();
}

Peeked H1BodyReader::peek() {
  if (failure_ != Failure::None) return {Peeked::State::Failed, {}, false};
  switch (framing_.kind) {
    case http::BodyKind::None: break;
    case http::BodyKind::Length: return peek_length();
    case http::BodyKind::Chunked: return peek_chunked();
    case http::BodyKind::UntilClose: return peek_until_close();
  }
  return {Peeked::State::End, {}, true};
}

Peeked H1BodyReader::peek_length() {
  if (complete_) return {Peeked::State::End, {}, true};
  if (input_.empty() && !fill()) return pending_or_failed();
  const auto available = static_cast<std::size_t>(std::min<std::uint64_t>(input_.size(), remaining_));
  return {Peeked::State::Bytes, input_.unread().substr(0, available), available == remaining_};
}

Peeked H1BodyReader::peek_chunked() {
  while (decoded_ == 0) {
    if (complete_) return {Peeked::State::End, {}, true};
    if (input_.empty() && !fill()) return pending_or_failed();
    const auto step = chunked_.decode(input_.begin(), input_.size());
    if (step.status == http::ChunkedDecoder::Status::Malformed) {
      failure_ = Failure::Malformed;
      return {Peeked::State::Failed, {}, false};
    }
    complete_ = step.status == http::ChunkedDecoder::Status::Done;
    decoded_ = step.produced;
    squeezed_ = step.consumed - step.produced;
    if (decoded_ == 0) input_.consume(std::exchange(squeezed_, 0));
  }
  return {Peeked::State::Bytes, input_.unread().substr(0, decoded_), complete_};
}

Peeked H1BodyReader::peek_until_close() {
  if (input_.empty() && !fill()) {
    if (!ended_) {
      input_.release_if_empty();
      return pending_or_failed();
    }
    complete_ = true;
    return {Peeked::State::End, {}, true};
  }
  return {Peeked::State::Bytes, input_.unread(), false};
}

std::string_view H1BodyReader::raw_bytes() {
  if (!input_.empty() || fill()) return input_.unread();
  input_.release_if_empty();
  return {};
}

bool H1BodyReader::raw_consume(std::size_t count) {
  input_.consume(count);
  if (transport_.may_read()) return false;
  input_.release_if_empty();  // a tunnel may be silent for hours; it pins no head
  return input_.empty();
}

void H1BodyReader::consume(std::size_t count) {
  switch (framing_.kind) {
    case http::BodyKind::Length:
      remaining_ -= count;
      complete_ = remaining_ == 0;
      break;
    case http::BodyKind::Chunked:
      decoded_ -= count;
      if (decoded_ == 0) count += std::exchange(squeezed_, 0);
      break;
    case http::BodyKind::UntilClose: raw_consume(count); return;
    case http::BodyKind::None: break;
  }
  input_.consume(count);
}

const char* H1BodyReader::detail() const {
  switch (failure_) {
    case Failure::None: break;
    case Failure::Malformed: return chunked_.error();
    case Failure::Truncated: return "connection closed inside the body";
    case Failure::Reset: return "connection reset inside the body";
  }
  return "";
}

bool H1BodyReader::fill() {
  const IoResult result = input_.fill(transport_);
  switch (result.status) {
    case IoStatus::Ok: return true;
    case IoStatus::WouldBlock: return false;
    case IoStatus::End:
      ended_ = true;
      if (framing_.kind != http::BodyKind::UntilClose) failure_ = Failure::Truncated;
      return false;
    case IoStatus::Failed: failure_ = Failure::Reset; return false;
  }
  return false;
}

Peeked H1BodyReader::pending_or_failed() const {
  if (failure_ != Failure::None) return {Peeked::State::Failed, {}, false};
  return {Peeked::State::Pending, {}, false};
}

}  // namespace frontdoor
