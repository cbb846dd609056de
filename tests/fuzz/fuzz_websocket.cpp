// Frame boundaries are the same in one piece and in many (the first input byte says how large), and looking ahead
// finds what passing on would find.

#include <algorithm>
#include <string>

#include "http/websocket.h"
#include "invariants.h"

namespace {

using namespace frontdoor;
using fuzz::Exact;
using fuzz::require;
using http::WebSocketFrames;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data + 1), size - 1);
  const std::size_t piece_size = data[0] % 32u + 1u;
  WebSocketFrames whole, pieces;
  whole.advance(input);
  for (std::size_t at = 0; at < input.size(); at += piece_size) {
    const Exact piece(input.substr(at, piece_size));
    const std::size_t boundary = pieces.until_boundary(piece.view());
    const std::size_t close = pieces.until_close_frame(piece.view());
    require(boundary <= piece.view().size() && close <= piece.view().size(), "not farther than the bytes go");
    require(!pieces.at_boundary() || boundary == 0, "a boundary is no way off");
    WebSocketFrames ahead = pieces;
    const bool closed_before = ahead.close_seen();
    ahead.advance(piece.view().substr(0, close));
    require(closed_before || !ahead.close_seen(), "a close frame is not passed unseen");
    require(close == piece.view().size() || ahead.at_boundary(), "a close frame begins at a boundary");
    ahead = pieces;
    ahead.advance(piece.view().substr(0, boundary));
    require(boundary == piece.view().size() || ahead.at_boundary(), "a boundary is one");
    pieces.advance(piece.view());
  }
  require(whole.at_boundary() == pieces.at_boundary(), "same boundary in pieces");
  require(whole.close_seen() == pieces.close_seen(), "same close in pieces");
  return 0;
}
