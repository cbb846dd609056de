// A chunked body decodes alike whole and in pieces (the first input byte says how large), and bytes behind
// its end stay as they are. Who skips blanks reads all that others read, and the same from it.

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
  const std::size_t piece = data[0] % 32u + 1u;
  Result results[2];
  for (const auto blanks : {ChunkedDecoder::Blanks::Refuse, ChunkedDecoder::Blanks::Skip}) {
    ChunkedDecoder whole(blanks), pieces(blanks);
    whole.trailer_bytes = pieces.trailer_bytes = 128;
    auto& result = results[blanks == ChunkedDecoder::Blanks::Skip ? 1 : 0];
    result = decode(whole, input, std::max<std::size_t>(input.size(), 1));
    require(result == decode(pieces, input, piece), "same body in pieces");
    require(whole.trailers().size() == pieces.trailers().size(), "same trailers in pieces");
  }
  if (results[0].status != ChunkedDecoder::Status::Malformed)
    require(results[0] == results[1], "blanks only add what may be read");
  return 0;
}
