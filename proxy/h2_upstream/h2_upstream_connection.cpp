#include "proxy/h2_upstream/h2_upstream_connection.h"

#include <algorithm>
#include <limits>
#include <new>
#include <utility>

#include "proxy/exchange/outcome.h"
#include "proxy/h2_upstream/h2_upstream_stream.h"

namespace frontdoor {

namespace {

// Until a request has told timeouts.upstream_idle.
constexpr Millis kIdleLimit{60'000};

// How much of a body is written before others get their turn, where several wait for room.
constexpr std::size_t kQuantum = 16 * 1024;

// Before others run. What is read is bounded by windows, whoever does not take it.
constexpr int kReadsPerTurn = 16;

}  // namespace

H2UpstreamConnection::H2UpstreamConnection(const H2UpstreamContext& context, LocalUpstream& home)
    : IdleConnection(home.shared->seen().incarnation),
      context_(context),
      home_(home),
      trust_(home.trust()),
      counted_(*home.shared, home.worker),
      counts_(home.shared->http2_counts(home.worker)),
      transport_(context.loop),
      frames_(context.limits),
      alive_(context.loop.now(), home.between_pings),
      idle_limit_(kIdleLimit) {
  if (context_.budget) context_.budget->upstream_opened();
}

H2UpstreamConnection::~H2UpstreamConnection() {
  transport_.close();
  if (context_.budget) context_.budget->upstream_closed();
}

void H2UpstreamConnection::begin() {
  begun_ = true;
  transport_.notify(this);
  context_.loop.enqueue(*this);  // something may have come already
}

bool H2UpstreamConnection::current() const {
  return home_.named() && home_.speaks_http2 && incarnation() == home_.shared->seen().incarnation && trust_ == home_.trust();
}

bool H2UpstreamConnection::has_room() const {
  if (is_going()) return false;
  std::uint32_t most = frames_.streams_at_once();
  // What it last allowed holds until it says otherwise: it would refuse the others.
  if (!frames_.knows_settings() && home_.streams_at_once != 0) most = std::min(most, home_.streams_at_once);
  return streams_ < most;
}

// Those on connections that are going away hold up nobody.
bool H2UpstreamConnection::takes_websocket() const {
  std::size_t open = 0;
  home_.shared_by_many.for_each([&](IdleConnection& each) {
    const auto& connection = static_cast<const H2UpstreamConnection&>(each);
    if (!connection.is_going()) open += connection.websockets_;
  });
  return open < kMostToOneUpstream * std::max(frames_.streams_at_once(), 1u) / 2;
}

std::unique_ptr<H2UpstreamStream> H2UpstreamConnection::open_stream(Waker& waker, bool reused) {
  auto stream = std::make_unique<H2UpstreamStream>(*this, waker, reused);
  counts_.streams.add();
  if (streams_++ == 0) {
    home_.shared_by_many.push_front(*this);
    counted_.works();
    said();
    arm();
  }
  return stream;
}

// ---- What comes

void H2UpstreamConnection::look(Look how) {
  if (transport_.may_read() || (how == Look::IntoTheKernel && !transport_.quiet())) read();
}

void H2UpstreamConnection::read() {
  const bool knew = frames_.knows_settings();
  const std::uint64_t frames_before = frames_.stream_frames();
  for (int reads = 0; reads < kReadsPerTurn && !lost_ && transport_.may_read(); ++reads) {
    try {
      const Buffer block(context_.buffers);
      const IoResult result = transport_.read(block.data(), block.size());
      if (result.status == IoStatus::WouldBlock) break;
      if (result.status == IoStatus::End) lose("connection closed");
      else if (result.status != IoStatus::Ok) lose("connection reset");
      else if (alive_.heard(context_.loop.now()); !frames_.receive({block.data(), result.bytes}, context_.loop.now())) break;
    } catch (const std::bad_alloc&) {
      lose("out of memory");
    }
  }
  if (!lost_ && transport_.peer_gone() && !transport_.may_read()) lose("connection reset");
  if (!knew) note_settings();
  if (frames_.goes_away() && !std::exchange(goaway_noted_, true)) counts_.goaways.add(http2::name_of(frames_.goaway_code()));
  if (frames_.stream_frames() != frames_before) alive_.data_came();
  frames_wait();
}

void H2UpstreamConnection::note_settings() {
  if (!frames_.knows_settings()) return;
  home_.streams_at_once = std::max(frames_.streams_at_once(), 1u);
  tell_those_who_await_settings();
}

void H2UpstreamConnection::await_settings(H2UpstreamStream& stream) { await_settings_.push_back(stream); }

void H2UpstreamConnection::tell_those_who_await_settings() {
  await_settings_.for_each([](H2UpstreamStream& stream) { stream.settings_came(); });
}

// Less over TLS, where what is on its way counts encrypted: that it grows tells something. Nothing is more than all.
std::uint64_t H2UpstreamConnection::arrived() const {
  const std::uint64_t under_way = transport_.unacknowledged();
  if (under_way == 0 && output_.empty()) return std::numeric_limits<std::uint64_t>::max();
  return sent_ - std::min(sent_, under_way);
}

// Somebody waits on it, and it says nothing.
void H2UpstreamConnection::watch_over_silence() {
  const TimePoint now = context_.loop.now();
  try {
    switch (alive_.look(now)) {
      case http2::KeepAlive::Due::Nothing: break;
      case http2::KeepAlive::Due::Ping:
        frames_.ping();
        alive_.asked(now);
        arrived_ = arrived();
        frames_wait();
        break;
      case http2::KeepAlive::Due::Dead:
        // A long upload on a slow path, with the PING behind it: its kernel has confirmed more meanwhile.
        if (const std::uint64_t before = std::exchange(arrived_, arrived()); arrived_ > before) alive_.asked(now);
        else lose("no answer to a PING");
        break;
    }
  } catch (const std::bad_alloc&) {
    lose("out of memory");
  }
}

const char* H2UpstreamConnection::fault() const {
  if (*frames_.fault()) return frames_.fault();
  return *lost_by_ ? lost_by_ : "connection closed";
}

void H2UpstreamConnection::lose(const char* why) {
  if (lost_) return;
  lost_ = true;
  lost_by_ = why;
  frames_.connection_lost();
  tell_those_who_await_settings();
}

// A breach of the rules is told of once, here: the requests on the connection may go elsewhere, and then tell nothing of it.
void H2UpstreamConnection::note_fault() {
  if (!*frames_.fault() || fault_noted_) return;
  fault_noted_ = true;
  if (context_.malformed) context_.malformed->note(home_.shared->name(), outcome::kHttp2Error, frames_.fault());
}

void H2UpstreamConnection::run() {
  read();
  if (!lost_ && transport_.may_read()) context_.loop.enqueue(*this);
  if (!lost_ && streams_ != 0) watch_over_silence();
  if (!lost_ && streams_ == 0 && context_.loop.now() >= idle_until_) say_goodbye();
  if (!lost_) arm();
  LocalUpstream& home = home_;
  H2Waiting& waiting = context_.waiting;
  end_if_over();
  waiting.place_came(home);  // perhaps: more streams are allowed, or one connection less is there
}

void H2UpstreamConnection::expired(TimePoint now) {
  if (now < next_look()) return context_.loop.arm(*this, next_look());
  context_.loop.enqueue(*this);
}

// As in Waker: an earlier timer stays and is moved on when it fires.
void H2UpstreamConnection::arm() {
  if (!Timer::armed() || Timer::due() > next_look()) context_.loop.arm(*this, next_look());
}

// ---- What leaves

bool H2UpstreamConnection::lend_block() {
  if (block_) return true;
  try {
    block_ = Buffer(context_.buffers);
  } catch (const std::bad_alloc&) {
    lose("out of memory");
    return false;
  }
  output_.lend(block_.data(), block_.size());
  return true;
}

Pushed H2UpstreamConnection::push(http2::RequestStream& stream, std::string_view bytes, bool last,
                                  const http::Fields& trailers) {
  Pushed pushed;
  if (lost_ || !lend_block()) return {Pushed::State::Failed, 0};
  for (;;) {
    const bool others_wait = frames_.anybody_wants_room();
    const std::size_t quantum = others_wait ? kQuantum : std::numeric_limits<std::size_t>::max();
    const auto taken = frames_.push(stream, bytes.substr(pushed.accepted), last, trailers, output_, quantum);
    pushed.accepted += taken.accepted;
    if (taken.accepted != 0) said();
    frames_wait();
    if (taken.failed) pushed.state = Pushed::State::Failed;
    else pushed.state = taken.done ? Pushed::State::Done : Pushed::State::Blocked;
    // A window only the upstream can open. For room there is the kernel, unless others have waited longer.
    const bool full = taken.accepted != 0 && output_.room() < kQuantum;
    if (taken.done || taken.failed || others_wait || !full || !write_out() || !output_.empty()) return pushed;
  }
}

// False: the kernel took nothing.
bool H2UpstreamConnection::write_out() {
  if (output_.empty() || !transport_.may_write()) return false;
  const std::string_view unsent = output_.unsent();
  const iovec part{const_cast<char*>(unsent.data()), unsent.size()};
  const IoResult result = transport_.write(&part, 1);
  if (result.status == IoStatus::Failed) {
    // What it has said before it left may say why, and which requests it has not begun with.
    if (!transport_.may_read()) lose("connection reset");
    else context_.loop.enqueue(*this);
    return false;
  }
  if (result.bytes == 0) return false;
  sent_ += result.bytes;
  output_.sent(result.bytes);
  return true;
}

void H2UpstreamConnection::flush() {
  while (!lost_ && (block_ || frames_.wants_to_send()) && lend_block()) {
    frames_.produce(output_);
    const bool some_left = write_out();
    if (some_left) frames_.room_came();
    if (!some_left || (output_.empty() && !frames_.wants_to_send())) break;
  }
  if (!lost_ && transport_.flush() == IoStatus::Failed) lose("connection reset");
  if (!lost_ && !output_.empty()) return;
  output_.take_back();
  block_.reset();
}

void H2UpstreamConnection::write_last() {
  flush();
  end_if_over();
}

// ---- Its ends

void H2UpstreamConnection::stream_ends(http2::RequestStream* frames) {
  counts_.streams.subtract();
  if (frames && frames->closed() == http2::Stream::Closed::ByReset) counts_.resets.add(http2::name_of(frames->error()));
  if (frames) {
    try {
      frames_.release(*frames);
    } catch (const std::bad_alloc&) {
      lose("out of memory");  // the upstream would work for ever on what could not be taken back
    }
    frames_wait();
  }
  --streams_;
  LocalUpstream& home = home_;
  H2Waiting& waiting = context_.waiting;
  if (streams_ == 0) rest();
  waiting.place_came(home);
}

// Nobody is on it. It ends here where nobody would come: it may be gone then.
void H2UpstreamConnection::rest() {
  idle_from(context_.loop.now());
  const bool down = home_.shared->seen().state == UpstreamState::Down;
  if (is_going() || down || !current()) {
    flush();
    note_fault();
    delete this;
    return;
  }
  home_.idle.push_front(*this);
  counted_.idles();
  idle_until_ = idle_since() + idle_limit_;
  arm();
}

void H2UpstreamConnection::say_goodbye() {
  try {
    frames_.terminate(http2::ErrorCode::NoError);
    flush();
  } catch (const std::bad_alloc&) {
    // Its end says it, too.
  }
  lose("it was idle");
}

void H2UpstreamConnection::end_if_over() {
  if (frames_.too_many_pings() && !complaint_noted_) {
    complaint_noted_ = true;
    home_.between_pings = http2::KeepAlive::after_complaint(home_.between_pings);
  }
  if (*frames_.fault()) note_fault();
  if (frames_.finished() && !lost_) lose(frames_.fault());
  if (streams_ != 0 || !begun_ || !is_going()) return;
  flush();
  delete this;
}

}  // namespace frontdoor
