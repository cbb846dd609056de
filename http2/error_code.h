// What HTTP/2 calls the reasons for which a stream or a connection ends. RFC 9113 §7.

#pragma once

#include <cstdint>

namespace frontdoor::http2 {

enum class ErrorCode : std::uint32_t {
  NoError = 0,
  ProtocolError = 1,
  InternalError = 2,
  FlowControlError = 3,
  SettingsTimeout = 4,
  StreamClosed = 5,
  FrameSizeError = 6,
  RefusedStream = 7,
  Cancel = 8,
  CompressionError = 9,
  ConnectError = 10,
  EnhanceYourCalm = 11,
  InadequateSecurity = 12,
  Http11Required = 13,
};

// "PROTOCOL_ERROR"; "unknown error code" for one that is not registered. A literal.
const char* name_of(ErrorCode code);

}  // namespace frontdoor::http2
