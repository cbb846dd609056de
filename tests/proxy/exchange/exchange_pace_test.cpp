// A client that keeps within client_body and client_write by a byte now and then: it is cut by its pace. And clients
// that only look like that.

#include <gtest/gtest.h>

#include <string>

#include "support/exchange_stage.h"

namespace frontdoor {
namespace {

using http::BodyKind;
using testing::ExchangeStage;
using testing::OwnedFields;
using testing::kChunked;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

struct SlowUpload : ExchangeStage {
  SlowUpload() : ExchangeStage(1) {
    client.ask("POST", "/");
    client.announce_body(kChunked);
  }
  explicit SlowUpload(const Adjust& adjust) : ExchangeStage(1, adjust) {
    client.ask("POST", "/");
    client.announce_body(kChunked);
  }

  // Sends so many bytes each second. How many seconds it lasted, `most` at most.
  int drip(std::size_t bytes, int most) {
    for (int second = 0; second < most; ++second) {
      if (ended()) return second;
      client.body.add(std::string(bytes, 'x'));
      pass(1s - TimerWheel::kTick);
    }
    return most;
  }
};

TEST(ClientPace, AnUploadThatDripsIs408) {
  SlowUpload stage;
  stage.run();
  EXPECT_NEAR(stage.drip(1, 300), 30, 2);
  EXPECT_EQ(stage.client.status(), 408);
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_TRUE(stage.upstream(0).available()) << "not the upstream's fault";
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"client_body_timeout\""));
}

TEST(ClientPace, AnUploadAtTheRateGoesOn) {
  SlowUpload stage;
  stage.run();
  EXPECT_EQ(stage.drip(102, 600), 600);  // a second takes a tick longer here
}

TEST(ClientPace, AFastStartDoesNotPayForever) {
  SlowUpload stage;
  stage.run();
  stage.client.body.add(std::string(1 << 20, 'x'));
  stage.turn();
  EXPECT_NEAR(stage.drip(1, 300), 60, 2);
}

TEST(ClientPace, IsTheRoutes) {
  SlowUpload stage([](config::Config& config) {
    config.limits.min_bytes_per_second = 1000;
    config.routes.front().min_bytes_per_second = 0;
  });
  stage.run();
  EXPECT_EQ(stage.drip(1, 300), 300);
}

TEST(ClientPace, AnUpstreamThatTakesSlowlyIsNotTheClientsFault) {
  SlowUpload stage([](config::Config& config) { config.timeouts.response_header = Millis{3'600'000}; });
  stage.run();
  stage.conn(0).request.set_room(0);
  stage.client.body.add(std::string(100'000, 'x'));
  for (int second = 0; second < 300; ++second) {
    stage.conn(0).request.set_room(1);
    stage.pass(1s);
  }
  EXPECT_FALSE(stage.ended());
}

TEST(ClientPace, TimeOfTheUpstreamsIsNotCountedLater) {
  SlowUpload stage([](config::Config& config) { config.timeouts.response_header = Millis{3'600'000}; });
  stage.run();
  stage.conn(0).request.set_room(0);
  stage.client.body.add("abc");
  stage.turn();
  stage.pass(20min);
  stage.conn(0).request.set_room(testing::FakeSink::kUnlimited);
  stage.turn();
  EXPECT_NEAR(stage.drip(1, 300), 30, 2);
}

TEST(ClientPace, ADripBehindAnAnswerIsCut) {
  SlowUpload stage;
  stage.run();
  stage.conn(0).respond(200, {}, kChunked);
  stage.turn();
  EXPECT_NEAR(stage.drip(1, 300), 30, 2);
  EXPECT_TRUE(stage.client.aborted);
  EXPECT_FALSE(stage.client.given_up) << "it may still read what was sent";
  EXPECT_THAT(stage.log_line(), HasSubstr("\"status\":200,\"outcome\":\"client_body_timeout\""));
}

TEST(ClientPace, ADripWhoseAnswerFlowsIsAConversation) {
  SlowUpload stage;
  stage.run();
  stage.conn(0).respond(200, {}, kChunked);
  for (int second = 0; second < 300; ++second) {
    stage.client.body.add("x");
    stage.conn(0).body.add(std::string(120, 'y'));
    stage.pass(1s);
  }
  EXPECT_FALSE(stage.ended());
}

TEST(ClientPace, OpenEndedStreamsMayDrip) {
  for (const char* type : {"text/event-stream", "application/grpc"}) {
    SlowUpload stage;
    stage.run();
    stage.conn(0).respond(200, {{"Content-Type", type}}, kChunked);
    stage.turn();
    EXPECT_EQ(stage.drip(1, 300), 300) << type;
  }
}

TEST(ClientPace, AGrpcClientMayDripBeforeItIsAnswered) {
  SlowUpload stage;
  const OwnedFields fields{{"Content-Type", "application/grpc+proto"}};
  stage.client.head.fields = fields.views();
  stage.run();
  EXPECT_EQ(stage.drip(1, 300), 300);
}

// ---- Reading

struct Download : ExchangeStage {
  explicit Download(OwnedFields fields = {}) : ExchangeStage(1) {
    client.answer.set_room(0);
    run();
    conn(0).respond(200, std::move(fields), kChunked);
    conn(0).body.add(std::string(100'000, 'x'));
    turn();
  }

  // Reads so many bytes each second; how many seconds it lasted.
  int sip(std::size_t bytes, int most) {
    for (int second = 0; second < most; ++second) {
      if (ended()) return second;
      client.answer.set_room(bytes);
      pass(1s - TimerWheel::kTick);
    }
    return most;
  }
};

TEST(ClientPace, AReaderThatSipsIsCut) {
  Download stage;
  EXPECT_NEAR(stage.sip(1, 300), 30, 2);
  EXPECT_TRUE(stage.client.given_up);
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"client_write_timeout\""));
}

TEST(ClientPace, ASlowReaderReadsToTheEnd) {
  Download stage;
  EXPECT_EQ(stage.sip(102, 600), 600);
}

TEST(ClientPace, ASlowReaderOfEventsIsOnlyBoundByItsPauses) {
  Download stage({{"Content-Type", "text/event-stream"}});
  EXPECT_EQ(stage.sip(1, 300), 300);
}

// The kernel has taken 64 KiB at once and has no room for minutes, while the client reads all the time.
TEST(ClientPace, WhatTheKernelHoldsForAClientIsReadToo) {
  Download stage;
  stage.client.unread = 65'536;
  stage.client.answer.set_room(65'536);
  stage.turn();
  for (int second = 0; second < 300; ++second) {
    stage.client.unread -= 200;
    stage.pass(1s);
  }
  EXPECT_FALSE(stage.ended());
  stage.pass(31s);  // now it stops
  stage.pass(31s);
  EXPECT_TRUE(stage.ended());
}

TEST(ClientPace, WhatTheKernelHoldsIsNoProgressByItself) {
  Download stage;
  stage.client.unread = 65'536;
  stage.client.answer.set_room(65'536);
  stage.turn();
  int seconds = 0;
  for (; seconds < 300 && !stage.ended(); ++seconds) {
    stage.client.unread -= 1;
    stage.pass(1s);
  }
  EXPECT_NEAR(seconds, 30, 2);
  EXPECT_THAT(stage.log_line(), HasSubstr("\"outcome\":\"client_write_timeout\""));
}

}  // namespace
}  // namespace frontdoor
