// An upstream of HTTP/2 in a conversation through the whole proxy: what it is asked is read, its frames are the test's.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/h2_frames.h"
#include "support/test_proxy.h"

namespace frontdoor::testing {

// RFC 9113 §7.
inline constexpr std::uint32_t kRefusedStream = 7;
inline constexpr std::uint32_t kCancelled = 8;

// One connection of it.
class H2UpstreamEnd {
 public:
  // One that says nothing first acknowledges nothing either.
  explicit H2UpstreamEnd(Peer& peer, std::string_view settings) : peer_(&peer), acknowledges_(!settings.empty()) { peer_->send(settings); }

  void read() {
    bytes_ += peer_->received();
    peer_->forget();
    if (!greeted_ && bytes_.size() >= h2::kPrefaceBytes.size()) {
      greeted_ = bytes_.starts_with(h2::kPrefaceBytes);
      bytes_.erase(0, h2::kPrefaceBytes.size());
      if (acknowledges_) send(h2::settings_ack());
    }
    if (!greeted_) return;
    reader_.feed(bytes_);
    bytes_.clear();
    const auto pings = reader_.of(h2::kPing);
    for (; answers_pings_ && pinged_ < pings.size(); ++pinged_)
      if ((pings[pinged_].flags & h2::kAck) == 0) send(h2::ping(pings[pinged_].payload, h2::kAck));
  }
  void answer_pings(bool answers) { answers_pings_ = answers; }

  void send(std::string_view frames) { peer_->send(frames); }
  void answer(std::uint32_t stream, std::string_view body = "hello", std::string code = "200") {
    send(h2::headers(stream, h2::status(std::move(code)), h2::kEndHeaders) + h2::end_of(stream, body));
  }
  bool greeted() const { return greeted_; }
  h2::Asked asked(std::uint32_t stream) const { return reader_.asked(stream); }
  const h2::Reader& reader() const { return reader_; }
  Peer& peer() { return *peer_; }
  std::size_t requests() const {
    std::size_t count = 0;
    for (const auto& frame : reader_.frames)
      if (frame.type == h2::kHeaders && !frame.fields.empty() && frame.fields.front().first == ":method") ++count;
    return count;
  }

 private:
  Peer* peer_;
  bool acknowledges_;
  std::string bytes_;
  h2::Reader reader_;
  std::size_t pinged_ = 0;
  bool greeted_ = false;
  bool answers_pings_ = true;
};

class H2Upstream : public ScriptedUpstream {
 public:
  // What each connection says first.
  void greet_with(std::string settings) { settings_ = std::move(settings); }
  // Takes what has come; connections appear in the order in which they were accepted.
  void read() {
    while (ends_.size() < connections()) ends_.push_back(std::make_unique<H2UpstreamEnd>(connection(ends_.size()), settings_));
    for (const auto& end : ends_) end->read();
  }
  std::size_t ends() const { return ends_.size(); }
  H2UpstreamEnd& end(std::size_t i) { return *ends_.at(i); }
  std::size_t requests() const {
    std::size_t count = 0;
    for (const auto& end : ends_) count += end->requests();
    return count;
  }

 private:
  std::string settings_ = h2::settings();
  std::vector<std::unique_ptr<H2UpstreamEnd>> ends_;
};

// A proxy before upstreams of HTTP/2, and clients of both kinds.
class H2UpstreamTalk {
 public:
  explicit H2UpstreamTalk(std::string_view pool = "", std::size_t upstreams = 1, std::string_view extra = "", Over over = Over::Plain) {
    for (std::size_t i = 0; i < upstreams; ++i) ups.push_back(std::make_unique<H2Upstream>());
    const bool encrypted = over == Over::Tls;
    if (encrypted)
      for (const auto& up : ups) up->encrypt(ScriptedUpstream::Https::Spoken, "h2");
    std::vector<ScriptedUpstream*> scripted;
    for (const auto& up : ups) scripted.push_back(up.get());
    proxy = std::make_unique<TestProxy>(scripted, (encrypted ? "tls = \"self-signed\"\n" : "") + std::string(extra),
                                        (encrypted ? "protocol = \"h2\"\n" : "protocol = \"h2c\"\n") + std::string(pool));
  }

  Peer& client() {
    clients.push_back(proxy->client());
    return *clients.back();
  }
  Peer& ask(std::string_view request) {
    Peer& peer = client();
    peer.send(request);
    return peer;
  }
  bool until(const std::function<bool()>& done) {
    return proxy->until(peers(), [&] {
      read();
      return done();
    });
  }
  void settle() {
    for (int round = 0; round < 3; ++round) {  // what the ends say when they have read
      proxy->settle(peers());
      read();
    }
    proxy->settle(peers());
    read();
  }
  // What was reset goes to the same upstream again after a moment only.
  void pause() {
    settle();
    proxy->time().advance(Millis{50});
    settle();
  }
  H2Upstream& up(std::size_t i = 0) { return *ups.at(i); }
  H2UpstreamEnd& end(std::size_t i = 0, std::size_t upstream = 0) { return ups.at(upstream)->end(i); }
  bool asked(std::size_t requests, std::size_t upstream = 0) {
    return until([&] { return ups.at(upstream)->requests() >= requests; });
  }
  bool answered(Peer& peer) {
    return until([&] { return peer.ended() || complete_response(peer.received()); });
  }

  std::vector<std::unique_ptr<H2Upstream>> ups;
  std::unique_ptr<TestProxy> proxy;
  std::vector<std::unique_ptr<Peer>> clients;

 private:
  std::vector<Peer*> peers() {
    std::vector<Peer*> all;
    for (const auto& each : clients) all.push_back(each.get());
    return all;
  }
  void read() {
    for (const auto& each : ups) each->read();
  }
};

}  // namespace frontdoor::testing
