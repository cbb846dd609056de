// Misfortune before upstreams of HTTP/2: the n-th socket operation of a conversation with several requests on one connection
// goes wrong, in each of the ways in which one can. Each gets a whole answer or learns that there is none, no POST is carried
// out twice, and nothing is left behind.

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "loop/task.h"
#include "support/h2_upstream.h"
#include "support/messages.h"
#include "support/misfortune.h"
#include "support/tunnel_talk.h"

namespace frontdoor::testing {
namespace {

struct Asking {
  const char* name;
  std::vector<std::string> requests;
};

const std::vector<Asking>& askings() {
  static const std::vector<Asking> all{
      {"three GETs at once", {kGet, kGet, kGet}},
      {"one GET", {kGet}},
      {"POST and GET", {kPost, kGet}},
      {"two chunked POSTs", {kChunkedPost, kChunkedPost}},
  };
  return all;
}

// Answers what has come whole.
void answer_all(H2UpstreamTalk& talk, std::set<std::pair<const H2UpstreamEnd*, std::uint32_t>>& answered, std::size_t& posts) {
  for (const auto& up : talk.ups) {
    for (std::size_t i = 0; i < up->ends(); ++i) {
      H2UpstreamEnd& end = up->end(i);
      for (const auto& frame : end.reader().of(h2::kHeaders)) {
        const auto asked = end.asked(frame.stream);
        if (!asked.ended || asked.was_reset || !answered.insert({&end, frame.stream}).second) continue;
        posts += asked[":method"] == "POST" ? 1 : 0;
        end.answer(frame.stream);
      }
    }
  }
}

// Every time-out has passed meanwhile.
void expect_nothing_left(H2UpstreamTalk& talk, std::size_t frames_before, const std::string& what) {
  TestProxy& proxy = *talk.proxy;
  for (int i = 0; i < 8; ++i) {
    proxy.time().advance(std::chrono::seconds{61});
    talk.settle();
  }
  EXPECT_EQ(proxy.upstream(0).in_flight() + proxy.upstream(1).in_flight(), 0u) << what << ": a lease is left";
  EXPECT_EQ(proxy.worker().buffers_in_use(), 0u) << what << ": a buffer is left";
  EXPECT_EQ(proxy.worker().open_connections(), 0u) << what << ": a client connection is left";
  EXPECT_EQ(proxy.ops().closed(), proxy.ops().opened()) << what << ": a descriptor is left";
  EXPECT_EQ(live_frames(), frames_before) << what << ": a coroutine is left";
}

template <Over kOver>
bool goes_well_enough(const Asking& asking, const NamedFault& fault, std::uint64_t n) {
  const std::string what = nth(asking.name, n, fault.name, kOver);
  const std::size_t frames_before = live_frames();
  bool struck = false;
  {
    H2UpstreamTalk talk("", 2, "[timeouts]\nclient_header = \"5s\"\nclient_idle = \"5s\"\nclient_body = \"3s\"\nclient_write = \"3s\"\nresponse_header = \"3s\"\nresponse_body = \"3s\"\n", kOver);
    TestProxy& proxy = *talk.proxy;
    std::set<std::pair<const H2UpstreamEnd*, std::uint32_t>> answered;
    std::size_t posts = 0;
    proxy.ops().arm(n, fault.fault);
    for (const auto& request : asking.requests) talk.ask(request);
    const auto over = [&] {
      return std::all_of(talk.clients.begin(), talk.clients.end(),
                         [](const auto& client) { return client->ended() || complete_response(client->received()); });
    };
    for (int minute = 0; minute < 30 && !over(); ++minute) {
      for (int turn = 0; turn < 4 && !over(); ++turn) {
        talk.settle();
        answer_all(talk, answered, posts);
      }
      talk.settle();
      if (!over()) proxy.time().advance(std::chrono::milliseconds{2'050});
    }
    struck = proxy.ops().struck();
    EXPECT_TRUE(over()) << what << ": a client was left hanging";
    std::size_t asked_posts = 0;
    for (std::size_t i = 0; i < asking.requests.size(); ++i) {
      const std::string& text = talk.clients[i]->received();
      asked_posts += is_post(asking.requests[i]) ? 1 : 0;
      if (text.find("HTTP/1.1 200") != std::string::npos && complete_response(text)) {
        EXPECT_EQ(body_of(text), "hello") << what;
      }
      if (is_get(asking.requests[i]) && proxy.ops().struck_upstream() && fault.fault != Fault::WouldBlock) {
        EXPECT_TRUE(text.starts_with("HTTP/1.1 200")) << what << ": lost a request that need not be lost: " << text;
      }
    }
    EXPECT_LE(posts, asked_posts) << what << ": a POST was carried out twice";
    proxy.ops().disarm();
    for (auto& client : talk.clients) client->close();
    talk.settle();
    expect_nothing_left(talk, frames_before, what);
  }
  return struck;
}

TEST(H2UpstreamMisfortune, EveryOperationMayFailInEveryWay) {
  EXPECT_GE(at_every_operation(askings(), kFaults, goes_well_enough<Over::Plain>), 100u);
}

TEST(H2UpstreamMisfortune, OverTlsItMay) {
  EXPECT_GE(at_every_operation(some_of(askings()), kFaults, goes_well_enough<Over::Tls>), 100u);
}

// ---- A WebSocket: the answer to its opening, bytes both ways, its end

struct Opening {
  const char* name;
  bool upstream_ends_first;
};

template <Over kOver>
bool tunnel_survives(const Opening& opening, const NamedFault& fault, std::uint64_t n) {
  const std::string what = nth(opening.name, n, fault.name, kOver);
  const std::size_t frames_before = live_frames();
  bool struck = false;
  {
    H2UpstreamTalk talk("", 2, "[timeouts]\nclient_header = \"5s\"\nclient_idle = \"5s\"\nclient_write = \"3s\"\nresponse_header = \"3s\"\nstream_idle = \"5s\"\n", kOver);
    TestProxy& proxy = *talk.proxy;
    for (const auto& up : talk.ups) up->greet_with(h2::settings({{8, 1}}));
    proxy.ops().arm(n, fault.fault);
    Peer& client = talk.ask(kHandshake);
    std::set<std::pair<const H2UpstreamEnd*, std::uint32_t>> opened, ended;
    bool said = false;
    const auto play = [&] {
      talk.settle();
      for (const auto& up : talk.ups) {
        for (std::size_t i = 0; i < up->ends(); ++i) {
          H2UpstreamEnd& end = up->end(i);
          for (const auto& frame : end.reader().of(h2::kHeaders)) {
            const std::uint32_t id = frame.stream;
            const auto asked = end.asked(id);
            if (opened.insert({&end, id}).second) end.send(h2::headers(id, h2::status("200"), h2::kEndHeaders) + h2::data(id, server_frame("hi")));
            const bool may_end = opening.upstream_ends_first ? !asked.body.empty() : asked.ended;
            if (may_end && !asked.was_reset && ended.insert({&end, id}).second) end.send(h2::end_of(id, server_close(1000)));
          }
        }
      }
      if (!said && client.saw(server_frame("hi"))) {
        said = true;
        client.send(client_frame("hello") + client_close(1000));
        if (!opening.upstream_ends_first) client.finish();
      }
      if (opening.upstream_ends_first && client.saw(server_close(1000))) client.finish();
    };
    for (int minute = 0; minute < 40 && !client.ended(); ++minute) {
      for (int turn = 0; turn < 4 && !client.ended(); ++turn) play();
      talk.settle();
      if (!client.ended()) proxy.time().advance(std::chrono::milliseconds{2'050});
      if (client.received().starts_with("HTTP/1.1 5")) break;
    }
    struck = proxy.ops().struck();
    EXPECT_TRUE(client.ended() || client.received().starts_with("HTTP/1.1 5")) << what << ": the client was left hanging";
    proxy.ops().disarm();
    client.close();
    talk.settle();
    expect_nothing_left(talk, frames_before, what);
  }
  return struck;
}

const std::vector<Opening> kOpenings{{"a WebSocket that its client ends", false}, {"a WebSocket that its app ends", true}};

TEST(H2UpstreamMisfortune, WithATunnelItMay) {
  EXPECT_GE(at_every_operation(kOpenings, kFaults, tunnel_survives<Over::Plain>), 60u);
}

TEST(H2UpstreamMisfortune, WithATunnelOverTlsItMay) {
  EXPECT_GE(at_every_operation(some_of(kOpenings), kFaults, tunnel_survives<Over::Tls>), 40u);
}

}  // namespace
}  // namespace frontdoor::testing
