// nghttp2's view of a Session, and what its two ends do with nghttp2 alike. Only this folder's sources include it.

#pragma once

#include <nghttp2/nghttp2.h>

#include <memory>
#include <new>
#include <string_view>

#include "http2/session.h"

namespace frontdoor::http2 {

inline constexpr std::size_t kFrameHead = 9;  // RFC 9113 §4.1
inline constexpr std::uint8_t kAck = 1;
inline constexpr std::uint8_t kEndStream = 1;
inline constexpr std::uint8_t kEndHeaders = 4;

// A head that we send. Those that others send are no larger than `header_bytes`, which may be set higher than this.
inline constexpr std::size_t kLargestHead = 256 * 1024;
inline constexpr std::size_t kFieldOverhead = 32;  // RFC 7541 §4.1

// Those that both ends have: of bodies, of the ends of streams, of what fails. `user` is the Session.
struct Session::Callbacks {
  static void install(nghttp2_session_callbacks& callbacks);
  static nghttp2_data_provider body();

 protected:
  static Session& of(void* user) { return *static_cast<Session*>(user); }
  static Stream* stream_of(const Session& self, const nghttp2_frame& frame);
  // What both make of a frame that has come whole. False: too much of them.
  static bool take_frame(Session& self, Stream* stream, const nghttp2_frame& frame);
  static void note_failure(Session& self, const nghttp2_frame& sent);  // a GOAWAY of ours may say one

 private:
  static int stream_closes(nghttp2_session*, std::int32_t id, std::uint32_t code, void* user);

  static int data_came(nghttp2_session*, std::uint8_t flags, std::int32_t id, const std::uint8_t* data,
                       std::size_t size, void* user);
  static ssize_t read_body(nghttp2_session*, std::int32_t id, std::uint8_t* buffer, std::size_t length,
                           std::uint32_t* flags, nghttp2_data_source* source, void* user);
  static int send_data(nghttp2_session*, nghttp2_frame* frame, const std::uint8_t* frame_head, std::size_t length,
                       nghttp2_data_source* source, void* user);
};

struct OptionDeleter {
  void operator()(nghttp2_option* option) const { nghttp2_option_del(option); }
};
struct CallbacksDeleter {
  void operator()(nghttp2_session_callbacks* callbacks) const { nghttp2_session_callbacks_del(callbacks); }
};

// What both make their nghttp2_session with.
struct SessionParts {
  explicit SessionParts(const http::HeadLimits& limits);
  std::unique_ptr<nghttp2_option, OptionDeleter> option;
  std::unique_ptr<nghttp2_session_callbacks, CallbacksDeleter> callbacks;
};

inline void check(int result) {
  if (result == NGHTTP2_ERR_NOMEM) throw std::bad_alloc();
}

// nghttp2 is C: no exception may pass through it. What finds no memory is remembered and ends the connection.
template <class Work>
int guarded(bool& no_memory, Work work) noexcept {
  try {
    return work() ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
  } catch (const std::bad_alloc&) {
    no_memory = true;
    return NGHTTP2_ERR_CALLBACK_FAILURE;
  }
}

inline std::string_view text_of(nghttp2_rcbuf* buffer) {
  const nghttp2_vec bytes = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(bytes.base), bytes.len};
}

inline std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

inline nghttp2_nv pair_of(std::string_view name, std::string_view value, int flags = NGHTTP2_NV_FLAG_NONE) {
  return {bytes_of(name), bytes_of(value), name.size(), value.size(), static_cast<std::uint8_t>(flags)};
}

// Enough for any head that is allowed, and then for one that is told that it is too large.
constexpr std::size_t most_continuations(const http::HeadLimits& limits) {
  constexpr std::size_t kLargestFrame = 16 * 1024;  // SETTINGS_MAX_FRAME_SIZE, ours and the least of others
  return 8 + 2 * limits.header_bytes / kLargestFrame;
}

}  // namespace frontdoor::http2
