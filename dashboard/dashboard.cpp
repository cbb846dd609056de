#include "dashboard/dashboard.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/serialize.hpp>
#include <chrono>
#include <utility>

#include "admin/event.h"
#include "base/detached.h"
#include "base/json.h"
#include "base/quietly.h"
#include "base/time.h"
#include "base/unix_time.h"
#include "dashboard/assets.h"
#include "dashboard/frame.h"
#include "dashboard/frames.h"
#include "dashboard/history.h"
#include "dashboard/lately.h"
#include "dashboard/meter.h"
#include "dashboard/pace.h"
#include "dashboard/page.h"
#include "dashboard/picture.h"
#include "dashboard/traffic.h"

// g++ 12 inlines one half of what Asio's coroutine frames are allocated with, and takes it for a stranger (GCC bug 109224).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace frontdoor {

namespace {

namespace asio = boost::asio;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kFrames = 8;       // that a page may be behind: seconds, while nothing happens
constexpr Millis kSoon{100};             // between two pictures, however much happens
constexpr std::size_t kEventsShown = 200;
constexpr std::size_t kEventsAtOnce = 100;  // what is more comes with the next frame
constexpr Millis kPatience{10'000};
constexpr bool kPagesAreTrusted = false;  // one text for all, signed in or not: what apps have written is not in it

std::int64_t whole_second(Steady::time_point now) {
  return std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
}

void add_member(std::string& object, std::string_view name, const std::string& json) {
  if (!object.empty()) object += ',';
  append_json_string(object, name);
  object.append(":").append(json);
}

void add_item(std::string& list, const std::string& json) {
  if (!list.empty() && !json.empty()) list += ',';
  list += json;
}

}  // namespace

struct Dashboard::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& c, Log& l, DashboardSource& s, EventFeed& e)
      : control(c), log(l), source(s), events(e), tick(c), drawn(c, Steady::time_point::max()) {}

  asio::awaitable<void> run(std::shared_ptr<Impl> self);
  asio::awaitable<void> turn();
  void count(std::int64_t second);
  asio::awaitable<void> draw_and_send(bool fresh);  // what was counted is of this moment
  asio::awaitable<void> follow_events(std::shared_ptr<Impl> self);
  void hurry();

  asio::awaitable<void> stream(AdminReply& reply);
  std::string snapshot() const;
  void add_points(std::string& members, const std::string& points) const;
  asio::awaitable<void> tell_history(AdminReply& reply) const;
  asio::awaitable<void> tell_requests(AdminReply& reply) const;

  asio::io_context& control;
  Log& log;
  DashboardSource& source;
  EventFeed& events;
  WholeTraffic whole;
  History history;
  Totals totals;  // of the last second
  Meters meters;
  RequestLog requests;
  Lately lately;
  LiveDocument document;
  Frames frames{kFrames};
  std::int64_t counted = 0;          // the second that was counted last
  std::size_t points_to_send = 0;    // of the history
  bool sparks_to_send = false;
  std::string requests_to_send;      // JSON objects, with commas between
  std::string events_to_send;        // likewise
  std::uint64_t events_seen = 0;
  std::size_t readers = 0;
  bool hurried = false;
  bool stopped = false;
  asio::steady_timer tick;
  asio::steady_timer drawn;  // cancelled when there is a frame more
};

Dashboard::Dashboard(asio::io_context& control, Log& log, DashboardSource& source, EventFeed& events)
    : impl_(std::make_shared<Impl>(control, log, source, events)) {}

Dashboard::~Dashboard() { stop(); }

void Dashboard::start() {
  impl_->events_seen = impl_->events.history().last_number();
  impl_->count(whole_second(Steady::now()));  // the first second is one, too
  asio::co_spawn(impl_->control, impl_->run(impl_), OrTell(impl_->log, "the dashboard"));
  asio::co_spawn(impl_->control, impl_->follow_events(impl_), OrTell(impl_->log, "the dashboard's events"));
}

void Dashboard::stop() {
  if (std::exchange(impl_->stopped, true)) return;
  impl_->tick.cancel();
  impl_->drawn.cancel();
}

// ---- Once a second

asio::awaitable<void> Dashboard::Impl::run([[maybe_unused]] std::shared_ptr<Impl> self) {
  while (!stopped) {
    const auto now = Steady::now();
    const auto next_second = Steady::time_point(std::chrono::seconds(whole_second(now) + 1));
    tick.expires_at(hurried ? std::min(next_second, now + kSoon) : next_second);
    auto [error] = co_await tick.async_wait(quietly);
    if (stopped) co_return;
    if (error) continue;  // hurried: another wait, a shorter one
    try {
      co_await turn();
    } catch (const std::exception& failed) {
      // Most likely there was no memory. What is counted is not lost: the next second counts for both.
      log.debug("the dashboard has missed a second", {{"reason", failed.what()}});
    }
  }
}

asio::awaitable<void> Dashboard::Impl::turn() {
  const std::int64_t second = whole_second(Steady::now());
  const bool fresh = second != counted;
  if (fresh) count(second);
  // An early call only asks for the picture to be drawn soon.
  const bool wanted = std::exchange(hurried, false) || points_to_send != 0;
  if (readers != 0 && wanted) co_await draw_and_send(fresh);
}

void Dashboard::Impl::count(std::int64_t second) {
  counted = second;
  totals = source.totals();
  lately.add(second, unix_now_millis(), totals);
  const TrafficTotals all = whole.add(totals);
  points_to_send += history.add(second, all);
  meters.begin(second);
  meters.add(std::string(kAllTraffic), all);
  for (const auto& [name, part] : parts_of(totals)) meters.add(name, part);
  meters.finish();
  sparks_to_send = sparks_to_send || meters.sparked();
  requests.add(second, source.take_requests());
  std::string fresh = requests.take_new();
  if (readers == 0) {
    // The next reader gets all of it.
    points_to_send = 0;
    sparks_to_send = false;
    requests_to_send.clear();
    events_to_send.clear();
    return;
  }
  add_item(requests_to_send, fresh);
}

asio::awaitable<void> Dashboard::Impl::draw_and_send(bool fresh) {
  const AdminStatus status = co_await source.status();
  if (stopped) co_return;
  if (!fresh) totals = source.totals();
  draw(document, Picture{status, totals, meters, source.may_write(), lately.sentence(requests.failed())});
  std::string members = document.finish();
  add_member(members, "now", std::to_string(unix_now_millis()));
  if (const std::size_t points = std::exchange(points_to_send, 0); points != 0)
    add_points(members, last_points(history.seconds(), points));
  if (std::exchange(sparks_to_send, false)) {
    std::string sparks;
    meters.for_each([&](const std::string& name, const Meter& meter) {
      if (name.starts_with("up/") && !meter.sparks().empty())
        add_member(sparks, name, to_json(meter.sparks().back()));
    });
    add_member(members, "sparks", '{' + sparks + '}');
  }
  if (!requests_to_send.empty()) add_member(members, "requests", '[' + std::exchange(requests_to_send, {}) + ']');
  if (!events_to_send.empty()) add_member(members, "events", '[' + std::exchange(events_to_send, {}) + ']');
  frames.push(sent_event("tick", '{' + members + '}'));
  drawn.cancel();
}

void Dashboard::Impl::hurry() {
  if (std::exchange(hurried, true)) return;
  tick.cancel();
}

asio::awaitable<void> Dashboard::Impl::follow_events([[maybe_unused]] std::shared_ptr<Impl> self) {
  while (!stopped) {
    const EventHistory::Batch batch = co_await events.behind(events_seen, kEventsAtOnce, kPatience);
    if (stopped) co_return;
    if (batch.events.empty()) continue;
    events_seen = batch.events.back()->number;
    for (const auto& event : batch.events) lately.add(*event);
    if (readers == 0) continue;
    for (const auto& event : batch.events) add_item(events_to_send, boost::json::serialize(to_json(*event, kPagesAreTrusted)));
    hurry();
  }
}

// ---- The pages

// With the second of the last one, so that a page that has some of them already takes the rest.
void Dashboard::Impl::add_points(std::string& members, const std::string& points) const {
  add_member(members, "second", std::to_string(counted));
  add_member(members, "points", '[' + points + ']');
}

std::string Dashboard::Impl::snapshot() const {
  std::string members;
  add_member(members, "set", document.whole());
  add_member(members, "now", std::to_string(unix_now_millis()));
  add_points(members, last_points(history.seconds(), History::kSeconds));
  std::string sparks, shown;
  meters.for_each([&](const std::string& name, const Meter& meter) {
    if (!name.starts_with("up/")) return;
    std::string line;
    for (std::size_t i = 0; i < meter.sparks().size(); ++i) add_item(line, to_json(meter.sparks()[i]));
    add_member(sparks, name, '[' + line + ']');
  });
  add_member(members, "sparks", '{' + sparks + '}');
  add_member(members, "requests", requests.whole());
  for (const auto& event : events.history().last(kEventsShown, {}))
    add_item(shown, boost::json::serialize(to_json(*event, kPagesAreTrusted)));
  add_member(members, "events", '[' + shown + ']');
  return '{' + members + '}';
}

// Begins with a picture that is drawn for it, since nobody may have looked for hours.
asio::awaitable<void> Dashboard::Impl::stream(AdminReply& reply) {
  const bool begun = co_await reply.begin("text/event-stream");
  if (!begun) co_return;
  struct Reader {
    std::size_t& count;
    explicit Reader(std::size_t& all) : count(all) { ++count; }
    ~Reader() { --count; }
  };
  const Reader reader(readers);
  const std::uint64_t before = frames.end();
  hurry();
  while (frames.end() == before && !stopped && !reply.gone()) co_await drawn.async_wait(quietly);
  std::uint64_t next = frames.end();
  std::string text = std::string(kRetryLine) + sent_event("snapshot", snapshot());
  bool reads = co_await reply.write(text);
  while (reads && !stopped && !frames.missed(next)) {
    const auto frame = frames.at(next);
    if (!frame) {
      co_await drawn.async_wait(quietly);
      continue;
    }
    ++next;
    reads = co_await reply.write(*frame);
  }
}

asio::awaitable<void> Dashboard::Impl::tell_history(AdminReply& reply) const {
  std::string members;
  add_member(members, "now", std::to_string(unix_now_millis()));
  add_member(members, "seconds", '[' + last_points(history.seconds(), History::kSeconds) + ']');
  add_member(members, "minutes", '[' + last_points(history.minutes(), History::kMinutes) + ']');
  AdminBody body{.text = '{' + members + "}\n"};
  co_await reply.answer_with(std::move(body));
}

asio::awaitable<void> Dashboard::Impl::tell_requests(AdminReply& reply) const {
  AdminBody body{.text = requests.whole() + '\n'};
  co_await reply.answer_with(std::move(body));
}

std::vector<SeenRequest> Dashboard::find_request(std::string_view id) {
  impl_->requests.add(impl_->counted, impl_->source.take_requests());
  return impl_->requests.find(id);
}

void Dashboard::add_pace(AdminStatus& status) const { frontdoor::add_pace(status, impl_->totals, impl_->meters); }

void Dashboard::add_routes(AdminServer& server) {
  const auto impl = impl_;
  server.route("GET", "/api/v1/stream", [impl](const AdminRequest&, AdminReply& reply) { return impl->stream(reply); });
  server.route("GET", "/api/v1/history", [impl](const AdminRequest&, AdminReply& reply) { return impl->tell_history(reply); });
  server.route("GET", "/api/v1/requests", [impl](const AdminRequest&, AdminReply& reply) { return impl->tell_requests(reply); });
  add_page(server);
}

}  // namespace frontdoor
