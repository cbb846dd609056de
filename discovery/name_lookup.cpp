// Threads that may hang in the system's resolver, and the mailbox through which they answer if they return.

#include "discovery/name_lookup.h"

#include <netdb.h>
#include <pthread.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace frontdoor {
namespace {

// Signals belong to the control thread. A thread inherits the mask of who starts it.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

std::string describe(int result, int system_error) {
  return result == EAI_SYSTEM ? std::generic_category().message(system_error) : ::gai_strerror(result);
}

}  // namespace

NameAnswer look_up_name(const std::string& host) {
  addrinfo hints{};
  // No AI_ADDRCONFIG: it forgets "localhost" on a machine that has only loopback.
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int result = ::getaddrinfo(host.c_str(), nullptr, &hints, &list);
  if (result != 0) return {.endpoints = {}, .error = describe(result, errno)};

  NameAnswer answer;
  for (const int family : {AF_INET, AF_INET6}) {
    for (const addrinfo* each = list; each != nullptr; each = each->ai_next) {
      if (each->ai_family != family) continue;
      const Endpoint endpoint = Endpoint::from(each->ai_addr, each->ai_addrlen);
      const auto& known = answer.endpoints;
      if (std::find(known.begin(), known.end(), endpoint) == known.end())
        answer.endpoints.push_back(endpoint);
    }
  }
  ::freeaddrinfo(list);
  if (answer.endpoints.empty()) answer.error = "no IPv4 or IPv6 address";
  return answer;
}

struct NameLookups::Mailbox {
  std::mutex mutex;
  boost::asio::io_context* control;  // null once the loop may be gone
  OnAnswer on_answer;                // control thread

  static void deliver(const std::shared_ptr<Mailbox>& self, const std::string& host, NameAnswer answer) {
    const std::lock_guard lock(self->mutex);
    if (!self->control) return;
    boost::asio::post(*self->control, [self, host, answer = std::move(answer)] {
      if (self->on_answer) self->on_answer(host, answer);
    });
  }
};

NameLookups::NameLookups(boost::asio::io_context& control, LookUp look_up, OnAnswer on_answer)
    : look_up_(std::move(look_up)), mailbox_(std::make_shared<Mailbox>()) {
  mailbox_->control = &control;
  mailbox_->on_answer = std::move(on_answer);
}

NameLookups::~NameLookups() {
  const std::lock_guard lock(mailbox_->mutex);
  mailbox_->control = nullptr;
  mailbox_->on_answer = nullptr;
}

void NameLookups::start(const std::string& host) {
  const SignalsBlocked inherited;
  try {
    std::thread([look_up = look_up_, mailbox = mailbox_, host] {
      Mailbox::deliver(mailbox, host, look_up(host));
    }).detach();
  } catch (const std::system_error& error) {  // out of threads: this look-up fails, the next one may not
    Mailbox::deliver(mailbox_, host, {.endpoints = {}, .error = error.what()});
  }
}

}  // namespace frontdoor
