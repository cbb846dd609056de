// The chunked transfer coding (RFC 9112 §7.1), decoded strictly and in place: chunk framing is squeezed out
// of the buffer so that a read full of small chunks becomes one contiguous span. Extensions and blanks are dropped
// (never relayed), trailers are parsed here and not by Beast, whose trailers run through the head's own
// logic. Pure; one connection.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "http/head.h"

namespace frontdoor::http {

class ChunkedDecoder {
 public:
  enum class Status : std::uint8_t { NeedMore, Done, Malformed };
  // Blanks behind a size and around the parts of an extension ("D61 \r\n", "3 ; a=b"): for a response they are
  // skipped, in a request they are an attack (docs/adr/0013).
  enum class Blanks : std::uint8_t { Refuse, Skip };
  struct Step {
    Status status = Status::NeedMore;
    std::size_t consumed = 0;  // raw bytes taken from the front of the buffer
    std::size_t produced = 0;  // body bytes, now at [data, data + produced)
  };

  explicit ChunkedDecoder(Blanks blanks = Blanks::Refuse) : skips_blanks_(blanks == Blanks::Skip) {}

  // Takes raw bytes [data, data + size), compacts the body bytes to the front and says how many there are.
  // Bytes from data + consumed on are untouched: after Done they belong to the next message. Partial chunk
  // lines are remembered inside, so everything is consumed unless Done or Malformed. Limits: a chunk line of
  // 1 KiB with its extensions; lines that are longer than 16 bytes and twice their data may come to 16 KiB more than
  // that (what other chunks leave of theirs counts for them); trailers within `trailer_bytes`.
  Step decode(char* data, std::size_t size);

  // After Done. Views into the decoder's own storage; fields that may not be trailers (framing, routing,
  // authentication: RFC 9110 §6.5.1) are dropped.
  const Fields& trailers() const { return trailers_; }
  const char* error() const { return error_; }  // after Malformed: string literal

  void reset();

  std::size_t trailer_bytes = 8 * 1024;

 private:
  // Size → (PartEnd →) (Extension… →) SizeLf → Data → DataCr → DataLf → Size …; after the last chunk's SizeLf:
  // TrailerStart → (TrailerLine → TrailerLf → TrailerStart)… → EndLf → Done. Malformed from anywhere.
  enum class State : std::uint8_t {
    SizeStart,
    Size,
    SizeLf,
    ExtensionStart,
    ExtensionName,
    NameEnd,
    ValueStart,
    ValueToken,
    ValueQuoted,
    ValueEscape,
    PartEnd,
    Data,
    DataCr,
    DataLf,
    TrailerStart,
    TrailerLine,
    TrailerLf,
    EndLf,
    Done,
    Malformed,
  };

  void take(char c);
  void take_size(char c);
  void take_extension(char c);
  void skip_blank();
  void end_size_line();
  void take_trailer(char c);
  void after_extension_part(char c);  // ';', CR or nothing else
  bool count_line_byte();
  void read_trailers();
  void refuse(const char* why) { state_ = State::Malformed, error_ = why; }

  State state_ = State::SizeStart;
  std::uint64_t remaining_ = 0;        // of the chunk; its size while the size is read
  std::uint32_t line_bytes_ = 0;       // of the chunk line
  std::uint64_t excess_ = 0;           // of the chunk lines so far
  const bool skips_blanks_;
  std::string trailer_text_;           // "Name: value\n…"
  Fields trailers_;
  const char* error_ = "";
};

// "1a2b\r\n" into `out` (at least 18 bytes); returns its length. The data and a CRLF follow; the last chunk
// is "0\r\n", trailers, "\r\n".
std::size_t write_chunk_size(char* out, std::uint64_t size);

}  // namespace frontdoor::http
