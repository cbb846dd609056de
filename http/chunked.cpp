// One byte at a time through framing, in bulk through data. Every grammar rule of RFC 9112 §7.1 is exactly
// one state, so that a read may end anywhere.

#include "http/chunked.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "http/syntax.h"
#include "http/trailer_policy.h"

namespace frontdoor::http {
namespace {

constexpr std::uint32_t kLineBytes = 1024;
// What a chunk's line may have for nothing, and how far lines may outweigh that and their data together: small chunks
// with short extensions go on for as long as they like, an endless row of long extensions around no data does not.
constexpr std::uint32_t kFreeLineBytes = 16;
constexpr std::uint64_t kExcessBytes = 16 * 1024;
constexpr std::uint64_t kMaxChunk = INT64_MAX;
constexpr std::size_t kMaxTrailers = 100;

}  // namespace

ChunkedDecoder::Step ChunkedDecoder::decode(char* data, std::size_t size) {
  Step step;
  while (step.consumed < size && state_ < State::Done) {
    if (state_ != State::Data) {
      take(data[step.consumed++]);
      continue;
    }
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, size - step.consumed));
    if (step.produced != step.consumed) std::memmove(data + step.produced, data + step.consumed, count);
    step.consumed += count;
    step.produced += count;
    remaining_ -= count;
    if (remaining_ == 0) state_ = State::DataCr;
  }
  if (state_ == State::Done) step.status = Status::Done;
  if (state_ == State::Malformed) step.status = Status::Malformed;
  return step;
}

void ChunkedDecoder::take(char c) {
  switch (state_) {
    case State::SizeStart:
    case State::Size:
      return take_size(c);
    case State::SizeLf:
      if (c != '\n') return refuse("bare CR in chunk line");
      return end_size_line();
    case State::DataCr:
      if (c != '\r') return refuse("chunk data is longer than its size");
      state_ = State::DataLf;
      return;
    case State::DataLf:
      if (c != '\n') return refuse("bare CR after chunk data");
      line_bytes_ = 0;
      state_ = State::SizeStart;
      return;
    case State::TrailerStart:
    case State::TrailerLine:
    case State::TrailerLf:
    case State::EndLf:
      return take_trailer(c);
    default:
      return take_extension(c);
  }
}

bool ChunkedDecoder::count_line_byte() {
  if (++line_bytes_ <= kLineBytes) return true;
  refuse("chunk line too long");
  return false;
}

// RFC 9112 §7.1.1: a recipient limits the total length of extensions. Leading zeros and blanks are no better.
void ChunkedDecoder::end_size_line() {
  const std::uint64_t allowed = kFreeLineBytes + 2 * remaining_;  // remaining_ is below 2^63
  excess_ += line_bytes_ - 1;  // without its CR
  excess_ = excess_ > allowed ? excess_ - allowed : 0;
  if (excess_ > kExcessBytes) return refuse("chunk lines outweigh their data");
  state_ = remaining_ == 0 ? State::TrailerStart : State::Data;
}

// RFC 9112 §7.1: chunk-size = 1*HEXDIG. No sign, no "0x", no white space before it.
void ChunkedDecoder::take_size(char c) {
  if (!count_line_byte()) return;
  if (const int digit = syntax::hex_digit(c); digit >= 0) {
    if (remaining_ > kMaxChunk / 16) return refuse("chunk size overflows");
    remaining_ = remaining_ * 16 + static_cast<std::uint64_t>(digit);
    state_ = State::Size;
    return;
  }
  if (state_ == State::SizeStart) return refuse("chunk size missing");
  if (skips_blanks_ && syntax::is_blank(c)) return skip_blank();
  after_extension_part(c);
}

void ChunkedDecoder::after_extension_part(char c) {
  if (c == '\r')
    state_ = State::SizeLf;
  else if (c == ';')
    state_ = State::ExtensionStart;
  else
    refuse(c == '\n' ? "bare LF in chunk line" : "invalid character in chunk line");
}

// RFC 9112 §7.1.1 has BWS between any two parts of the line, and old servers pad the size with it. What stands behind
// a blank can not go on with the part before it.
void ChunkedDecoder::skip_blank() {
  switch (state_) {
    case State::Size:
    case State::ValueToken:
      state_ = State::PartEnd;
      return;
    case State::ExtensionName:
      state_ = State::NameEnd;
      return;
    default:
      return;  // ExtensionStart, NameEnd, ValueStart, PartEnd
  }
}

// RFC 9112 §7.1.1. A recipient is told to tolerate BWS; of a request we do not, since parsers that skip it differently
// from their neighbours have been smuggled through. Only the syntax is checked.
void ChunkedDecoder::take_extension(char c) {
  if (!count_line_byte()) return;
  const bool quoted = state_ == State::ValueQuoted || state_ == State::ValueEscape;
  if (skips_blanks_ && !quoted && syntax::is_blank(c)) return skip_blank();
  const bool token = syntax::is(c, syntax::kToken);
  switch (state_) {
    case State::ExtensionStart:
      if (!token) return refuse("chunk extension without a name");
      state_ = State::ExtensionName;
      return;
    case State::ExtensionName:
      if (token) return;
      [[fallthrough]];
    case State::NameEnd:
      if (c != '=') return after_extension_part(c);
      state_ = State::ValueStart;
      return;
    case State::ValueStart:
      if (!token && c != '"') return refuse("chunk extension without a value");
      state_ = token ? State::ValueToken : State::ValueQuoted;
      return;
    case State::ValueToken:
      if (!token) after_extension_part(c);
      return;
    case State::ValueQuoted:
      // RFC 9110 §5.6.4: no control but HTAB. Beast takes a bare LF here.
      if (!syntax::is(c, syntax::kFieldValue)) return refuse("control character in chunk extension");
      if (c == '"') state_ = State::PartEnd;
      if (c == '\\') state_ = State::ValueEscape;
      return;
    case State::ValueEscape:
      if (!syntax::is(c, syntax::kFieldValue)) return refuse("control character in chunk extension");
      state_ = State::ValueQuoted;
      return;
    default:
      return after_extension_part(c);  // PartEnd
  }
}

void ChunkedDecoder::take_trailer(char c) {
  switch (state_) {
    case State::TrailerStart:
      if (c == '\r') {
        state_ = State::EndLf;
        return;
      }
      if (syntax::is_blank(c)) return refuse("folded trailer");  // RFC 9112 §5.2
      state_ = State::TrailerLine;
      [[fallthrough]];
    case State::TrailerLine:
      if (trailer_text_.size() >= trailer_bytes) return refuse("trailers exceed trailer_bytes");
      if (c == '\r') {
        trailer_text_.push_back('\n');
        state_ = State::TrailerLf;
        return;
      }
      if (!syntax::is(c, syntax::kFieldValue)) return refuse("control character in trailers");
      trailer_text_.push_back(c);
      return;
    case State::TrailerLf:
      if (c != '\n') return refuse("bare CR in trailers");
      state_ = State::TrailerStart;
      return;
    default:  // EndLf
      if (c != '\n') return refuse("bare CR in trailers");
      state_ = State::Done;
      read_trailers();
  }
}

// The rules of a head's fields (RFC 9112 §5.1: no white space before the colon), once the text no longer
// moves.
void ChunkedDecoder::read_trailers() {
  std::string_view text = trailer_text_;
  for (std::size_t lines = 1; !text.empty(); ++lines) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(line.size() + 1);
    const auto name = line.substr(0, line.find(':'));
    if (name.size() == line.size()) return refuse("trailer without a colon");
    if (!syntax::is_token(name)) return refuse("invalid trailer name");
    if (lines > kMaxTrailers) return refuse("too many trailers");
    if (may_be_trailer(name))
      trailers_.push_back({name, syntax::trim(line.substr(name.size() + 1)), field_id(name)});
  }
}

void ChunkedDecoder::reset() {
  state_ = State::SizeStart;
  remaining_ = 0;
  line_bytes_ = 0;
  excess_ = 0;
  error_ = "";
  if (trailer_text_.empty()) return;
  // Trailers are rare and a connection is long: do not keep their memory.
  std::string().swap(trailer_text_);
  Fields().swap(trailers_);
}

std::size_t write_chunk_size(char* out, std::uint64_t size) {
  char* end = std::to_chars(out, out + 16, size, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  return static_cast<std::size_t>(end - out);
}

}  // namespace frontdoor::http
