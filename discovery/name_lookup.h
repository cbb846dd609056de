// The blocking half of name resolution: getaddrinfo, in a thread that nobody waits for. Asio's resolver has
// one thread for all names and joins it at the end, so that one dead DNS server delays every other name and
// the exit.

#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/address.h"

namespace frontdoor {

struct NameAnswer {
  std::vector<Endpoint> endpoints;  // port 0, IPv4 first, each once; empty = none
  std::string error;                // why there is none
};

// Blocks for as long as the system's resolver likes.
NameAnswer look_up_name(const std::string& host);

// Carries answers from threads that may outlive the loop back to it.
class NameLookups {
 public:
  using LookUp = std::function<NameAnswer(const std::string& host)>;
  using OnAnswer = std::function<void(const std::string& host, const NameAnswer& answer)>;

  // `on_answer` runs on the control thread.
  NameLookups(boost::asio::io_context& control, LookUp look_up, OnAnswer on_answer);
  ~NameLookups();  // does not wait; answers that are still to come are dropped

  void start(const std::string& host);

 private:
  struct Mailbox;
  const LookUp look_up_;
  const std::shared_ptr<Mailbox> mailbox_;
};

}  // namespace frontdoor
