// The certificates of the listeners: read at the start and whenever their files change, on a thread of its own. Other ones
// are used from the next handshake on; those that can not be used leave the old ones where they are, and are told.
// Made and ended on the control thread.

#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "cli/file_watch.h"
#include "config/config.h"
#include "config/load.h"
#include "observe/totals.h"
#include "tls/load.h"

namespace frontdoor {

// What a listener's TLS names, as tls/ takes it. `hosts`: for whom a self-signed certificate is.
tls::ServerFiles server_files(const config::ListenerTls& tls, const config::Protocols& protocols,
                              const std::vector<std::string>& hosts);

// localhost and its addresses, and the hosts of the routes.
std::vector<std::string> self_signed_hosts(const config::Config& config);

// For config::LoadOptions: reads the files of a config that is only checked.
void look_at_certificates(config::LoadOptions& options);

class Certificates {
 public:
  explicit Certificates(Log& log) : log_(log) {}
  ~Certificates() { stop(); }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  // One for each listener, in order; null for those without TLS. False: some can not be used, which is logged.
  bool open(const config::Config& config);
  const std::vector<std::shared_ptr<tls::Server>>& servers() const { return servers_; }
  std::vector<CertificateTotals> totals() const;  // those that are shown to clients now

  void watch();  // from now on
  void stop();

 private:
  struct Watched {
    std::string title;  // of the listener
    tls::ServerFiles files;
    std::shared_ptr<tls::TicketKeys> ticket_keys;
    std::shared_ptr<tls::Server> server = {};
    Settled settled = Settled();  // certificate and key are two files, and not written in one moment
  };

  void run();
  void look(Watched& watched);
  void take(Watched& watched);
  void tell(const Watched& watched, const tls::LoadedServer& loaded);

  Log& log_;
  std::vector<Watched> watched_;
  std::vector<std::shared_ptr<tls::Server>> servers_;
  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace frontdoor
