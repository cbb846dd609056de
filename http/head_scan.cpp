// Sixteen bytes at a time where SSE2 is there (every x86-64), eight elsewhere: the scan must stay cheap
// beside the parser, since it looks at every byte of every head.

#include "http/head_scan.h"

#include <bit>
#include <cstring>

#include "http/syntax.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace frontdoor::http {
namespace {

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

#if defined(__SSE2__)
constexpr std::size_t kStep = 16;

// Whether and where a control is among the next kStep bytes; kStep when there is none.
std::size_t control_in_step(const char* at) {
  __m128i block;
  std::memcpy(&block, at, sizeof block);
  const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(block, _mm_set1_epi8(0x1f)), block);
  const __m128i tab = _mm_cmpeq_epi8(block, _mm_set1_epi8('\t'));
  const __m128i del = _mm_cmpeq_epi8(block, _mm_set1_epi8(0x7f));
  const auto mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(_mm_andnot_si128(tab, low), del)));
  return mask == 0 ? kStep : static_cast<std::size_t>(std::countr_zero(mask));
}
#else
constexpr std::size_t kStep = 8;

// The classic "is any byte less than n" of a word; it may report a byte that is none (a HTAB, or one after a
// hit), so what it finds is looked at again byte by byte.
std::size_t control_in_step(const char* at) {
  constexpr std::uint64_t ones = 0x0101010101010101, high = 0x8080808080808080;
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  const std::uint64_t low = (word - ones * 0x20) & ~word & high;
  const std::uint64_t del_zero = word ^ (ones * 0x7f);
  const std::uint64_t del = (del_zero - ones) & ~del_zero & high;
  if ((low | del) != 0)
    for (std::size_t i = 0; i < kStep; ++i)
      if (is_control(at[i])) return i;
  return kStep;
}
#endif

// A handshake or an alert of any version: a client that was given https://, an upstream that wants it.
bool is_tls_record(std::string_view bytes) {
  return (bytes[0] == 0x16 || bytes[0] == 0x15) && (bytes.size() == 1 || bytes[1] == 0x03);
}

inline std::size_t search(std::string_view bytes, std::size_t from) {
  const char* const data = bytes.data();
  const std::size_t size = bytes.size();
  std::size_t at = from;
  for (; size - at >= kStep; at += kStep)
    if (const auto hit = control_in_step(data + at); hit < kStep) return at + hit;
  while (at < size && !is_control(data[at])) ++at;
  return at;
}

}  // namespace

std::size_t find_control(std::string_view bytes, std::size_t from) { return search(bytes, from); }

HeadScan::Found HeadScan::next_line(std::string_view bytes) {
  // RFC 9112 §5.2 and §2.2: a line that begins with white space continues the one before (obs-fold), or hides
  // between start line and fields. Parsers disagree on what it belongs to.
  if (begin_ < bytes.size() && syntax::is_blank(bytes[begin_]))
    return refuse(begin_, "line begins with white space");

  const std::size_t hit = search(bytes, at_);
  if (hit == bytes.size()) {
    at_ = hit;
    return Found::NeedMore;
  }
  if (hit == 0 && is_tls_record(bytes)) return refuse(hit, "TLS where HTTP without it is spoken");
  if (bytes[hit] != '\r') return refuse(hit, bytes[hit] == '\n' ? "bare LF" : "control character");
  if (hit + 1 == bytes.size()) {
    at_ = hit;
    return Found::NeedMore;
  }
  if (bytes[hit + 1] != '\n') return refuse(hit, "bare CR");
  line_ = bytes.substr(begin_, hit - begin_);
  begin_ = at_ = hit + 2;
  return Found::Line;
}

}  // namespace frontdoor::http
