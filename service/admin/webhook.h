// Tells events to somebody else as they happen: POST of JSON to [admin] webhook, in order, one after another. It follows the
// event history (base/event_history.h) and has a queue of what is for it (service/admin/webhook_queue.h): bounded, and what was dropped before it
// could be told is counted and told. A receiver that is down, slow or hostile costs one connection and a try now and then;
// nothing waits for it, but the program's end, for a moment. Owned by the AdminHost. Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "admin/event_feed.h"
#include "base/log.h"
#include "config/config.h"
#include "discovery/name_rules.h"
#include "observe/totals.h"

namespace frontdoor {

class Webhook {
 public:
  // As NameLookups::start.
  using LookUp = std::function<void(const std::string& host, std::function<void(const NameAnswer&)> done)>;

  // All outlive it.
  Webhook(boost::asio::io_context& control, Log& log, EventFeed& events, LookUp look_up);
  ~Webhook();

  void start(const config::Admin& settings);  // with all that has happened since the program began
  void apply(const config::Admin& settings);  // a reload: a new place hears of what happens from then on
  // The program ends: what has not been told yet is tried once more. Ends within `at_most`, whatever the receiver does, and
  // with the first try that fails.
  boost::asio::awaitable<void> tell_the_rest(Millis at_most);
  void stop();
  std::optional<WebhookTotals> totals() const;  // nothing: there is none

 private:
  struct Impl;
  const std::shared_ptr<Impl> impl_;
};

}  // namespace frontdoor
