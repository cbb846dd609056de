// A chunked body decodes alike whole and in pieces (the first input byte says how large), and bytes behind
// its end stay as they are.

#include <algorithm>
#include <string>

#include "http/chunked.h"
#include "invariants.h"

namespace {

using namespace frontdoor;
using fuzz::Exact;
using fuzz::require;
using http::ChunkedDecoder;

struct Result {
  ChunkedDecoder::Status status = ChunkedDecoder::Status::NeedMore;
  std::string body;
  std::size_t consumed = 0;
  bool operator==(const Result&) const = default;
};

Result decode(ChunkedDecoder& decoder, std::string_view input, std::size_t piece_size) {
  Result result;
  while (result.consumed < input.size() && result.status == ChunkedDecoder::Status::NeedMore) {
    const auto piece = input.substr(result.consumed, piece_size);
    Exact buffer(piece);
    const auto step = decoder.decode(buffer.data(), piece.size());
    require(step.consumed <= piece.size() && step.produced <= step.consumed, "no more out than in");
    require(buffer.view().substr(step.consumed) == piece.substr(step.consumed), "the rest is untouched");
    require(step.status != ChunkedDecoder::Status::NeedMore || step.consumed == piece.size(), "all is taken");
    result.status = step.status;
    result.body.append(buffer.data(), step.produced);
    result.consumed += step.consumed;
  }
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  ChunkedDecoder whole, pieces;
  whole.trailer_bytes = pieces.trailer_bytes = 128;
  require(decode(whole, input, std::max<std::size_t>(input.size(), 1)) ==
              decode(pieces, input, data[0] % 32u + 1u),
          "same body in pieces");
  require(whole.trailers().size() == pieces.trailers().size(), "same trailers in pieces");
  return 0;
}
