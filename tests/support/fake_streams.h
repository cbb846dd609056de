// Both sides of an exchange without a socket and without HTTP/1: a client stream, upstream streams and a
// dialer whose every move the test makes. What a test changes wakes the exchange as a real stream would, so a
// wake-up that the exchange depends on and does not get shows as a test that stands still.

#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/exchange/stream.h"
#include "proxy/upstreams/local_snapshot.h"

namespace frontdoor::testing {

inline constexpr http::Framing kChunked{http::BodyKind::Chunked};

// Fields with their text, for what must live longer than a call.
class OwnedFields {
 public:
  OwnedFields() = default;
  OwnedFields(std::initializer_list<std::pair<const char*, const char*>> fields) {
    for (const auto& [name, value] : fields) add(name, value);
  }
  explicit OwnedFields(const http::Fields& fields) {
    for (const auto& field : fields) add(field.name, field.value);
  }

  void add(std::string_view name, std::string_view value) {
    const auto& kept = text_.emplace_back(std::string(name), std::string(value));
    views_.push_back({kept.first, kept.second, http::field_id(kept.first)});
  }
  const http::Fields& views() const { return views_; }
  std::string_view operator[](std::string_view name) const {
    for (const auto& field : views_)
      if (http::equal_ignoring_case(field.name, name)) return field.value;
    return {};
  }

 private:
  std::deque<std::pair<std::string, std::string>> text_;
  http::Fields views_;
};

// A body that the test feeds.
class FakeSource final : public BodySource {
 public:
  explicit FakeSource(Waker* waker = nullptr) : waker_(waker) {}
  void wake_on_change(Waker& waker) { waker_ = &waker; }

  void add(std::string_view bytes);
  void end();
  void reopen() { ended_ = false; }  // there is a body after all
  void fail();
  void set_trailers(http::Fields trailers) { trailers_ = std::move(trailers); }
  std::uint64_t consumed() const { return consumed_; }
  std::size_t unread() const { return bytes_.size(); }

  Peeked peek() override;
  void consume(std::size_t count) override;
  const http::Fields& trailers() const override { return trailers_; }
  bool ready() const override { return !bytes_.empty() || ended_ || failed_; }
  std::size_t peeks() const { return peeks_; }

 private:
  void changed();

  Waker* waker_;
  std::string bytes_;
  bool ended_ = false;
  bool failed_ = false;
  std::uint64_t consumed_ = 0;
  std::size_t peeks_ = 0;
  http::Fields trailers_;
};

// A sink with as much room as the test gives it; unlimited at first.
class FakeSink final : public BodySink {
 public:
  static constexpr std::size_t kUnlimited = std::numeric_limits<std::size_t>::max();

  explicit FakeSink(Waker* waker = nullptr) : waker_(waker) {}
  void wake_on_change(Waker& waker) { waker_ = &waker; }

  void set_room(std::size_t room);
  void hold_flush(bool hold);  // takes bytes, but reports Blocked: framing around them is still to be written
  void fail();
  const std::string& received() const { return received_; }
  bool ended() const { return ended_; }
  std::size_t pushes() const { return pushes_; }
  const OwnedFields& trailers() const { return trailers_; }

  Pushed push(std::string_view bytes, bool last, const http::Fields& trailers) override;
  bool ready() const override { return failed_ || (room_ != 0 && !hold_); }

 private:
  Waker* waker_;
  std::size_t room_ = kUnlimited;
  bool hold_ = false;
  bool failed_ = false;
  bool ended_ = false;
  std::size_t pushes_ = 0;
  std::string received_;
  OwnedFields trailers_;
};

// A head as it was passed on, copied.
struct SentHead {
  std::uint16_t status = 0;
  OwnedFields fields;
  http::Framing framing;
  std::string declared_length;
  bool request_abandoned = false;
};

class FakeClientStream final : public ClientStream {
 public:
  explicit FakeClientStream(Waker& waker) : body(&waker), answer(&waker), waker_(waker) {
    info.ip = info.last_hop = "192.0.2.7";
    info.address = {*IpAddress::parse(info.ip), 4711};
    head.authority = "app.example";
    ask("GET", "/");
  }

  void ask(std::string_view method, std::string_view target);
  // Without this the request has no body.
  void announce_body(http::Framing framing) {
    head.framing = framing;
    body.reopen();
  }
  void leave();                                       // RST
  void be_cut() { cut_ = true, leave(); }             // our own process ends it
  void finish() { finished_ = true, waker_.wake(); }  // FIN

  ClientInfo info;
  http::RequestHead head;
  FakeSource body;
  FakeSink answer;
  bool malformed = false;
  std::size_t buffered = 100;
  TimePoint held_up{};
  std::size_t unread = 0;  // of what the answer took, still in the kernel
  int heads_to_refuse = 0;  // so many of the next heads do not fit

  // What it was sent.
  std::vector<std::uint16_t> informational;
  std::vector<SentHead> heads;
  bool aborted = false;
  bool given_up = false;
  bool switched = false;
  RawConnection raw_connection{};  // of a tunnel; by itself none
  std::uint16_t status() const { return heads.empty() ? std::uint16_t{0} : heads.back().status; }

  const ClientInfo& client() const override { return info; }
  IpEndpoint local_address() const override { return {*IpAddress::parse("192.0.2.1"), 80}; }
  const http::RequestHead& request() const override { return head; }
  BodySource& request_body() override { return body; }
  bool request_malformed() const override { return malformed; }
  const char* request_failure_detail() const override { return malformed ? "nonsense" : ""; }
  std::size_t buffered_bytes() const override { return buffered; }
  TimePoint held_up_until() const override { return held_up; }
  bool gone() const override { return gone_; }
  bool finished() const override { return finished_; }
  bool cut_by_us() const override { return cut_; }
  bool send_informational(std::uint16_t status, std::string_view reason, const http::Fields& fields) override;
  bool send_head(const OutgoingResponse& response) override;
  BodySink& response_body() override { return answer; }
  std::size_t unread_bytes() const override { return unread; }
  bool switch_protocols(std::string_view reason, const http::Fields& fields) override;
  RawConnection raw() override { return raw_connection; }
  void abort() override { aborted = true; }
  void give_up() override { aborted = given_up = true; }

 private:
  Waker& waker_;
  bool gone_ = false;
  bool finished_ = false;
  bool cut_ = false;
};

// One connection to an upstream as the test sees it; it outlives the stream that the exchange owned.
class FakeUpstream {
 public:
  FakeUpstream(std::string upstream_name, bool is_reused)
      : name(std::move(upstream_name)), reused(is_reused) {}

  const std::string name;  // of the upstream
  const bool reused;
  bool open = true;         // the exchange still holds the stream
  bool given_back = false;  // in order, after a complete response

  // What it was sent.
  std::string method;
  std::string target;
  std::string authority;
  OwnedFields fields;
  http::Framing framing;
  FakeSink request;
  bool sent = false;  // any byte
  bool aborted = false;
  bool gone = false;
  bool takes_head = true;
  bool tells_unprocessed = false;
  RawConnection raw_connection{};  // of a tunnel; by itself none
  std::shared_ptr<bool> death_paid_for;  // shared by the streams of one connection; null: it has one
  std::function<void()> when_reuse_is_asked;  // which each look at a failure begins with

  // What it answers.
  FakeSource body;
  void informational(std::uint16_t status);
  void respond(std::uint16_t status, OwnedFields response_fields = {}, http::Framing response_framing = {});
  void respond_whole(std::string_view text);  // 200 with this body
  void switch_to(const char* protocol);       // 101; from now on the bodies are a tunnel's
  void reset();                               // the connection ends now
  void refuse();                              // it had not begun with it
  void send_garbage();                        // an answer that is no HTTP

 private:
  friend class FakeUpstreamStream;
  friend class FakeDialer;
  struct Step {
    UpstreamStream::HeadState state;
    UpstreamFailure failure;
    std::shared_ptr<OwnedFields> fields;
    http::ResponseHead head;
  };
  void add(Step step);

  Waker* waker_ = nullptr;
  std::deque<Step> steps_;
  Step current_{};
  bool received_ = false;
};

class FakeDialer final : public Dialer {
 public:
  using Verify = Dialer::Verify;

  explicit FakeDialer(TimeSource& time) : time_(time) {}

  // The next connects to this upstream fail; from then on they succeed again.
  void fail_next(const std::string& upstream, UpstreamFailure failure, int times = 1);
  // Connects wait from now on, until let_through() or their deadline.
  void hold() { held_ = true; }
  void let_through();
  std::shared_ptr<FakeUpstream> add_idle(const std::string& upstream);

  // All connections that were handed out, in order.
  std::vector<std::shared_ptr<FakeUpstream>> connections;
  FakeUpstream& connection(std::size_t i) { return *connections.at(i); }
  FakeUpstream& last() { return *connections.back(); }
  int dials = 0;
  int knocks = 0;
  std::vector<Verify> verified;
  bool room_is_coming = false;  // with UpstreamFailure::LocalResources
  bool heads_fit = true;  // into the buffers of the connections that are handed out
  bool tells_unprocessed = false;  // those do

  std::unique_ptr<UpstreamStream> reuse(LocalUpstream& upstream, Waker& waker, Verify verify) override;
  Task<Dialed> dial(LocalUpstream& upstream, Waker& waker, TimePoint deadline, Caller& caller) override;
  // Fails as the next connect would, and is not among the connections.
  Task<Dialed> knock(LocalUpstream& upstream, Waker& waker, TimePoint deadline, Caller& caller) override;
  void give_back(LocalUpstream& upstream, std::unique_ptr<UpstreamStream> stream, Millis idle_limit) override;

 private:
  std::unique_ptr<UpstreamStream> hand_out(std::shared_ptr<FakeUpstream> connection, Waker& waker);

  TimeSource& time_;
  std::map<std::string, std::pair<UpstreamFailure, int>> failures_;
  std::map<std::string, std::vector<std::shared_ptr<FakeUpstream>>> idle_;
  bool held_ = false;
  Waker* held_waker_ = nullptr;
};

}  // namespace frontdoor::testing
