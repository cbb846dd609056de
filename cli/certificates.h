// The certificates of the listeners: read at the start and whenever their files change, on a thread of its own. Other ones
// are used from the next handshake on; those that can not be used leave the old ones where they are, and are told.
// Made and ended on the control thread.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "cli/file_watch.h"
#include "config/config.h"
#include "config/load.h"
#include "observe/totals.h"
#include "tls/client_context.h"
#include "tls/load.h"

namespace frontdoor {

// What a listener's TLS names, as tls/ takes it. `hosts`: for whom a self-signed certificate is.
tls::ServerFiles server_files(const config::ListenerTls& tls, const config::Protocols& protocols,
                              const std::vector<std::string>& hosts);

// localhost and its addresses, and the hosts of the routes.
std::vector<std::string> self_signed_hosts(const config::Config& config);

// For config::LoadOptions: reads the files of a config that is only checked.
void look_at_certificates(config::LoadOptions& options);
void look_at_upstream_tls(config::LoadOptions& options);  // the pools' part of it

// How pools speak to their https upstreams. Those that name the same files share a context, which is made once, so that
// their connections and sessions live over a reload. Control thread.
class UpstreamContexts {
 public:
  explicit UpstreamContexts(Log& log) : log_(log) {}
  // Null, and logged, when its files can not be used: nothing is sent to such upstreams.
  std::shared_ptr<const tls::ClientContext> of(const config::Pool& pool);
  // For a reload: files that have changed are read again.
  void forget_changed();

 private:
  struct Known {
    config::UpstreamTls tls;
    std::string state;  // of its files
    std::shared_ptr<const tls::ClientContext> context;
  };

  Log& log_;
  std::vector<Known> known_;
};

// What listeners show to their clients. Looks at the files again and again, on a thread of its own, and once a day at the
// dates: a certificate that nobody renews is told of every day before it expires.
class Certificates {
 public:
  using UnixTime = std::function<std::int64_t()>;
  static std::int64_t unix_now();

  explicit Certificates(Log& log, UnixTime now = unix_now) : log_(log), now_(std::move(now)) {}
  ~Certificates() { stop(); }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  // One for each listener, in order; null for those without TLS. False: some can not be used, which is logged.
  bool open(const config::Config& config);
  const std::vector<std::shared_ptr<tls::Server>>& servers() const { return servers_; }
  std::vector<CertificateTotals> totals() const;  // those that are shown to clients now

  void watch();  // from now on
  void stop();
  // A reload: listeners that have TLS take what the config says of it, but for HSTS. What can not be used leaves them as
  // they are, and is logged. Any thread; done on the watching one.
  void apply(const config::Config& config);

  void look_once();  // what the thread does every second

 private:
  struct Watched {
    config::Listener listener;
    tls::ServerFiles files;
    std::shared_ptr<tls::TicketKeys> ticket_keys;
    std::shared_ptr<tls::Server> server = {};
    Settled settled = Settled();  // certificate and key are two files, and not written in one moment
  };

  struct Change {
    config::Listener listener;
    std::vector<std::string> hosts;  // of a self-signed certificate
  };

  void run();
  void look(Watched& watched);
  void take(Watched& watched, const char* from);
  void take_changes();
  void remind();
  void tell(const Watched& watched, const tls::LoadedServer& loaded);

  Log& log_;
  const UnixTime now_;
  std::int64_t reminded_ = 0;
  std::vector<Watched> watched_;
  std::vector<std::shared_ptr<tls::Server>> servers_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::vector<Change> changes_;
  std::thread thread_;
};

}  // namespace frontdoor
