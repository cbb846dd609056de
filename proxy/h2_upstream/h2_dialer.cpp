#include "proxy/h2_upstream/h2_dialer.h"

#include <algorithm>
#include <new>
#include <utility>

#include "proxy/h2_upstream/h2_upstream_stream.h"

namespace frontdoor {

// A connect under way, for whoever waits then.
struct H2Dialer::Dial final : public Listed<class DialTag>, public Wanted {
  Dial(H2Dialer& dialer, LocalUpstream& to) : owner(dialer), upstream(to.shared_from_this()), waker(dialer.loop_) {}

  TimePoint wanted_until() override {
    return cancelled || !owner.first_waiter(*upstream) ? owner.loop_.now() : Waker::kNever;
  }

  H2Dialer& owner;
  const std::shared_ptr<LocalUpstream> upstream;
  Waker waker;
  TimePoint deadline{};
  bool cancelled = false;
};

// What is HTTP/2's of a connect. Trivially destructible: the coroutine keeps it.
struct H2Dialer::Protocol {
  const H2UpstreamContext& context;
  LocalUpstream& upstream;
  Waker& waker;

  std::unique_ptr<H2UpstreamConnection> make() const {
    auto connection = std::make_unique<H2UpstreamConnection>(context, upstream);
    connection->transport().notify(&waker);
    return connection;
  }
  static std::string_view introduction(ProxyHeaderBytes&) { return {}; }
  static std::string_view alpn() { return tls::kAlpnHttp2; }
  // Never silently HTTP/1: what needs HTTP/2, as gRPC does, would fail there in ways that nobody understands.
  static const char* objection(const tls::Session& session) {
    return session.protocol() == tls::kAlpnHttp2 ? nullptr : "the upstream did not agree to HTTP/2 (ALPN)";
  }
};

void H2Dialer::Waiter::answer(Dialed with) {
  dialed = std::move(with);
  answered = true;
  unlink();
  waker.wake();
}

H2Dialer::H2Dialer(EventLoop& loop, BufferPool& buffers, const http::HeadLimits& limits, Connector& connector,
                   MalformedMessages* malformed)
    : loop_(loop),
      connector_(connector),
      context_{.loop = loop, .buffers = buffers, .limits = {.head = limits}, .waiting = *this, .budget = connector.budget(),
               .malformed = malformed} {}

// Nobody waits any more. Each ends by itself, so that no coroutine is left behind.
H2Dialer::~H2Dialer() {
  while (!dials_.empty()) {
    Dial& dial = dials_.front();
    dial.cancelled = true;
    dial.waker.resume();
  }
}

// ---- Streams of connections that are there

H2UpstreamConnection* H2Dialer::find_place(LocalUpstream& upstream, Verify verify) {
  using Look = H2UpstreamConnection::Look;
  H2UpstreamConnection* found = nullptr;
  upstream.shared_by_many.for_each([&](IdleConnection& each) {
    auto& connection = static_cast<H2UpstreamConnection&>(each);
    if (found || !connection.may_carry_more()) return;
    connection.look(Look::AtWhatIsKnown);
    if (connection.may_carry_more()) found = &connection;
  });
  while (!found && !upstream.idle.empty()) {
    auto& connection = static_cast<H2UpstreamConnection&>(upstream.idle.front());
    if (connection.may_carry_more()) connection.look(verify == Verify::Yes ? Look::IntoTheKernel : Look::AtWhatIsKnown);
    if (connection.may_carry_more()) found = &connection;
    else delete &connection;
  }
  return found;
}

std::unique_ptr<UpstreamStream> H2Dialer::reuse(LocalUpstream& upstream, Waker& waker, Verify verify) {
  if (first_waiter(upstream)) return nullptr;  // nobody overtakes those
  H2UpstreamConnection* const connection = find_place(upstream, verify);
  return connection ? connection->open_stream(waker, true) : nullptr;
}

void H2Dialer::give_back(LocalUpstream&, std::unique_ptr<UpstreamStream> stream, Millis idle_limit) {
  static_cast<H2UpstreamStream&>(*stream).connection().keep_idle_for(idle_limit);
}

// ---- Those who wait

H2Dialer::Waiter* H2Dialer::first_waiter(const LocalUpstream& upstream) {
  if (waiters_.empty()) return nullptr;
  const auto found = waiters_.find(&upstream);
  return found == waiters_.end() || found->second.empty() ? nullptr : &found->second.front();
}

template <class F>
void H2Dialer::for_each_waiter(const LocalUpstream& upstream, F f) {
  if (const auto found = waiters_.find(&upstream); found != waiters_.end()) found->second.for_each(f);
}

void H2Dialer::leave(const LocalUpstream& upstream, Waiter& waiter) {
  waiter.unlink();
  if (const auto found = waiters_.find(&upstream); found != waiters_.end() && found->second.empty()) waiters_.erase(found);
}

H2Dialer::Dial* H2Dialer::dial_to(const LocalUpstream& upstream) {
  Dial* found = nullptr;
  dials_.for_each([&](Dial& dial) {
    if (dial.upstream.get() == &upstream) found = &dial;
  });
  return found;
}

void H2Dialer::answer_all(LocalUpstream& upstream, const Dialed& with) {
  for_each_waiter(upstream, [&](Waiter& waiter) {
    // A request that came later still has time: its own deadline is not over.
    if (with.failure == UpstreamFailure::ConnectTimeout && loop_.now() < waiter.deadline) return;
    waiter.answer({nullptr, with.failure, with.error, with.detail, with.room_is_coming});
  });
}

// Told by connections, which may be about to end.
void H2Dialer::place_came(LocalUpstream& upstream) {
  if (!first_waiter(upstream)) return;
  try {
    hand_out(upstream);
    dial_if_needed(upstream);
  } catch (const std::bad_alloc&) {
    answer_all(upstream, {.stream = nullptr, .failure = UpstreamFailure::LocalResources});
  }
}

void H2Dialer::hand_out(LocalUpstream& upstream) {
  while (Waiter* const waiter = first_waiter(upstream)) {
    H2UpstreamConnection* const connection = find_place(upstream, Verify::Yes);
    if (!connection) return;
    waiter->answer({.stream = connection->open_stream(waiter->waker, false)});
  }
}

void H2Dialer::dial_if_needed(LocalUpstream& upstream) {
  if (!first_waiter(upstream) || dial_to(upstream)) return;
  std::size_t connections = 0;
  const auto count = [&](IdleConnection& each) {
    if (!static_cast<H2UpstreamConnection&>(each).is_going()) ++connections;
  };
  upstream.shared_by_many.for_each(count);
  upstream.idle.for_each(count);
  if (connections >= H2UpstreamConnection::kMostToOneUpstream) return;
  auto dial = std::make_unique<Dial>(*this, upstream);
  for_each_waiter(upstream, [&](const Waiter& waiter) { dial->deadline = std::max(dial->deadline, waiter.deadline); });
  dials_.push_back(*dial);
  run(*dial);  // may have come to its end, and have deleted it
  static_cast<void>(dial.release());
}

Task<Dialed> H2Dialer::dial(LocalUpstream& upstream, Waker& waker, TimePoint deadline, Caller& caller) {
  Waiter waiter(waker, deadline);
  waiters_[&upstream].push_back(waiter);
  try {
    dial_if_needed(upstream);
    // As many as may be are there: perhaps one has room, though nobody may have asked it (attempts that want a fresh one).
    if (!waiter.answered && !dial_to(upstream)) hand_out(upstream);
  } catch (const std::bad_alloc&) {
    leave(upstream, waiter);
    throw;
  }
  while (!waiter.answered) {
    // With no connection under way it is a queue as any other: a FIN gives the place in it up (ADR 0009).
    if (caller.client().finished() && !dial_to(upstream)) break;
    co_await waker.until(std::min(deadline, caller.wanted_until()));
    if (waiter.answered || loop_.now() >= caller.wanted_until()) break;
    if (loop_.now() < deadline) continue;
    waiter.dialed.failure = dial_to(upstream) ? UpstreamFailure::ConnectTimeout : UpstreamFailure::Overloaded;
    break;
  }
  leave(upstream, waiter);
  if (Dial* const dial = dial_to(upstream); dial && !first_waiter(upstream)) dial->waker.wake();
  Dialed dialed = std::move(waiter.dialed);
  co_return dialed;
}

// By a connection of its own, which others may use then.
Task<Dialed> H2Dialer::knock(LocalUpstream& upstream, Waker& waker, TimePoint deadline, Caller& caller) {
  auto connecting = connector_.connect<Connected>(upstream, waker, deadline, caller, Protocol{context_, upstream, waker});
  Connected connected = co_await connecting;
  Dialed dialed = connected.told();
  if (connected.stream) {
    H2UpstreamConnection& connection = *connected.stream.release();
    connection.begin();
    dialed.stream = connection.open_stream(waker, false);
  }
  co_return dialed;
}

// ---- Dialing

Detached H2Dialer::run(Dial& dial) {
  Connected connected;
  try {
    auto connecting =
        connector_.connect<Connected>(*dial.upstream, dial.waker, dial.deadline, dial, Protocol{context_, *dial.upstream, dial.waker});
    Connected outcome = co_await connecting;
    connected = std::move(outcome);
  } catch (const std::bad_alloc&) {
    connected.failure = UpstreamFailure::LocalResources;
  }
  dial_ends(dial, connected);
  delete &dial;
}

void H2Dialer::dial_ends(Dial& dial, Connected& connected) {
  LocalUpstream& upstream = *dial.upstream;
  dial.unlink();
  if (!connected.stream) {
    if (connected.failure != UpstreamFailure::None) answer_all(upstream, connected.told());
    return place_came(upstream);
  }
  H2UpstreamConnection& connection = *connected.stream.release();
  connection.begin();
  // Those who have waited for it get it, whatever has become of its upstream meanwhile: what they are on is theirs to judge.
  try {
    while (connection.has_room()) {
      Waiter* const waiter = first_waiter(upstream);
      if (!waiter) break;
      waiter->answer({.stream = connection.open_stream(waiter->waker, false)});
    }
  } catch (const std::bad_alloc&) {
    answer_all(upstream, {.stream = nullptr, .failure = UpstreamFailure::LocalResources});
  }
  connection.settle();
  place_came(upstream);
}

}  // namespace frontdoor
