// c-ares on Asio: it tells which sockets it wants to be watched and when to look at the time; we tell it what
// happened.

#include "discovery/name_lookup.h"

#include <ares.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <map>
#include <tuple>
#include <utility>

namespace frontdoor {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// For one server; each try waits twice as long as the one before: 1 + 2 + 4 s.
constexpr int kFirstPatienceMs = 1'000;
constexpr int kTries = 3;

constexpr const char* kResolvConf = "/etc/resolv.conf";
constexpr const char* kAuto = "auto";

// What changes when a file is written or replaced.
using FileVersion = std::tuple<dev_t, ino_t, off_t, std::int64_t, std::int64_t>;

FileVersion version_of(const char* path) {
  struct stat file {};
  if (::stat(path, &file) != 0) return {};
  return {file.st_dev, file.st_ino, file.st_size, file.st_mtim.tv_sec, file.st_mtim.tv_nsec};
}

NameAnswer answer_of(int status, const ares_addrinfo* result) {
  NameAnswer answer;
  if (status != ARES_SUCCESS || !result) {
    answer.error = ::ares_strerror(status);
    return answer;
  }
  int ttl = result->nodes ? result->nodes->ai_ttl : 0;
  for (const auto* node = result->nodes; node; node = node->ai_next) {
    Endpoint endpoint = Endpoint::from(node->ai_addr, node->ai_addrlen);
    endpoint.set_port(0);
    answer.endpoints.push_back(endpoint);
    ttl = std::min(ttl, node->ai_ttl);
  }
  for (const auto* alias = result->cnames; alias; alias = alias->next) ttl = std::min(ttl, alias->ttl);
  answer.ttl = Millis{std::chrono::seconds{std::max(ttl, 0)}};
  if (answer.endpoints.empty()) answer.error = "no IPv4 or IPv6 address";
  return answer;
}

}  // namespace

// One set of DNS servers, and the sockets to them. Handlers hold weak references: c-ares may close a socket,
// and we the channel, while one is on its way.
class NameLookups::Channel : public std::enable_shared_from_this<Channel> {
 public:
  Channel(asio::io_context& control, const std::string& servers)
      : control_(control), timer_(control), resolv_conf_(version_of(kResolvConf)) {
    ::ares_library_init(ARES_LIB_INIT_ALL);
    ares_options options{};
    options.timeout = kFirstPatienceMs;
    options.tries = kTries;
    options.sock_state_cb = &Channel::socket_state;
    options.sock_state_cb_data = this;
    const int wanted = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB;
    status_ = ::ares_init_options(&ares_, &options, wanted);
    if (status_ == ARES_SUCCESS && servers != kAuto)
      status_ = ::ares_set_servers_ports_csv(ares_, servers.c_str());
  }
  ~Channel() {
    if (ares_) ::ares_destroy(ares_);
    ::ares_library_cleanup();
  }
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  bool idle() const { return queries_ == 0; }
  bool usable() const { return status_ == ARES_SUCCESS; }
  bool outdated() const { return resolv_conf_ != version_of(kResolvConf); }

  void look_up(const std::string& host, Done done) {
    auto query = std::make_unique<Query>(Query{this, std::move(done)});
    ++queries_;
    if (status_ != ARES_SUCCESS) return answered(query.release(), status_, 0, nullptr);
    ares_addrinfo_hints hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = ARES_AI_NOSORT;  // we sort, and c-ares would open a socket for each address
    ::ares_getaddrinfo(ares_, host.c_str(), nullptr, &hints, &Channel::answered, query.release());
    watch_time();
  }

 private:
  struct Query {
    Channel* channel;
    Done done;
  };
  struct Socket {
    explicit Socket(asio::io_context& control) : descriptor(control) {}
    asio::posix::stream_descriptor descriptor;
    bool wants_read = false, wants_write = false;
    bool reading = false, writing = false;  // a wait is under way
  };

  static void answered(void* context, int status, int /*timeouts*/, ares_addrinfo* result) {
    const std::unique_ptr<Query> query(static_cast<Query*>(context));
    --query->channel->queries_;
    NameAnswer answer = answer_of(status, result);
    if (result) ::ares_freeaddrinfo(result);
    if (status == ARES_EDESTRUCTION || status == ARES_ECANCELLED) return;
    asio::post(query->channel->control_,
               [done = std::move(query->done), answer = std::move(answer)] { done(answer); });
  }

  static void socket_state(void* context, ares_socket_t fd, int readable, int writable) {
    auto& self = *static_cast<Channel*>(context);
    auto& socket = self.sockets_[fd];
    if (!readable && !writable) {  // c-ares is about to close it
      if (socket) socket->descriptor.release();
      self.sockets_.erase(fd);
      return;
    }
    if (!socket) {
      socket = std::make_shared<Socket>(self.control_);
      error_code error;
      socket->descriptor.assign(fd, error);
      if (error) {  // c-ares asks again when its patience ends
        self.sockets_.erase(fd);
        return;
      }
    }
    socket->wants_read = readable != 0;
    socket->wants_write = writable != 0;
    self.watch(fd, socket);
  }

  void watch(ares_socket_t fd, const std::shared_ptr<Socket>& socket) {
    if (socket->wants_read && !std::exchange(socket->reading, true))
      wait(fd, socket, asio::posix::stream_descriptor::wait_read);
    if (socket->wants_write && !std::exchange(socket->writing, true))
      wait(fd, socket, asio::posix::stream_descriptor::wait_write);
  }

  void wait(ares_socket_t fd, const std::shared_ptr<Socket>& socket,
            asio::posix::stream_descriptor::wait_type what) {
    const bool read = what == asio::posix::stream_descriptor::wait_read;
    socket->descriptor.async_wait(
        what, [weak = weak_from_this(), watched = std::weak_ptr(socket), fd, read](const error_code& error) {
          const auto self = weak.lock();
          if (!self || error || watched.expired()) return;
          (read ? watched.lock()->reading : watched.lock()->writing) = false;
          ::ares_process_fd(self->ares_, read ? fd : ARES_SOCKET_BAD, read ? ARES_SOCKET_BAD : fd);
          if (const auto still_open = watched.lock()) self->watch(fd, still_open);
          self->watch_time();
        });
  }

  void watch_time() {
    timeval next{};
    timer_.cancel();
    if (!::ares_timeout(ares_, nullptr, &next)) return;
    timer_.expires_after(std::chrono::seconds{next.tv_sec} + std::chrono::microseconds{next.tv_usec});
    timer_.async_wait([weak = weak_from_this()](const error_code& error) {
      const auto self = weak.lock();
      if (!self || error) return;
      ::ares_process_fd(self->ares_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      self->watch_time();
    });
  }

  asio::io_context& control_;
  asio::steady_timer timer_;
  const FileVersion resolv_conf_;
  ares_channel ares_ = nullptr;
  int status_ = ARES_SUCCESS;
  std::size_t queries_ = 0;
  std::map<ares_socket_t, std::shared_ptr<Socket>> sockets_;
};

NameLookups::NameLookups(asio::io_context& control, std::string servers)
    : control_(control), servers_(std::move(servers)) {}

NameLookups::~NameLookups() = default;

void NameLookups::set_servers(std::string servers) {
  if (servers == servers_) return;
  servers_ = std::move(servers);
  if (current_) earlier_.push_back(std::move(current_));
}

NameLookups::Channel& NameLookups::channel() {
  std::erase_if(earlier_, [](const auto& channel) { return channel->idle(); });
  const bool stale = current_ && (!current_->usable() || (servers_ == kAuto && current_->outdated()));
  if (stale) earlier_.push_back(std::move(current_));
  if (!current_) current_ = std::make_shared<Channel>(control_, servers_);
  return *current_;
}

void NameLookups::start(const std::string& host, Done done) { channel().look_up(host, std::move(done)); }

bool has_route(Endpoint endpoint) {
  endpoint.set_port(9);
  const int fd = ::socket(endpoint.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno != EAFNOSUPPORT;  // out of descriptors says nothing about the network
  const bool routed = ::connect(fd, endpoint.data(), endpoint.size()) == 0;
  ::close(fd);
  return routed;
}

}  // namespace frontdoor
