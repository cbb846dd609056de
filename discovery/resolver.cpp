// Which names are known, when each is asked for again, and what the log says about it.

#include "discovery/resolver.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <utility>

namespace frontdoor {
namespace {

namespace asio = boost::asio;

std::string list(const std::vector<Endpoint>& endpoints) {
  std::string out;
  for (const Endpoint& endpoint : endpoints) out += (out.empty() ? "" : " ") + endpoint.ip();
  return out;
}

// Hears of one upstream's end, on whichever thread saw it, and says so on the control thread.
class EndOf final : private UpstreamObserver {
 public:
  EndOf(std::shared_ptr<Upstream> upstream, asio::io_context& control, std::function<void()> tell)
      : upstream_(std::move(upstream)), control_(control), tell_(std::move(tell)) {
    upstream_->subscribe(*this);
  }
  ~EndOf() { upstream_->unsubscribe(*this); }
  EndOf(const EndOf&) = delete;
  EndOf& operator=(const EndOf&) = delete;

 private:
  void went_down(std::uint64_t /*incarnation*/, DownCause /*cause*/) override { asio::post(control_, tell_); }

  const std::shared_ptr<Upstream> upstream_;
  asio::io_context& control_;
  const std::function<void()> tell_;
};

}  // namespace

struct Resolver::Impl : std::enable_shared_from_this<Impl> {
  struct Name {
    NameState state;
    bool asked = false;  // an answer is to come
    TimePoint answered{}, due{};
  };

  Impl(asio::io_context& context, Log& event_log, LookUp ask_for, std::function<void()> tell,
       Options settings)
      : control(context),
        log(event_log),
        look_up(std::move(ask_for)),
        changed(std::move(tell)),
        options(std::move(settings)),
        timer(context) {
    if (!options.routable) options.routable = [](const Endpoint&) { return true; };
  }

  void follow(const config::Config& config);
  void ask(const std::string& host, Name& name);
  void on_answer(const std::string& host, const NameAnswer& answer);
  void report(const std::string& host, const NameState& before, const NameStep& step,
              const NameAnswer& answer);
  void publish(const std::string& host, const std::vector<Endpoint>& addresses);
  void watch(const Snapshot& snapshot);
  void hurry(const std::string& host);
  void arm();
  void refresh();

  asio::io_context& control;
  Log& log;
  const LookUp look_up;
  std::function<void()> changed;  // empty after stop()
  Options options;
  asio::steady_timer timer;
  std::map<std::string, Name> names;
  NameAddresses addresses;
  std::map<const Upstream*, std::unique_ptr<EndOf>> watched;
  bool telling = false;  // `changed` is about to be called
};

void Resolver::Impl::follow(const config::Config& config) {
  std::map<std::string, Name> named;
  for (const config::Pool& pool : config.pools) {
    for (const config::Upstream& upstream : pool.upstreams) {
      if (!is_looked_up(upstream.address)) continue;
      const std::string& host = upstream.address.host;
      const auto known = names.find(host);
      if (known != names.end() && !named.contains(host)) named.emplace(host, std::move(known->second));
      named.try_emplace(host);
    }
  }
  names = std::move(named);
  std::erase_if(addresses, [&](const auto& entry) { return !names.contains(entry.first); });
  refresh();
}

void Resolver::Impl::ask(const std::string& host, Name& name) {
  if (std::exchange(name.asked, true)) return;
  look_up(host, [weak = weak_from_this(), host](const NameAnswer& answer) {
    if (const auto self = weak.lock(); self && self->changed) self->on_answer(host, answer);
  });
}

void Resolver::Impl::on_answer(const std::string& host, const NameAnswer& answer) {
  const auto known = names.find(host);
  if (known == names.end()) return;  // a reload has dropped it meanwhile
  Name& name = known->second;
  NameStep step = learn(name.state, answer, options.pace, options.routable);
  report(host, name.state, step, answer);
  const bool news = !name.state.tried || !step.joined.empty() || !step.left.empty();
  name.state = std::move(step.state);
  name.asked = false;
  name.answered = Clock::now();
  name.due = name.answered + step.again;
  if (news) publish(host, name.state.addresses);
  arm();
}

void Resolver::Impl::report(const std::string& host, const NameState& before, const NameStep& step,
                            const NameAnswer& answer) {
  const NameState& now = step.state;
  if (now.failing) {
    if (before.failing) return;
    const std::string reason = answer.error.empty() ? "no address that could be used" : answer.error;
    return log.warn("name does not resolve",
                    {{"name", host}, {"reason", reason}, {"kept", list(now.addresses)}});
  }
  if (before.failing || !step.joined.empty() || !step.left.empty())
    log.info("name resolved",
             {{"name", host}, {"addresses", list(now.addresses)}, {"before", list(before.addresses)}});
  if (now.left_out != 0 && before.left_out == 0)
    log.warn("name has more addresses than are used",
             {{"name", host}, {"used", now.addresses.size()}, {"left_out", now.left_out}});
}

// Names that are answered together make one snapshot.
void Resolver::Impl::publish(const std::string& host, const std::vector<Endpoint>& known) {
  addresses[host] = known;
  if (std::exchange(telling, true)) return;
  asio::post(control, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self || !self->changed) return;
    self->telling = false;
    self->changed();
  });
}

void Resolver::Impl::watch(const Snapshot& snapshot) {
  decltype(watched) now;
  for (const Pool& pool : snapshot.pools) {
    for (const Member& member : pool.members) {
      const Upstream* const upstream = member.upstream.get();
      const bool named = is_looked_up(upstream->address()) && !upstream->endpoints()->empty();
      if (!named || now.contains(upstream)) continue;
      if (auto known = watched.extract(upstream)) {
        now.insert(std::move(known));
        continue;
      }
      now[upstream] = std::make_unique<EndOf>(member.upstream, control,
                                              [weak = weak_from_this(), host = upstream->address().host] {
                                                if (const auto self = weak.lock()) self->hurry(host);
                                              });
    }
  }
  watched = std::move(now);
}

void Resolver::Impl::hurry(const std::string& host) {
  const auto known = names.find(host);
  if (known == names.end()) return;
  Name& name = known->second;
  name.state.hurried = kHurriedLookUps;
  name.due = std::min(name.due, name.answered + options.pace.least);
  refresh();
}

void Resolver::Impl::arm() {
  TimePoint earliest = TimePoint::max();
  for (const auto& [host, name] : names) {
    if (!name.asked) earliest = std::min(earliest, name.due);
  }
  timer.cancel();
  if (earliest == TimePoint::max()) return;
  timer.expires_at(earliest);
  timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = weak.lock();
    if (self && !error && self->changed) self->refresh();
  });
}

void Resolver::Impl::refresh() {
  const TimePoint now = Clock::now();
  for (auto& [host, name] : names) {
    if (name.due <= now) ask(host, name);
  }
  arm();
}

Resolver::Resolver(asio::io_context& control, Log& log, LookUp look_up, std::function<void()> changed,
                   Options options)
    : impl_(
          std::make_shared<Impl>(control, log, std::move(look_up), std::move(changed), std::move(options))) {}

Resolver::~Resolver() { stop(); }

void Resolver::follow(const config::Config& config) {
  if (impl_->changed) impl_->follow(config);
}

const NameAddresses& Resolver::addresses() const { return impl_->addresses; }

void Resolver::watch(const Snapshot& snapshot) {
  if (impl_->changed) impl_->watch(snapshot);
}

void Resolver::stop() {
  impl_->changed = nullptr;
  impl_->timer.cancel();
  impl_->names.clear();
  impl_->watched.clear();
}

}  // namespace frontdoor
