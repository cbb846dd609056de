// Which names are known, when each is asked for again, and who is told.

#include "discovery/resolver.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace frontdoor {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kThreads = 8;  // look-ups at once
constexpr Millis kRetryUnresolved{
    2'000};  // an app that starts after us should not wait for the full interval

std::vector<Endpoint> with_port(std::vector<Endpoint> endpoints, std::uint16_t port) {
  for (Endpoint& endpoint : endpoints) endpoint.set_port(port);
  return endpoints;
}

// What needs no look-up; empty for a name that does.
std::vector<Endpoint> fixed_endpoints(const Address& address) {
  if (address.kind == Address::Kind::Unix) return {Endpoint::unix_path(address.host)};
  // RFC 6761 §6.3: localhost is both loopback addresses, whatever the machine's hosts file forgot. Node listens on
  // ::1 alone where that comes first.
  if (address.host == "localhost")
    return {*Endpoint::numeric("127.0.0.1", address.port), *Endpoint::numeric("::1", address.port)};
  if (const auto numeric = Endpoint::numeric(address.host, address.port)) return {*numeric};
  return {};
}

// Servers rotate the order of their answers, which is no change.
bool same_set(const std::vector<Endpoint>& a, const std::vector<Endpoint>& b) {
  return std::is_permutation(a.begin(), a.end(), b.begin(), b.end());
}

std::string list(const std::vector<Endpoint>& endpoints) {
  std::string out;
  for (const Endpoint& endpoint : endpoints) out += (out.empty() ? "" : " ") + endpoint.ip();
  return out;
}

}  // namespace

struct Resolver::Impl : std::enable_shared_from_this<Impl> {
  struct Name {
    std::vector<std::shared_ptr<Upstream>> upstreams;
    std::vector<Endpoint> last_good;  // port 0
    bool tried = false;
    bool failing = false;
    bool busy = false;  // waiting for a thread or an answer
    TimePoint due = TimePoint::max();
  };
  // What one apply() still waits for.
  struct Batch {
    std::set<std::string> untried;
    std::function<void()> resolved;
  };

  Impl(asio::io_context& context, Log& event_log, Millis refresh, NameLookups::LookUp look_up)
      : control(context), log(event_log), interval(refresh), timer(context) {
    lookups.emplace(context, std::move(look_up),
                    [this](const std::string& host, const NameAnswer& answer) { on_answer(host, answer); });
  }

  void apply(const Snapshot& snapshot, std::function<void()> resolved);
  void ask(const std::string& host, Name& name);
  void on_answer(const std::string& host, const NameAnswer& answer);
  void learn(const std::string& host, Name& name, const NameAnswer& answer);
  void publish(const Name& name);
  void settle(const std::string& host);
  void arm();
  void refresh();

  asio::io_context& control;
  Log& log;
  const Millis interval;
  asio::steady_timer timer;
  std::optional<NameLookups> lookups;  // gone after stop()
  std::map<std::string, Name> names;
  std::vector<Batch> batches;
  std::deque<std::string> queue;  // for a free thread
  std::size_t under_way = 0;
};

void Resolver::Impl::apply(const Snapshot& snapshot, std::function<void()> resolved) {
  std::map<std::string, Name> named;
  for (const Pool& pool : snapshot.pools) {
    for (const Member& member : pool.members) {
      const Address& address = member.upstream->address();
      if (auto fixed = fixed_endpoints(address); !fixed.empty()) {
        if (!member.upstream->looked_up()) member.upstream->set_endpoints(std::move(fixed));
        continue;
      }
      const auto [place, first] = named.try_emplace(address.host);
      if (const auto known = names.find(address.host); first && known != names.end()) {
        place->second = std::move(known->second);
        place->second.upstreams.clear();
      }
      place->second.upstreams.push_back(member.upstream);
    }
  }
  names = std::move(named);

  Batch batch{.untried = {}, .resolved = std::move(resolved)};
  for (auto& [host, name] : names) {
    if (name.tried) {
      publish(name);  // to upstreams that are new
    } else {
      batch.untried.insert(host);
      ask(host, name);
    }
  }
  if (!batch.untried.empty()) {
    batches.push_back(std::move(batch));
  } else if (batch.resolved) {
    asio::post(control, std::move(batch.resolved));
  }
  arm();
}

void Resolver::Impl::ask(const std::string& host, Name& name) {
  if (name.busy) return;
  name.busy = true;
  if (under_way == kThreads) return queue.push_back(host);
  ++under_way;
  lookups->start(host);
}

void Resolver::Impl::on_answer(const std::string& host, const NameAnswer& answer) {
  --under_way;
  if (!queue.empty()) {
    ++under_way;
    lookups->start(queue.front());
    queue.pop_front();
  }
  if (const auto known = names.find(host); known != names.end()) {
    Name& name = known->second;
    name.busy = false;
    name.tried = true;
    learn(host, name, answer);
    name.due = Clock::now() + (name.failing ? std::min(interval, kRetryUnresolved) : interval);
    arm();
  }
  settle(host);
}

void Resolver::Impl::learn(const std::string& host, Name& name, const NameAnswer& answer) {
  if (answer.endpoints.empty()) {
    if (!std::exchange(name.failing, true)) {
      log.warn("name does not resolve",
               {{"name", host}, {"reason", answer.error}, {"kept", list(name.last_good)}});
    }
    return publish(name);
  }
  const bool recovered = std::exchange(name.failing, false);
  const bool changed = !same_set(name.last_good, answer.endpoints);
  if (recovered || changed)
    log.info("name resolved",
             {{"name", host}, {"addresses", list(answer.endpoints)}, {"before", list(name.last_good)}});
  if (!changed) return;
  name.last_good = answer.endpoints;
  for (const auto& upstream : name.upstreams) {
    upstream->set_endpoints(with_port(name.last_good, upstream->address().port));
  }
}

// To those that have heard nothing yet, if only that there is nothing to hear.
void Resolver::Impl::publish(const Name& name) {
  for (const auto& upstream : name.upstreams) {
    if (!upstream->looked_up()) upstream->set_endpoints(with_port(name.last_good, upstream->address().port));
  }
}

// Calls back who waited for this name last. Also for a name that a later reload has dropped.
void Resolver::Impl::settle(const std::string& host) {
  std::vector<std::function<void()>> complete;
  std::erase_if(batches, [&](Batch& batch) {
    batch.untried.erase(host);
    if (!batch.untried.empty()) return false;
    complete.push_back(std::move(batch.resolved));
    return true;
  });
  for (const auto& resolved : complete) {
    if (resolved) asio::post(control, resolved);
  }
}

void Resolver::Impl::arm() {
  TimePoint earliest = TimePoint::max();
  for (const auto& [host, name] : names) {
    if (!name.busy) earliest = std::min(earliest, name.due);
  }
  timer.cancel();
  if (earliest == TimePoint::max()) return;
  timer.expires_at(earliest);
  timer.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    if (const auto self = weak.lock(); self && !error) self->refresh();
  });
}

void Resolver::Impl::refresh() {
  const TimePoint now = Clock::now();
  for (auto& [host, name] : names) {
    if (name.due <= now) ask(host, name);
  }
  arm();
}

Resolver::Resolver(asio::io_context& control, Log& log, Millis interval, NameLookups::LookUp look_up)
    : impl_(std::make_shared<Impl>(control, log, interval, std::move(look_up))) {}

Resolver::~Resolver() { stop(); }

void Resolver::apply(std::shared_ptr<const Snapshot> snapshot, std::function<void()> resolved) {
  if (!impl_->lookups) return;  // stopped
  impl_->apply(*snapshot, std::move(resolved));
}

void Resolver::stop() {
  impl_->lookups.reset();
  impl_->timer.cancel();
  impl_->names.clear();
  impl_->batches.clear();
  impl_->queue.clear();
}

}  // namespace frontdoor
