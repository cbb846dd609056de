// Asks for the addresses of names: the machine's hosts file first, then its DNS servers (ADR 0012). Look-ups
// run side by side on the control thread's loop and none of them waits for another; no thread, nothing that
// blocks on the network.

#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "discovery/name_rules.h"

namespace frontdoor {

class NameLookups {
 public:
  using Done = std::function<void(const NameAnswer& answer)>;

  // `servers`: "auto" is what /etc/resolv.conf says, now and when it changes; else "10.0.0.2:53", or several
  // of them with commas between.
  NameLookups(boost::asio::io_context& control, std::string servers);
  ~NameLookups();  // look-ups under way are dropped

  void set_servers(std::string servers);  // for look-ups that start from now on
  // `done` is called once, on the control thread and not from within.
  void start(const std::string& host, Done done);

 private:
  class Channel;
  Channel& channel();

  boost::asio::io_context& control_;
  std::string servers_;
  std::shared_ptr<Channel> current_;
  std::vector<std::shared_ptr<Channel>> earlier_;  // their look-ups go on
};

// Whether this machine has a route to the address. Sends nothing.
bool has_route(Endpoint endpoint);

}  // namespace frontdoor
