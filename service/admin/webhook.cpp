#include "service/admin/webhook.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <limits>
#include <optional>
#include <random>
#include <utility>

#include "balancer/name_addresses.h"
#include "base/detached.h"
#include "base/quietly.h"
#include "base/unix_time.h"
#include "service/admin/post.h"
#include "service/admin/webhook_queue.h"
#include "service/admin/webhook_rules.h"
#include "tls/client_context.h"

// g++ 12 inlines one half of what Asio's coroutine frames are allocated with, and takes it for a stranger (GCC bug 109224).
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
#endif

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kToldAtOnce = 50;     // events in one POST
constexpr Millis kPostPatience{10'000};     // with one POST, and before it with the look-up of a name
constexpr Millis kAfterTrouble{1'000};      // of our own, so that it does not go round and round
constexpr Millis kLookForEvents{10'000};    // between two looks at the settings while nothing happens

std::string own_host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

LogLevel level_of(const config::Admin& settings) {
  constexpr std::array levels = {LogLevel::Info, LogLevel::Warn, LogLevel::Error};
  return levels[static_cast<std::size_t>(settings.webhook_level)];
}

}  // namespace

struct Webhook::Impl : std::enable_shared_from_this<Impl> {
  // What a reload may change of it.
  struct Place {
    std::string url = {};
    std::string token = {};
    std::string ca = {};
    LogLevel least = LogLevel::Warn;
    bool operator==(const Place&) const = default;
  };

  Impl(asio::io_context& c, Log& l, EventFeed& e, LookUp names)
      : control(c), log(l), events(e), look_up(std::move(names)), pause(c), rest_is_told(c), random(std::random_device{}()) {}

  bool set(const config::Admin& settings);  // false: all is as it was
  asio::awaitable<void> follow(std::shared_ptr<Impl> self);  // from the history into the queue
  asio::awaitable<void> run(std::shared_ptr<Impl> self);     // from there to the receiver
  asio::awaitable<void> until_something_comes();
  asio::awaitable<void> tell(EventHistory::Events some);
  asio::awaitable<PostOutcome> post(std::string request);
  asio::awaitable<std::vector<Endpoint>> addresses();
  bool end(const PostOutcome& outcome, std::size_t count);  // true: there is nothing more to do about these
  Millis pause_after(const PostOutcome& outcome);
  void lose(std::uint64_t count);
  std::uint64_t not_told() const;

  asio::io_context& control;
  Log& log;
  EventFeed& events;
  const LookUp look_up;
  Place place;
  std::optional<config::WebhookUrl> url;  // nothing: it is off
  tls::ClientFiles files;
  std::shared_ptr<const tls::ClientContext> context;  // null: plain, or the files can not be read
  std::uint64_t seen = 0;
  WebhookQueue queue;
  asio::steady_timer something_came{control, asio::steady_timer::time_point::max()};  // an event, a place to tell it to, or the end
  std::uint64_t lost = 0;      // since the last that was delivered
  unsigned failures = 0;       // in a row
  unsigned last_refusal = 0;   // the status that was told last
  std::string last_trouble;    // likewise
  asio::steady_timer pause;
  std::size_t telling = 0;  // events that are under way, or wait for the next try
  WebhookTotals totals;
  Post* under_way = nullptr;
  bool leaving = false;  // each is tried once
  bool gave_up = false;  // one of those was in vain
  asio::steady_timer rest_is_told;
  bool stopped = false;
  const std::string host = own_host_name();
  std::minstd_rand random;
};

Webhook::Webhook(asio::io_context& control, Log& log, EventFeed& events, LookUp look_up)
    : impl_(std::make_shared<Impl>(control, log, events, std::move(look_up))) {}

Webhook::~Webhook() { stop(); }

void Webhook::start(const config::Admin& settings) {
  impl_->set(settings);
  asio::co_spawn(impl_->control, impl_->follow(impl_), OrTell(impl_->log, "the webhook"));
  asio::co_spawn(impl_->control, impl_->run(impl_), OrTell(impl_->log, "the webhook"));
}

void Webhook::apply(const config::Admin& settings) {
  const bool was_off = !impl_->url;
  if (!impl_->set(settings)) return;  // a receiver that has asked to be left alone is
  if (was_off) impl_->seen = impl_->events.history().last_number();
  if (!impl_->url) impl_->queue.clear();
  impl_->queue.keep_only(impl_->place.least);
  impl_->something_came.cancel();
  impl_->pause.cancel();
}

void Webhook::stop() {
  if (std::exchange(impl_->stopped, true)) return;
  if (impl_->under_way != nullptr) impl_->under_way->cancel();
  impl_->something_came.cancel();
  impl_->pause.cancel();
}

asio::awaitable<void> Webhook::tell_the_rest(Millis at_most) {
  const auto impl = impl_;
  if (impl->stopped || impl->leaving || impl->not_told() == 0) co_return;
  impl->leaving = true;
  impl->rest_is_told.expires_after(at_most);
  impl->something_came.cancel();
  impl->pause.cancel();
  co_await impl->rest_is_told.async_wait(quietly);
  const std::uint64_t events = impl->not_told();
  if (events == 0 || !impl->url) co_return;
  impl->lose(events);
  impl->log.warn("webhook was not told of the last events", {{"to", impl->url->shown()}, {"events", events}});
}

std::optional<WebhookTotals> Webhook::totals() const {
  return impl_->url ? std::optional(impl_->totals) : std::nullopt;
}

// Its files are read at the first POST, and again when they could not be.
bool Webhook::Impl::set(const config::Admin& settings) {
  Place wanted{settings.webhook, settings.webhook_token, settings.webhook_ca, level_of(settings)};
  if (wanted == place) return false;
  place = std::move(wanted);
  std::string none;
  url = settings.webhook.empty() ? std::nullopt : config::parse_webhook_url(settings.webhook, none);
  if (files.ca != settings.webhook_ca) context = nullptr;
  files = {.verify = true, .ca = settings.webhook_ca};
  failures = 0;
  return true;
}

asio::awaitable<void> Webhook::Impl::until_something_comes() {
  co_await something_came.async_wait(quietly);
}

asio::awaitable<void> Webhook::Impl::follow([[maybe_unused]] std::shared_ptr<Impl> self) {
  while (!stopped) {
    if (!url) {
      co_await until_something_comes();
      continue;
    }
    bool failed_here = false;
    try {
      const EventHistory::Batch batch = co_await events.behind(seen, kToldAtOnce, kLookForEvents);
      if (stopped || !url) continue;
      if (!batch.events.empty()) seen = batch.events.back()->number;
      lose(queue.take_in(batch, place.least));
    } catch (const std::exception& failed) {
      failed_here = true;
      lose(1);  // most likely there was no memory
      log.warn("webhook has lost events", {{"reason", failed.what()}});
    }
    something_came.cancel();
    if (!failed_here) continue;
    asio::steady_timer moment(control, kAfterTrouble);
    co_await moment.async_wait(quietly);
  }
}

asio::awaitable<void> Webhook::Impl::run([[maybe_unused]] std::shared_ptr<Impl> self) {
  while (!stopped) {
    if (gave_up || (leaving && not_told() == 0)) {
      rest_is_told.cancel();
      co_return;
    }
    if (!url || queue.empty()) {
      co_await until_something_comes();
      continue;
    }
    try {
      EventHistory::Events some = queue.take_out(kToldAtOnce);
      co_await tell(std::move(some));
    } catch (const std::exception& failed) {
      lose(std::exchange(telling, 0));  // most likely there was no memory
      log.warn("webhook has lost events", {{"reason", failed.what()}});
    }
  }
}

void Webhook::Impl::lose(std::uint64_t count) {
  lost += count;
  totals.lost_events += count;
}

// As far as the history still has them.
std::uint64_t Webhook::Impl::not_told() const {
  if (!url) return 0;
  std::uint64_t count = telling + queue.size();
  for (const auto& event : events.history().behind(seen, std::numeric_limits<std::size_t>::max()).events)
    count += goes_to_webhook(*event, place.least) ? 1 : 0;
  return count;
}

asio::awaitable<void> Webhook::Impl::tell(EventHistory::Events some) {
  telling = some.size();
  while (!stopped && url) {
    const std::string body = webhook_body(some, lost, host, ::getpid());
    std::string request = webhook_request(*url, place.token, body);
    const PostOutcome outcome = co_await post(std::move(request));
    if (stopped || !url || end(outcome, some.size())) break;
    gave_up = leaving;
    if (gave_up) co_return;
    pause.expires_after(pause_after(outcome));
    co_await pause.async_wait(quietly);
  }
  telling = 0;
}

Millis Webhook::Impl::pause_after(const PostOutcome& outcome) {
  const auto asked = asked_pause(outcome.retry_after, unix_now_millis() / 1'000);
  return asked ? *asked : webhook_pause(failures, std::uniform_real_distribution<double>(0, 1)(random));
}

bool Webhook::Impl::end(const PostOutcome& outcome, std::size_t count) {
  switch (end_of(outcome.status)) {
    case WebhookEnd::Delivered:
      ++totals.delivered;
      if (!last_trouble.empty() || last_refusal != 0)
        log.info("webhook delivers again", {{"to", url->shown()}, {"failures", std::uint64_t{failures}}, {"lost", lost}});
      failures = last_refusal = 0;
      last_trouble.clear();
      lost = 0;
      return true;
    case WebhookEnd::Refused:
      ++totals.refused;
      lose(count);
      if (std::exchange(last_refusal, outcome.status) != outcome.status)
        log.warn("webhook refuses events, they are not sent again",
                 {{"to", url->shown()}, {"status", std::uint64_t{outcome.status}}, {"lost", lost}});
      return true;
    case WebhookEnd::TryAgain:
      break;
  }
  ++failures;
  ++totals.failed;
  const std::string trouble = outcome.status != 0 ? "status " + std::to_string(outcome.status) : outcome.error;
  if (std::exchange(last_trouble, trouble) != trouble)
    log.warn("webhook can not be told, it is tried again", {{"to", url->shown()}, {"reason", trouble}});
  return false;
}

asio::awaitable<PostOutcome> Webhook::Impl::post(std::string request) {
  PostOutcome failed;
  PostTarget target;
  target.server_name = url->address.host;
  const bool encrypted = url->address.tls;
  if (encrypted && !context) {
    context = tls::ClientContext::load(files, failed.error);
    if (!context) co_return failed;
  }
  if (encrypted) target.tls = context;
  target.endpoints = co_await addresses();
  failed.error = "the name does not resolve";
  if (stopped || !url || target.endpoints.empty()) co_return failed;
  Post one(control, std::move(target), kPostPatience);
  struct UnderWay {  // however it ends
    UnderWay(Post*& at, Post* what) : at_(at) { at_ = what; }
    ~UnderWay() { at_ = nullptr; }
    Post*& at_;
  } const until_it_ends(under_way, &one);
  PostOutcome outcome = co_await one.run(std::move(request));
  co_return outcome;
}

asio::awaitable<std::vector<Endpoint>> Webhook::Impl::addresses() {
  const Address address = url->address;
  if (!is_looked_up(address)) co_return fixed_endpoints(address);
  struct Found {
    explicit Found(asio::io_context& control) : come(control, kPostPatience) {}
    std::vector<Endpoint> endpoints;
    asio::steady_timer come;
  };
  const auto found = std::make_shared<Found>(control);
  look_up(address.host, [found, port = address.port](const NameAnswer& answer) {
    found->endpoints = answer.endpoints;
    for (Endpoint& endpoint : found->endpoints) endpoint.set_port(port);
    found->come.cancel();
  });
  co_await found->come.async_wait(quietly);
  co_return found->endpoints;
}

}  // namespace frontdoor
