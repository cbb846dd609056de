// One session and a scripted client, without a socket: what the client sends, what the session makes of it, what comes
// back. Time stands still unless the test moves it.

#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http2/server_session.h"
#include "support/h2_frames.h"

namespace frontdoor::http2 {

namespace h2 = frontdoor::testing::h2;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

class Conversation {
 public:
  static constexpr std::size_t kRoom = 64 * 1024;

  explicit Conversation(const ServerLimits& limits = {}, bool greet = true)
      : session(std::make_unique<ServerSession>(limits)), block_(kRoom, '\0') {
    output.lend(block_.data(), block_.size());
    if (!greet) return;
    EXPECT_TRUE(send(h2::hello()));
    EXPECT_TRUE(send(h2::settings_ack()));
    flush();
  }

  // False: the connection has failed.
  bool send(std::string_view bytes) {
    const bool open = session->receive(bytes, now);
    while (ServerStream* const stream = session->next_opened()) streams.push_back(stream);
    return open;
  }
  // All that can leave does.
  void flush() {
    for (;;) {
      session->produce(output);
      if (output.empty()) return;
      client.feed(output.unsent());
      output.sent(output.unsent().size());
      session->room_came();
    }
  }
  ServerStream& ask(const std::string& bytes) {
    const std::size_t before = streams.size();
    EXPECT_TRUE(send(bytes));
    EXPECT_EQ(streams.size(), before + 1);
    return *streams.back();
  }
  void answer(ServerStream& stream, std::string_view body, const http::Fields& trailers = {}) {
    EXPECT_TRUE(session->respond(stream, 200, {}, {}, false));
    push(stream, body, true, trailers);
  }
  ServerSession::Pushed push(ServerStream& stream, std::string_view bytes, bool last, const http::Fields& trailers = {},
                             std::size_t quantum = 1 << 20) {
    return session->push(stream, bytes, last, trailers, output, quantum);
  }
  void release(ServerStream& stream, ErrorCode unless_complete = ErrorCode::InternalError) {
    streams.erase(std::find(streams.begin(), streams.end(), &stream));
    session->release(stream, unless_complete);
  }

  TimePoint now{std::chrono::hours{1}};
  Output output;
  std::unique_ptr<ServerSession> session;
  std::vector<ServerStream*> streams;  // taken and not released
  h2::Reader client;

 private:
  std::string block_;
};

inline const http::Fields kNoFields;

struct Heard final : StreamListener {
  void stream_changed() override { ++times; }
  int times = 0;
};

inline h2::Pairs pairs(const http::Fields& fields) {
  h2::Pairs out;
  for (const auto& field : fields) out.emplace_back(field.name, field.value);
  return out;
}

}  // namespace frontdoor::http2
