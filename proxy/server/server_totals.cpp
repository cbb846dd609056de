// What the data path has counted besides the requests of pools.

#include "proxy/server/server.h"

namespace frontdoor {

namespace {

std::string_view word_of(Unwelcome why) {
  switch (why) {
    case Unwelcome::UntrustedProxy: return "untrusted_proxy";
    case Unwelcome::NoProxyHeader: return "no_proxy_header";
    case Unwelcome::TooManyOfClient: return "too_many_of_client";
    case Unwelcome::NoMemory: break;
  }
  return "no_memory";
}

}  // namespace

std::vector<std::string> Server::listener_titles() const {
  std::vector<std::string> titles;
  for (std::size_t i = 0; i < listeners_.size(); ++i)
    titles.push_back(listeners_[i].name.empty() && i < endpoints_.size() ? endpoints_[i].to_string() : listeners_[i].name);
  return titles;
}

void Server::add_to(Totals& totals) const {
  const std::vector<std::string> titles = listener_titles();
  for (std::size_t i = 0; i < endpoints_.size(); ++i)
    totals.listeners.push_back({.name = titles[i],
                                .address = endpoints_[i].to_string(),
                                .tls = listeners_[i].tls.has_value(),
                                .redirects = listeners_[i].redirect == config::Listener::Redirect::Https,
                                .connections = places_[i]->taken(),
                                .most_connections = places_[i]->limit()});
  // Each of them from the start, so that the first one that is turned away shows as an increase.
  for (std::size_t why = 0; why < kUnwelcomeKinds; ++why)
    add_words(totals.turned_away, word_of(static_cast<Unwelcome>(why)), turned_away(static_cast<Unwelcome>(why)));
  std::uint64_t without_place = 0;
  for (const auto& places : places_) without_place += places->closed_for_room();
  add_words(totals.turned_away, "max_connections", without_place);
  add_words(totals.turned_away, "open_files", budget_.closed_for_room());
  for (const auto& worker : workers_) {
    const WorkerCounts& counts = worker->counts();
    totals.in_flight += counts.in_flight.get();
    counts.unrouted.add_requests_to(totals.unrouted, titles);
    counts.unrouted.own_answers.add_to(totals.own_answers);
    counts.unrouted.unfinished.add_to(totals.unfinished);
    for (std::size_t i = 0; i < kHandshakeResults.size(); ++i)
      add_words(totals.handshakes, kHandshakeResults[i], counts.handshakes[i].get());
    counts.loop_lag.add_to(totals.loop_lag.emplace_back());
  }
}

}  // namespace frontdoor
