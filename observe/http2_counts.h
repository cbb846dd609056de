// What is counted of HTTP/2 connections to an upstream. Words are the names of error codes (RFC 9113 §7), so that their number
// is bounded whatever an upstream sends. One worker writes, anybody reads.

#pragma once

#include "base/single_writer_count.h"
#include "observe/totals.h"
#include "observe/word_counts.h"

namespace frontdoor {

struct UpstreamHttp2Counts {
  SingleWriterCount streams;   // that are open
  WordCounts<16> goaways;      // connections that it has taken leave of, by the error code of its first GOAWAY
  WordCounts<16> resets;       // streams that it did not complete, by error code; REFUSED_STREAM: nor begin with

  void add_to(UpstreamHttp2Totals& totals) const {  // any thread
    totals.streams += streams.get();
    goaways.add_to(totals.goaways);
    resets.add_to(totals.resets);
  }
};

}  // namespace frontdoor
