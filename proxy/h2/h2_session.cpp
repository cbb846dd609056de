#include "proxy/h2/h2_session.h"

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "http/client_chain.h"
#include "proxy/exchange/error_page.h"
#include "proxy/exchange/grpc.h"
#include "proxy/exchange/head_limits.h"
#include "proxy/exchange/outcome.h"
#include "proxy/exchange/refused_request.h"

namespace frontdoor {

namespace {

// A connection that was quiet for this long gives back all but what the protocol must not forget.
constexpr Millis kParkAfter{100};
// While requests are under way it looks at its clock this often: what it must see sooner wakes it.
constexpr Millis kLook{1'000};

// To whom speaks HTTP/1 where only HTTP/2 is spoken.
constexpr std::string_view kNotHttp2 =
    "HTTP/1.1 505 HTTP Version Not Supported\r\nContent-Type: text/plain\r\nContent-Length: 33\r\n"
    "Connection: close\r\n\r\nThis address speaks HTTP/2 only.\n";

// Between the two steps of a shutdown, where the client does not say that it has heard of the first.
constexpr Millis kLongestRoundTrip{1'000};
// And after it has said so: its answer to a PING overtakes the requests that wait to be written (Node's does), and its program
// hears of the GOAWAY a little later than its library.
constexpr Millis kAfterHearing{100};

// RFC 9112 §9.6 holds here too: how long and how much of what the client still sends is thrown away, so that our last
// frames reach it before our close would turn into a reset.
constexpr Millis kLingerTime{2'000};
constexpr std::size_t kLingerBytes = std::size_t{4} << 20;
constexpr int kReadsPerTurn = 16;

// Of TLS, its plaintext at most.
constexpr std::size_t kRecord = 16 * 1024;

// How long a client that has its whole answer may go on sending its request before it is told to stop: two of these at
// most.
constexpr Millis kUnwanted{200};

http::RequestSketch asked_for(const H2Stream& stream) {
  const http::RequestHead& request = stream.request();
  return {request.method_text, request.target, request.authority, request.version};
}

// How much of an answer is written before others get their turn, where several wait for room.
constexpr std::size_t kQuantum = 16 * 1024;

http2::ServerLimits limits_for(const config::Limits& limits, std::size_t block_bytes) {
  http2::ServerLimits server;
  server.head = head_limits(limits, block_bytes);
  return server;
}

}  // namespace

H2Session::H2Session(ExchangeContext& context, BufferPool& buffers, Transport& transport, SessionOwner& owner,
                     const ConnectedClient& client, TimePoint waiting_since, const bool& draining)
    : context_(context),
      buffers_(buffers),
      transport_(transport),
      owner_(owner),
      last_hop_(client.address),
      trusted_proxies_(client.trusted_proxies),
      last_hop_text_(client.address.address.text()),
      client_(client_info(client, last_hop_text_.view())),
      draining_(draining),
      waker_(context.loop),
      frames_(limits_for(context.snapshot->shared().config.limits, buffers.block_bytes())),
      quiet_since_(waiting_since),
      active_at_(context.loop.now()) {
}

H2Session::~H2Session() = default;

void H2Session::take(std::string_view bytes) {
  frames_.receive(bytes, now());
  active_at_ = now();
  window_was_closed_ = window_was_closed_ || frames_.window_closed();
}

// Frames would say nothing to it.
void H2Session::answer_in_http1() {
  note_fault();
  frames_.connection_lost();
  if (lend_block()) output_.append(kNotHttp2.data(), kNotHttp2.size());
}

Task<H2Session::Ended> H2Session::serve() {
  serving_ = true;
  transport_.notify(&waker_);
  Ended ended = Ended::Close;
  try {
    const bool idle = co_await work();
    if (idle) ended = Ended::Idle;
    else ended = co_await finish();
  } catch (const std::bad_alloc&) {
    lose();
  }
  // They know that nobody is there any more, and need this session to their end.
  while (lost_ && !streams_.empty()) co_await waker_.until(now() + kLook);
  serving_ = false;
  co_return ended;
}

// True: it rests.
Task<bool> H2Session::work() {
  while (!over()) {
    const bool more = read();
    tell_of_fin();
    start_opened();
    go_on_with_the_drain();
    look_at_the_clock();
    if (over()) break;
    if (at_rest() && now() >= active_at_ + kParkAfter) co_return true;
    frames_wait();
    if (more) co_await waker_.yield();
    else co_await waker_.until(deadline());
  }
  co_return false;
}

// Whether nothing can come of this connection any more, besides what is under way.
bool H2Session::over() const {
  if (lost_ || cut_ || frames_.finished() || frames_.wrong_preface()) return true;
  return all_read_ && streams_.empty() && output_.empty();
}

bool H2Session::at_rest() const {
  return streams_.empty() && drain_ == Drain::None && !frames_.unfinished() && !frames_.anything_unwanted() && output_.empty() &&
         !frames_.wants_to_send() && !transport_.may_read() && transport_.flush() == IoStatus::Ok;
}

// ---- What comes

bool H2Session::much_unsent() const { return output_.unsent().size() > buffers_.block_bytes() / 2; }

// One block at most. True: there may be more. From a client that does not read what we send nothing is read either: that
// bounds what it could make us say. A slow reader, whose answers fill what it has just made free, is given a block for it;
// what the last one has made us say is in the output by then, ahead of all bodies.
bool H2Session::read() {
  if (transport_.peer_gone()) lose();
  const bool some_left = std::exchange(some_left_, false);
  held_back_ = much_unsent() && (!some_left || frames_.answers_wait());
  if (lost_ || all_read_ || held_back_ || !transport_.may_read()) return false;
  const Buffer block(buffers_);
  std::size_t room = block.size();
  // An encrypted connection gives a record at a time, which is far less than a block, and may be a byte.
  for (int reads = 0; reads < kReadsPerTurn && room >= kRecord && transport_.may_read(); ++reads) {
    const IoResult result = transport_.read(block.data(), block.size());
    if (result.status == IoStatus::WouldBlock) return false;
    if (result.status != IoStatus::Ok) {
      all_read(result.status);
      return false;
    }
    take({block.data(), result.bytes});
    room -= std::min(room, result.bytes);
  }
  return transport_.may_read();
}

// An end that TLS has not announced is one all the same to requests that are complete: the others never will be.
void H2Session::all_read(IoStatus how) {
  if (how == IoStatus::Failed && (!transport_.peer_finished() || transport_.peer_gone())) return lose();
  all_read_ = true;
  frames_.client_finished();
}

// A FIN is a client that has left (ADR 0009): each exchange has its own patience with it.
void H2Session::tell_of_fin() {
  if (!finished() || std::exchange(fin_told_, true)) return;
  streams_.for_each([](H2Stream& stream) { stream.waker().wake(); });
}

void H2Session::lose() {
  if (std::exchange(lost_, true)) return;
  frames_.connection_lost();
  streams_.for_each([](H2Stream& stream) { stream.waker().wake(); });
  waker_.wake();
}

void H2Session::cut() {
  if (std::exchange(cut_, true)) return;
  try {
    frames_.terminate(http2::ErrorCode::NoError);
  } catch (const std::bad_alloc&) {
    lose();
  }
  streams_.for_each([](H2Stream& stream) { stream.waker().wake(); });
  waker_.wake();
  frames_wait();
  if (!serving_) flush();  // nobody else does
}

void H2Session::start_opened() {
  while (http2::ServerStream* const frames = frames_.next_opened()) start(*frames);
}

void H2Session::start(http2::ServerStream& frames) {
  used_ = true;
  H2Stream* stream = nullptr;
  try {
    stream = new H2Stream(*this, frames, context_.loop, client_);
  } catch (const std::bad_alloc&) {
    return frames_.release(frames, http2::ErrorCode::RefusedStream);  // nobody has begun to work on it
  }
  if (client_.trusted) {
    const IpAddress client = http::client_behind(frames.request().fields, last_hop_.address, trusted_proxies_);
    if (client != last_hop_.address) stream->client_is(client);
  }
  const bool first = streams_.empty();
  streams_.push_back(*stream);
  if (first) owner_.exchange_begins();
  try {
    serve_stream(*stream, now());  // what this may throw is its frame's; from then on it catches by itself
  } catch (const std::bad_alloc&) {
    ended(*stream);
  }
}

Detached H2Session::serve_stream(H2Stream& stream, TimePoint started) {
  try {
    if (const http::Refusal* const refusal = stream.frames().refusal()) {
      co_await refuse(stream, *refusal);
    } else {
      Exchange exchange(context_, stream, stream.waker(), started);
      co_await exchange.run();
    }
  } catch (const std::bad_alloc&) {
    // Not even for an exchange, or for the answer that it wanted to give: the stream is reset.
  }
  ended(stream);
}

void H2Session::ended(H2Stream& stream) {
  try {
    frames_.release(stream.frames(), stream.why_incomplete());
  } catch (const std::bad_alloc&) {
    lose();  // the session would wait for ever for what it could not say
  }
  stream.unlink();
  delete &stream;
  frames_wait();
  if (frames_.anything_unwanted() && !unwanted_told_) waker_.wake();  // for its clock
  unwanted_told_ = frames_.anything_unwanted();
  if (!streams_.empty()) return;
  quiet_since_ = now();
  owner_.exchange_ended();
  if (over() || drain_ != Drain::None) waker_.wake();
}

// ---- Requests that are none that we would serve

Task<> H2Session::refuse(H2Stream& stream, const http::Refusal& refusal) {
  const RequestIds::Id id = context_.request_ids.next();
  const std::string_view request_id{id.data(), id.size()};
  // RFC 9113 §8.1.1: it has been reset. Its line is in the log.
  if (stream.frames().malformed()) {
    log_refusal(context_, stream.client(), {refusal, request_id}, asked_for(stream), 0);
    co_return;
  }
  ClientStream& client = stream;
  // As far as its head was read: of one that is too large the content-type may be among what was not. Calls are POSTs: a 200 to
  // an extended CONNECT would open it (RFC 8441 §5).
  const bool call = client.request().method == http::Method::Post && grpc::is_call(client.request().fields);
  const ErrorPage page = call ? ErrorPage{grpc::kContentType, {}} : error_page(refusal.status, refusal.outcome, "", request_id);
  const bool head_only = !call && client.request().method == http::Method::Head;
  const TimePoint began = now();
  const http::Fields none;
  RefusedRequest refused{refusal, request_id};
  const http::Fields& fields = refusal_fields(context_, stream.client(), refused, page);
  const grpc::Refusal of_call(refusal.status, refusal.outcome, request_id);
  if (call) of_call.add_to(context_.fields);
  std::string_view body = head_only ? std::string_view() : std::string_view(page.body);
  const std::string length = std::to_string(page.body.size());
  const std::uint16_t status = call ? 200 : refusal.status;
  OutgoingResponse response{status, {}, fields, {http::BodyKind::Length, page.body.size()}};
  if (head_only) {
    response.framing = {};
    response.declared_length = length;
  }
  client.send_head(response);
  const TimePoint deadline = now() + timeouts().client_write;
  std::uint64_t sent = 0;
  while (now() < deadline && !client.gone()) {
    const Pushed pushed = client.response_body().push(body, true, none);
    sent += pushed.accepted;
    body.remove_prefix(pushed.accepted);
    if (pushed.state != Pushed::State::Blocked) break;
    co_await stream.waker().until(deadline);
  }
  refused.took = now() - began;
  log_refusal(context_, stream.client(), refused, asked_for(stream), sent);
}

// ---- What leaves

bool H2Session::lend_block() {
  if (block_) return true;
  try {
    block_ = Buffer(buffers_);
  } catch (const std::bad_alloc&) {
    lose();
    return false;
  }
  output_.lend(block_.data(), block_.size());
  return true;
}

H2Connection::Place H2Session::push(http2::ServerStream& stream, std::string_view bytes, bool last,
                                    const http::Fields& trailers) {
  Place place;
  if (lost() || !lend_block()) {
    place.pushed.state = Pushed::State::Failed;
    return place;
  }
  for (;;) {
    const bool others_wait = frames_.anybody_wants_room();
    const std::size_t quantum = others_wait ? kQuantum : std::numeric_limits<std::size_t>::max();
    const auto taken = frames_.push(stream, bytes.substr(place.pushed.accepted), last, trailers, output_, quantum);
    place.pushed.accepted += taken.accepted;
    place.end = sent_ + output_.unsent().size();
    frames_wait();
    if (taken.failed) place.pushed.state = Pushed::State::Failed;
    else if (!taken.done) place.pushed.state = Pushed::State::Blocked;
    else place.pushed.state = Pushed::State::Done;
    // A window only the client can open. For room there is the kernel, unless others have waited longer.
    const bool full = taken.accepted != 0 && output_.room() < kQuantum;
    if (taken.done || taken.failed || others_wait || !full || !write_out() || !output_.empty()) return place;
  }
}

// False: the kernel took nothing.
bool H2Session::write_out() {
  if (output_.empty() || !transport_.may_write()) return false;
  const std::string_view unsent = output_.unsent();
  const iovec part{const_cast<char*>(unsent.data()), unsent.size()};
  const IoResult result = transport_.write(&part, 1);
  if (result.status == IoStatus::Failed) {
    lose();
    return false;
  }
  if (result.bytes == 0) return false;
  sent_ += result.bytes;
  output_.sent(result.bytes);
  some_left_ = true;
  stuck_since_ = {};
  return true;
}

// At the end of a turn: what all streams have to say. Whatever opens a window wants to be sent.
void H2Session::flush() {
  if (window_was_closed_) {
    window_opened_at_ = now();
    window_was_closed_ = frames_.window_closed();
  }
  while (!lost_ && (block_ || frames_.wants_to_send()) && lend_block()) {
    frames_.produce(output_);
    const bool some_left = write_out();
    if (some_left) frames_.room_came();
    if (!some_left || !output_.empty() || !frames_.wants_to_send()) break;
  }
  const bool sealed = !lost_ && sealed_waits();
  if (output_.empty() || lost_) {
    output_.take_back();
    block_.reset();
  }
  const bool stuck = !lost_ && (sealed || !output_.empty());
  if (!stuck) stuck_since_ = {};
  const bool news = over() || (held_back_ && (some_left_ || !much_unsent())) || (stuck && stuck_since_ == TimePoint{});
  if (stuck && stuck_since_ == TimePoint{}) {
    stuck_since_ = now();
    unread_ = transport_.unacknowledged();
  }
  // finish() waits for room and for its deadline only: woken by its own flush it would never let others run.
  if (news && !finishing_) waker_.wake();
}

// What an encrypted connection has taken is not sent before its kernel has it.
bool H2Session::sealed_waits() {
  const IoStatus status = transport_.flush();
  if (status == IoStatus::Failed) lose();
  return status == IoStatus::WouldBlock;
}

std::uint64_t H2Session::bytes_with_the_client() const {
  const std::uint64_t under_way = transport_.unacknowledged();
  return sent_ - std::min(sent_, under_way);
}

// ---- Time

TimePoint H2Session::deadline() {
  TimePoint at = now() + kLook;
  if (streams_.empty()) at = now() + kParkAfter;
  if (drain_ == Drain::Announced || drain_ == Drain::Heard) at = std::min(at, final_goaway_at_);
  if (frames_.anything_unwanted()) at = std::min(at, std::max(unwanted_at_, now()));
  return at;
}

void H2Session::look_at_the_clock() {
  const config::Timeouts& limit = timeouts();
  if (now() >= unwanted_at_) {
    if (frames_.anything_unwanted()) frames_.reset_unwanted();
    unwanted_at_ = now() + kUnwanted;
  }
  // First, since whoever is told of the others' end has client_write to read it.
  if (stuck_since_ != TimePoint{} && now() >= stuck_since_ + limit.client_write && !client_reads()) return lose();
  // A head that comes in drops, or a preface that does not come at all. What has come and we do not read is no fault of its
  // sender's; that there may be something is no excuse.
  if (!frames_.unfinished()) {
    unfinished_since_ = {};
  } else if (unfinished_since_ == TimePoint{} || unfinished_at_ != frames_.begun() || (held_back_ && transport_.unread())) {
    unfinished_since_ = now();
    unfinished_at_ = frames_.begun();
  } else if (now() >= unfinished_since_ + limit.client_header) {
    fault_noted_ = true;
    if (context_.malformed) context_.malformed->note("", outcome::kHeaderTimeout, "HTTP/2 frames not complete in time");
    return frames_.terminate(http2::ErrorCode::EnhanceYourCalm);
  }
  // A frame that has begun may be a request. One after the other that is none keeps nobody's place.
  const Duration idle = frames_.unfinished() ? limit.client_idle + limit.client_header : Duration{limit.client_idle};
  if (streams_.empty() && now() >= quiet_since_ + idle) frames_.terminate(http2::ErrorCode::NoError);
}

// As in the exchanges, which have lost their patience already when it does not: the kernel may have taken more at once
// than a slow client reads within client_write.
bool H2Session::client_reads() {
  const std::size_t unread = transport_.unacknowledged();
  if (unread >= std::exchange(unread_, unread)) return false;
  stuck_since_ = now();
  return true;
}

// ---- The end

// While a drain waits for the last clients of its listeners, one that has just come is served as any other.
void H2Session::go_on_with_the_drain() {
  if (drain_ == Drain::None && ((draining_ && used_) || leaving_)) {
    drain_ = Drain::Announced;
    final_goaway_at_ = now() + kLongestRoundTrip;
    frames_.announce_shutdown();
  }
  if (drain_ == Drain::Announced && frames_.shutdown_heard()) {
    drain_ = Drain::Heard;
    final_goaway_at_ = std::min(final_goaway_at_, now() + kAfterHearing);
  }
  if ((drain_ != Drain::Announced && drain_ != Drain::Heard) || now() < final_goaway_at_) return;
  drain_ = Drain::Final;
  frames_.go_away();
}

void H2Session::leave() {
  leaving_ = true;
  waker_.wake();
}

// Floods and broken rules are no requests, so no line of the access log tells of them.
void H2Session::note_fault() {
  if (!*frames_.fault() || std::exchange(fault_noted_, true) || !context_.malformed) return;
  context_.malformed->note("", outcome::kHttp2Error, frames_.fault());
}

Task<H2Session::Ended> H2Session::finish() {
  finishing_ = true;
  if (frames_.wrong_preface() && sent_ == 0 && output_.empty()) answer_in_http1();
  note_fault();
  while (!streams_.empty()) co_await waker_.until(now() + kLook);
  const TimePoint deadline = now() + timeouts().client_write;
  for (;;) {
    flush();
    if (lost_ || cut_ || (output_.empty() && !frames_.wants_to_send() && !sealed_waits())) break;
    if (now() >= deadline) co_return Ended::Reset;
    co_await waker_.until(deadline);
  }
  if (!lost_ && !cut_ && !all_read_) co_await linger();
  co_return Ended::Close;
}

Task<> H2Session::linger() {
  transport_.shutdown_write();
  const TimePoint deadline = now() + kLingerTime;
  std::size_t budget = kLingerBytes;
  while (!cut_ && now() < deadline) {
    for (int reads = 0; reads < kReadsPerTurn && transport_.may_read(); ++reads) {
      const Buffer block(buffers_);
      const IoResult result = transport_.read(block.data(), block.size());
      if (result.status == IoStatus::WouldBlock) break;
      if (result.status != IoStatus::Ok || result.bytes >= budget) co_return;
      budget -= result.bytes;
    }
    if (transport_.may_read()) co_await waker_.yield();
    else co_await waker_.until(deadline);
  }
}

}  // namespace frontdoor
