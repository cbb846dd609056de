// HTTP/2 by hand: frames as bytes, for a peer that may break every rule, and a reader for what comes back. Header blocks
// are written without compression, or byte by byte by the test; they are read with nghttp2's inflater.

#pragma once

#include <nghttp2/nghttp2.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace frontdoor::testing::h2 {

enum Type : std::uint8_t {
  kData, kHeaders, kPriority, kRstStream, kSettings, kPushPromise, kPing, kGoAway, kWindowUpdate, kContinuation
};
enum Flag : std::uint8_t { kNone = 0, kAck = 1, kEndStream = 1, kEndHeaders = 4, kPadded = 8, kWithPriority = 32 };

inline const std::string kPrefaceBytes = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline std::string number(std::uint32_t value, int bytes = 4) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
  return out;
}

inline std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload = "") {
  std::string out = number(static_cast<std::uint32_t>(payload.size()), 3);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  return out + number(stream) + std::string(payload);
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

// RFC 7541 §5.1, an integer behind a prefix of 7 bits.
inline std::string length7(std::size_t size) {
  if (size < 127) return std::string(1, static_cast<char>(size));
  std::string out(1, '\x7f');
  size -= 127;
  for (; size >= 128; size /= 128) out += static_cast<char>(size % 128 + 128);
  return out += static_cast<char>(size);
}

// A literal without indexing, with a new name (RFC 7541 §6.2.2).
inline std::string field(std::string_view name, std::string_view value) {
  return std::string(1, '\0') + length7(name.size()) + std::string(name) + length7(value.size()) + std::string(value);
}
inline std::string block(const Pairs& fields) {
  std::string out;
  for (const auto& [name, value] : fields) out += field(name, value);
  return out;
}

inline Pairs get(std::string path = "/", Pairs more = {}) {
  Pairs fields{{":method", "GET"}, {":scheme", "http"}, {":authority", "app.example"}, {":path", std::move(path)}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}
inline Pairs post(std::string path = "/", Pairs more = {}) {
  Pairs fields = get(std::move(path), std::move(more));
  fields[0].second = "POST";
  return fields;
}

inline std::string headers(std::uint32_t stream, const Pairs& fields, std::uint8_t flags = kEndStream | kEndHeaders) {
  return frame(kHeaders, flags, stream, block(fields));
}
inline std::string data(std::uint32_t stream, std::string_view bytes, std::uint8_t flags = kNone) {
  return frame(kData, flags, stream, bytes);
}
inline std::string end_of(std::uint32_t stream, std::string_view bytes = "") { return data(stream, bytes, kEndStream); }
inline std::string reset(std::uint32_t stream, std::uint32_t code = 8) { return frame(kRstStream, kNone, stream, number(code)); }
inline std::string window(std::uint32_t stream, std::uint32_t by) { return frame(kWindowUpdate, kNone, stream, number(by)); }
inline std::string ping(std::string_view opaque = "12345678", std::uint8_t flags = kNone) { return frame(kPing, flags, 0, opaque); }
inline std::string settings(std::initializer_list<std::pair<std::uint16_t, std::uint32_t>> entries = {}) {
  std::string payload;
  for (const auto& [id, value] : entries) payload += number(id, 2) + number(value);
  return frame(kSettings, kNone, 0, payload);
}
inline std::string settings_ack() { return frame(kSettings, kAck, 0); }
// How a client begins.
inline std::string hello(std::initializer_list<std::pair<std::uint16_t, std::uint32_t>> entries = {}) {
  return kPrefaceBytes + settings(entries);
}

struct Frame {
  std::uint8_t type = 0;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;
  std::string payload;
  Pairs fields;  // of HEADERS
  std::uint32_t code() const {  // of RST_STREAM and GOAWAY; by how much, of WINDOW_UPDATE
    std::uint32_t value = 0;
    for (const char c : payload.substr(type == kGoAway ? 4 : 0, 4)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  std::uint32_t last_stream() const {  // of GOAWAY
    std::uint32_t value = 0;
    for (const char c : payload.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
    return value;
  }
  bool ends() const { return (type == kData || type == kHeaders) && (flags & kEndStream) != 0; }
};

inline Pairs status(std::string code, Pairs more = {}) {
  Pairs fields{{":status", std::move(code)}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}
inline std::string goaway(std::uint32_t last_stream, std::uint32_t code = 0, std::string_view words = "") {
  return frame(kGoAway, kNone, 0, number(last_stream) + number(code) + std::string(words));
}

// What a server has been asked on one stream.
struct Asked {
  Pairs fields;
  std::string body;
  Pairs trailers;
  bool ended = false;
  bool was_reset = false;
  std::uint32_t code = 0;  // of the reset
  std::string operator[](std::string_view name) const {
    for (const auto& [key, value] : fields)
      if (key == name) return value;
    return "";
  }
  bool has(std::string_view name) const {
    for (const auto& [key, value] : fields)
      if (key == name) return true;
    return false;
  }
};

// What one stream has got.
struct Answer {
  std::string status;  // of the final head
  std::vector<std::string> informational;
  Pairs fields;
  std::string body;
  Pairs trailers;
  bool ended = false;
  bool was_reset = false;
  std::uint32_t code = 0;  // of the reset
  std::string operator[](std::string_view name) const {
    for (const auto& [key, value] : fields)
      if (key == name) return value;
    return "";
  }
};

class Reader {
 public:
  Reader() { nghttp2_hd_inflate_new(&inflater_); }
  ~Reader() { nghttp2_hd_inflate_del(inflater_); }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void feed(std::string_view bytes) {
    bytes_ += bytes;
    while (bytes_.size() >= 9) {
      const auto at = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes_[i])); };
      const std::size_t size = at(0) << 16 | at(1) << 8 | at(2);
      if (bytes_.size() < 9 + size) return;
      Frame next;
      next.type = static_cast<std::uint8_t>(bytes_[3]);
      next.flags = static_cast<std::uint8_t>(bytes_[4]);
      next.stream = (at(5) << 24 | at(6) << 16 | at(7) << 8 | at(8)) & 0x7fffffff;
      next.payload = bytes_.substr(9, size);
      bytes_.erase(0, 9 + size);
      if (next.type == kHeaders || next.type == kContinuation) {
        block_ += next.payload;
        if ((next.flags & kEndHeaders) == 0 && next.type == kHeaders) {
          unfinished_ = next;
          continue;
        }
        if ((next.flags & kEndHeaders) == 0) continue;
        if (next.type == kContinuation) {
          next = unfinished_;
          next.flags |= kEndHeaders;
        }
        next.fields = inflate(std::exchange(block_, {}));
      }
      frames.push_back(std::move(next));
    }
  }

  std::vector<Frame> of(std::uint8_t type) const {
    std::vector<Frame> found;
    for (const auto& one : frames)
      if (one.type == type) found.push_back(one);
    return found;
  }
  bool saw(std::uint8_t type) const { return !of(type).empty(); }
  bool goes_away() const { return saw(kGoAway); }
  std::uint32_t goaway_code() const { return goes_away() ? of(kGoAway).back().code() : 0xffffffff; }

  Answer answer(std::uint32_t stream) const {
    Answer answer;
    for (const auto& one : frames) {
      if (one.stream != stream) continue;
      if (one.type == kData) answer.body += one.payload;
      if (one.type == kRstStream) answer.was_reset = true, answer.code = one.code();
      if (one.ends()) answer.ended = true;
      if (one.type != kHeaders) continue;
      const bool trailers = one.fields.empty() || one.fields.front().first != ":status";
      if (trailers) answer.trailers = one.fields;
      else if (one.fields.front().second[0] == '1') answer.informational.push_back(one.fields.front().second);
      else answer.status = one.fields.front().second, answer.fields = one.fields;
    }
    return answer;
  }

  // The same stream, read as its server.
  Asked asked(std::uint32_t stream) const {
    Asked asked;
    for (const auto& one : frames) {
      if (one.stream != stream) continue;
      if (one.type == kData) asked.body += one.payload;
      if (one.type == kRstStream) asked.was_reset = true, asked.code = one.code();
      if (one.ends()) asked.ended = true;
      if (one.type == kHeaders) (asked.fields.empty() ? asked.fields : asked.trailers) = one.fields;
    }
    return asked;
  }

  std::vector<Frame> frames;

 private:
  Pairs inflate(const std::string& bytes) {
    Pairs fields;
    auto* in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(bytes.data()));
    std::size_t left = bytes.size();
    for (;;) {
      nghttp2_nv pair;
      int flags = 0;
      const auto used = nghttp2_hd_inflate_hd2(inflater_, &pair, &flags, in, left, 1);
      if (used < 0) break;
      in += used;
      left -= static_cast<std::size_t>(used);
      if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
        fields.emplace_back(std::string(reinterpret_cast<char*>(pair.name), pair.namelen),
                            std::string(reinterpret_cast<char*>(pair.value), pair.valuelen));
      if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) {
        nghttp2_hd_inflate_end_headers(inflater_);
        break;
      }
    }
    return fields;
  }

  nghttp2_hd_inflater* inflater_ = nullptr;
  std::string bytes_;
  std::string block_;
  Frame unfinished_;
};

}  // namespace frontdoor::testing::h2
