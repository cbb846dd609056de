#include "proxy/h1/h1_session.h"

#include <algorithm>
#include <chrono>
#include <new>
#include <utility>

#include "http/client_chain.h"
#include "proxy/exchange/error_page.h"
#include "proxy/exchange/head_limits.h"
#include "proxy/exchange/outcome.h"
#include "proxy/exchange/refused_request.h"

namespace frontdoor {

namespace {

// A connection that was quiet for this long gives back all but its ClientConnection.
constexpr Millis kParkAfter{100};

// RFC 9112 §9.6: how long and how much of what the client still sends is read and thrown away, so that the answer
// reaches it before our close would turn into a reset.
constexpr Millis kLingerTime{5'000};
constexpr std::size_t kLingerBytes = std::size_t{64} << 20;

// How much of a body is read for the sake of the connection when the answer came before it. Where more is left, as far
// as its length tells, the answer says that the connection closes; a chunked body is given the benefit of the doubt.
constexpr Millis kRestOfBodyTime{5'000};
constexpr std::size_t kRestOfBodyBytes = std::size_t{64} << 10;
constexpr std::size_t kRestOfChunkedBytes = std::size_t{1} << 20;

// How many pipelined requests are served, and how many reads are made for a head or of what is thrown away, before others
// get their turn: a client that never stops sending must not be the only one.
constexpr std::uint32_t kTurn = 16;

// One allocation for the fields of most heads, instead of one for each doubling.
constexpr std::size_t kUsualFields = 16;

}  // namespace

H1Session::H1Session(ExchangeContext& context, BufferPool& buffers, Transport& transport, SessionOwner& owner,
                     const ConnectedClient& client, InputBuffer input, const bool& draining, Http2 http2)
    : context_(context),
      transport_(transport),
      owner_(owner),
      last_hop_(client.address),
      trusted_proxies_(client.trusted_proxies),
      last_hop_text_(client.address.address.text()),
      client_(client_info(client, last_hop_text_.view())),
      draining_(draining),
      waker_(context.loop),
      input_(std::move(input)),
      parser_(head_limits(context.snapshot->shared().config.limits, buffers.block_bytes())),
      reader_(transport, input_),
      writer_(transport, buffers),
      quiet_since_(context.loop.now()),
      http2_(http2) {
  parser_.head().fields.reserve(kUsualFields);
  transport_.notify(&waker_);
  if (!input_.empty()) started_ = quiet_since_;
}

void H1Session::client_is_last_hop() {
  client_.ip = last_hop_text_.view();
  client_.address = last_hop_;
}

// Each request may come from another client when a proxy is at the other end.
void H1Session::find_client() {
  const IpAddress client = http::client_behind(parser_.head().fields, last_hop_.address, trusted_proxies_);
  if (client == last_hop_.address) return;
  client_text_ = client.text();
  client_.ip = client_text_.view();
  client_.address = {client, 0};
}

Task<H1Session::Ended> H1Session::serve() {
  for (;;) {
    switch (co_await read_head()) {
      case HeadRead::Complete:
        if (client_.trusted) find_client();
        break;
      case HeadRead::Idle: co_return Ended::Idle;
      case HeadRead::Closed: co_return Ended::Close;
      case HeadRead::Refused:
        if (begins_http2()) co_return Ended::Http2;
        co_await refuse(parser_.refusal());
        co_return Ended::Close;
      case HeadRead::TimedOut: {
        const http::Refusal slow{408, outcome::kHeaderTimeout.data(), "head not complete in time"};
        co_await refuse(slow);
        co_return Ended::Close;
      }
    }
    owner_.exchange_begins();
    bool no_memory = false;
    try {
      Exchange exchange(context_, *this, waker_, started_);
      co_await exchange.run();
    } catch (const std::bad_alloc&) {
      no_memory = true;  // not even for an exchange, or for the answer that it wanted to give
    }
    owner_.exchange_ended();
    if (no_memory) {
      if (answer_begun_ || !writer_.idle()) co_return Ended::Reset;
      const http::Refusal refusal{503, outcome::kLocalResources.data(), "out of memory"};
      co_await refuse(refusal);
      co_return Ended::Close;
    }
    // A response that only the end of the connection delimits must not seem complete when it was cut.
    // And what the kernel would go on offering to a client that does not read is memory that it has won by attrition.
    if (aborted_ && (close_delimited_ || given_up_)) co_return Ended::Reset;
    if (aborted_ || gone()) co_return Ended::Close;
    if (keep_alive_ && writer_.complete() && reader_.may_end_within(kRestOfBodyBytes)) co_await drop_rest_of_body();
    if (!next_request_possible()) {
      if (client_may_be_sending()) co_await linger();
      co_return Ended::Close;
    }
    prepare_next();
    if (++served_ % kTurn == 0 && !input_.empty()) co_await waker_.yield();
  }
}

// An app that does not care for a body may answer before it has come, and the client was told that the connection lives
// on: its next request must not meet a close. What is left is little, or the client has to connect again after all.
Task<> H1Session::drop_rest_of_body() {
  const TimePoint deadline = context_.loop.now() + kRestOfBodyTime;
  std::size_t budget = kRestOfChunkedBytes;  // with a length it is kRestOfBodyBytes at most
  while (!gone() && context_.loop.now() < deadline) {
    const Peeked peeked = reader_.peek();
    if (peeked.state == Peeked::State::Pending) {
      co_await waker_.until(deadline);
      continue;
    }
    if (peeked.state != Peeked::State::Bytes || peeked.bytes.size() > budget) co_return;
    budget -= peeked.bytes.size();
    reader_.consume(peeked.bytes.size());
  }
}

void H1Session::cut() {
  cut_ = true;
  waker_.wake();
}

Task<H1Session::HeadRead> H1Session::read_head() {
  std::uint32_t reads = 0;
  for (;;) {
    if (gone()) co_return HeadRead::Closed;
    if (!input_.empty()) {
      switch (parser_.parse(input_.unread())) {
        case http::HeadStatus::Refused: co_return HeadRead::Refused;
        case http::HeadStatus::Complete:
          input_.pin(parser_.head_size());
          reader_.start(parser_.head().framing);
          co_return HeadRead::Complete;
        case http::HeadStatus::Incomplete:
          // An empty line behind a body (RFC 9112 §2.2) is no head under way. Of half a one the CR must not be forgotten: an LF
          // alone would be a 400.
          if (!parser_.started() && !input_.unread().ends_with('\r')) started_ = {};
          else if (!std::exchange(begun_told_, true)) owner_.head_begun();
          break;
      }
    }
    const IoResult result = input_.fill(transport_);
    if (result.status == IoStatus::Ok) {
      if (started_ == TimePoint{}) started_ = context_.loop.now();
      if (++reads % kTurn == 0) co_await waker_.yield();  // encrypted, each may bring a byte
      continue;
    }
    if (result.status != IoStatus::WouldBlock) co_return HeadRead::Closed;

    const TimePoint now = context_.loop.now();
    const bool begun = started_ != TimePoint{};
    const TimePoint deadline = begun ? started_ + timeouts().client_header : quiet_since_ + kParkAfter;
    if (now >= deadline) co_return begun ? HeadRead::TimedOut : HeadRead::Idle;
    input_.release_if_empty();
    co_await waker_.until(deadline);
  }
}

// RFC 9113 §3.4: the first line of its preface was chosen so that no server of HTTP/1 takes it for a request. Nothing is
// asked of a request that is one.
bool H1Session::begins_http2() const {
  return http2_ == Http2::AtFirst && served_ == 0 && input_.unread().starts_with("PRI * HTTP/2.0\r\n");
}

bool H1Session::next_request_possible() const {
  // An answer that came before the request's end leaves bytes behind that are no head.
  return keep_alive_ && reader_.complete() && reader_.failure() == H1BodyReader::Failure::None && writer_.complete();
}

// Closing on unread bytes is a reset, which can overtake the answer (RFC 9112 §9.6).
bool H1Session::client_may_be_sending() const {
  return !reader_.complete() || reader_.failure() != H1BodyReader::Failure::None || !writer_.complete() ||
         !input_.empty() || transport_.may_read();
}

void H1Session::prepare_next() {
  input_.unpin();
  parser_.reset();
  writer_.forget();
  if (client_.trusted) client_is_last_hop();
  keep_alive_ = true;
  answer_begun_ = false;
  continue_sent_ = false;
  close_delimited_ = false;
  begun_told_ = false;
  quiet_since_ = context_.loop.now();
  started_ = input_.empty() ? TimePoint{} : quiet_since_;
}

bool H1Session::send_informational(std::uint16_t status, std::string_view reason, const http::Fields& fields) {
  http::HeadWriter head = writer_.begin_head();
  head.status_line(status, reason);
  for (const auto& field : fields) head.field(field.name, field.value);
  head.end();
  if (head.overflowed()) return false;
  writer_.head_written(head, {});
  if (status == 100) continue_sent_ = true;
  return true;
}

// RFC 9110 §10.1.1: a client that hears the outcome while it waits for a 100 may send its body or leave it out, so
// that nobody can tell what its next bytes are.
bool H1Session::waits_for_continue() const { return parser_.head().expect_continue && !continue_sent_; }

bool H1Session::switch_protocols(std::string_view reason, const http::Fields& fields) {
  if (!send_informational(101, reason, fields)) return false;
  writer_.switch_protocols();
  answer_begun_ = true;
  input_.unpin();
  reader_.start({http::BodyKind::UntilClose, 0});
  keep_alive_ = false;
  close_delimited_ = true;
  return true;
}

bool H1Session::send_head(const OutgoingResponse& response) {
  const http::RequestHead& request = parser_.head();
  const bool http10 = request.version == http::Version::Http10;
  const bool bodiless = request.method == http::Method::Head || response.status == 204 || response.status == 304;

  http::Framing framing = response.framing;
  // The coding is ours to choose: an unknown length is chunked where the client can read that.
  if (framing.kind == http::BodyKind::UntilClose && !http10) framing.kind = http::BodyKind::Chunked;
  if (framing.kind == http::BodyKind::Chunked && http10) framing.kind = http::BodyKind::UntilClose;
  if (framing.kind == http::BodyKind::None && !bodiless) framing = {http::BodyKind::Length, 0};
  close_delimited_ = framing.kind == http::BodyKind::UntilClose;

  // RFC 9112 §9.6: a close is announced, or the client may send its next request into the closing connection.
  // Behind a FIN nothing follows but what came before it: pipelined requests are still served (§9.3.2).
  const bool last = transport_.peer_finished() && (!reader_.complete() || input_.empty());
  keep_alive_ = request.keep_alive && !close_delimited_ && !draining_ && !last &&
                (reader_.complete() || (reader_.may_end_within(kRestOfBodyBytes) && !response.request_abandoned &&
                                        !waits_for_continue()));

  http::HeadWriter head = writer_.begin_head();
  head.status_line(response.status, response.reason);
  for (const auto& field : response.fields) head.field(field.name, field.value);
  if (response.declared_length.data()) head.field("Content-Length", response.declared_length);
  else head.framing(framing);
  if (!keep_alive_) head.field("Connection", "close");
  else if (http10) head.field("Connection", "keep-alive");
  head.end();
  if (head.overflowed()) return false;
  writer_.head_written(head, framing);
  answer_begun_ = true;
  return true;
}

Task<> H1Session::refuse(const http::Refusal& refusal) {
  const RequestIds::Id id = context_.request_ids.next();
  const std::string_view request_id{id.data(), id.size()};
  const bool begun = started_ != TimePoint{};
  const Duration took = begun ? std::max<Duration>(std::chrono::microseconds{1}, context_.loop.now() - started_) : Duration{};
  const RefusedRequest refused{refusal, request_id, took};
  const auto page = error_page(refusal.status, refusal.outcome, "", request_id);

  // RFC 9110 §9.3.2: no content in an answer to HEAD, if we have come so far as to know the method.
  const std::string_view body = parser_.head().method == http::Method::Head ? std::string_view() : page.body;

  writer_.forget();
  http::HeadWriter head = writer_.begin_head();
  head.status_line(refusal.status, {});
  for (const auto& field : refusal_fields(context_, client_, refused, page)) head.field(field.name, field.value);
  head.framing({http::BodyKind::Length, page.body.size()});
  head.field("Connection", "close");
  head.end();
  writer_.head_written(head, {http::BodyKind::Length, body.size()});
  // Short enough for any socket buffer; a client that does not take it is not waited for.
  const Pushed pushed = writer_.push(body, true, {});

  log_refusal(context_, client_, refused, what_was_asked(), pushed.accepted);
  if (pushed.state != Pushed::State::Failed) co_await linger();
}

// What can be told of a request, although it is none that we would serve.
http::RequestSketch H1Session::what_was_asked() const {
  const http::RequestHead& head = parser_.head();
  // A head that was read, and then found no memory, is no longer among the unread: the next request may be.
  if (input_.pinned()) return {head.method_text, head.target, head.authority, head.version};
  return http::sketch_request(input_.unread());
}

Task<> H1Session::linger() {
  input_.unpin();
  input_.consume(input_.size());
  transport_.shutdown_write();
  const TimePoint deadline = context_.loop.now() + kLingerTime;
  std::size_t budget = kLingerBytes;
  while (!cut_ && context_.loop.now() < deadline && discard(budget)) {
    if (transport_.may_read()) co_await waker_.yield();
    else co_await waker_.until(deadline);
  }
}

bool H1Session::discard(std::size_t& budget) {
  for (std::uint32_t reads = 0; reads < kTurn; ++reads) {
    const IoResult result = input_.fill(transport_);
    if (result.status == IoStatus::WouldBlock) {
      input_.release_if_empty();
      return true;
    }
    if (result.status != IoStatus::Ok || result.bytes >= budget) return false;
    budget -= result.bytes;
    input_.consume(input_.size());
  }
  return true;
}

}  // namespace frontdoor
