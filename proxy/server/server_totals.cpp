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

void Server::add_to(Totals& totals) const {
  for (const OpenListener& listener : listeners())
    totals.listeners.push_back({.name = listener.title(),
                                .address = listener.bound.to_string(),
                                .tls = listener.config.tls.has_value(),
                                .redirects = listener.config.redirect == config::Listener::Redirect::Https,
                                .connections = listener.settings->places->taken(),
                                .most_connections = listener.settings->places->limit()});
  // Each of them from the start, so that the first one that is turned away shows as an increase.
  for (std::size_t why = 0; why < kUnwelcomeKinds; ++why)
    add_words(totals.turned_away, word_of(static_cast<Unwelcome>(why)), turned_away(static_cast<Unwelcome>(why)));
  add_words(totals.turned_away, "max_connections", listeners_.closed_for_room());
  add_words(totals.turned_away, "open_files", budget_.closed_for_room());
  for (const auto& worker : workers_) {
    const WorkerCounts& counts = worker->counts();
    totals.in_flight += counts.in_flight.get();
    counts.unrouted.add_requests_to(totals.unrouted, listener_titles());
    counts.unrouted.own_answers.add_to(totals.own_answers);
    counts.unrouted.unfinished.add_to(totals.unfinished);
    for (std::size_t i = 0; i < kHandshakeResults.size(); ++i)
      add_words(totals.handshakes, kHandshakeResults[i], counts.handshakes[i].get());
    counts.loop_lag.add_to(totals.loop_lag.emplace_back());
  }
}

}  // namespace frontdoor
