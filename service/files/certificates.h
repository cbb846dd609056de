// The certificates of the listeners: read at the start and whenever their files change, on a thread of its own. Other ones
// are used from the next handshake on; those that can not be used leave the old ones where they are, and are told.
// Made and ended on the control thread.

#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.h"
#include "config/config.h"
#include "config/load.h"
#include "observe/totals.h"
#include "service/files/file_watch.h"
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

// Says once a day that another one has begun; the first comes a day after the start. A clock that was set back begins anew.
class OnceADay {
 public:
  explicit OnceADay(std::int64_t now) : last_(now) {}
  bool due(std::int64_t now);  // seconds since 1970

 private:
  std::int64_t last_;
};

// How pools speak to their https upstreams. Those that name the same files share a context, which is made once, so that
// their connections and sessions live over a reload. A certificate that is shown to upstreams and soon expires is told of when it
// is read, and once a day. Control thread.
class UpstreamContexts {
 public:
  using UnixTime = std::function<std::int64_t()>;
  explicit UpstreamContexts(Log& log, UnixTime now = {});
  // Null, and logged, when its files can not be used: nothing is sent to such upstreams.
  std::shared_ptr<const tls::ClientContext> of(const config::Pool& pool);
  // For a reload: files that have changed are read again.
  void forget_changed();
  void remind();  // to be called often

 private:
  struct Known {
    std::string pool;  // the first that has named these files
    config::UpstreamTls tls;
    std::string state;  // of its files
    std::shared_ptr<const tls::ClientContext> context;
  };

  void tell_expiry(const Known& known) const;

  Log& log_;
  const UnixTime now_;
  OnceADay day_;
  std::vector<Known> known_;
};

// What listeners show to their clients. Looks at the files again and again, on a thread of its own, and once a day at the
// dates: a certificate that nobody renews is told of every day before it expires.
class Certificates {
  struct Watched;

 public:
  using UnixTime = std::function<std::int64_t()>;
  static std::int64_t unix_now();

  explicit Certificates(Log& log, UnixTime now = unix_now) : log_(log), now_(std::move(now)) {}
  ~Certificates() { stop(); }
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  // False: some can not be used, which is logged.
  bool open(const config::Config& config);
  // A reload, in two steps. The first one reads what is other than before, files that have changed a moment ago included, and
  // nothing has changed yet, nor been told; the second one lets it be used from the next handshake on. `before`: for each
  // listener, which of those of now that is; nothing = it is new.
  class Prepared {
   public:
    struct Failure {
      std::size_t listener;
      std::string reason;
    };
    const std::vector<Failure>& failures() const { return failures_; }
    // "web: …", for each listener that the config says the same of and whose files are others.
    const std::vector<std::string>& changed_files() const { return changed_files_; }

   private:
    friend class Certificates;
    struct Read {
      std::shared_ptr<Watched> watched;
      std::vector<tls::Finding> errors, warnings;
      bool begins_self_signed = false;
    };
    std::vector<Read> read_;
    std::vector<std::string> changed_files_;
    std::vector<std::shared_ptr<Watched>> listeners_;
    std::vector<std::shared_ptr<const tls::ServerContext>> contexts_;  // null: as before
    std::vector<Failure> failures_;
  };
  Prepared prepare(const config::Config& config, const std::vector<std::optional<std::size_t>>& before) const;
  void tell(const Prepared& prepared);  // what is wrong with what was read, and what soon will be
  void take(Prepared prepared);
  // For each listener whose files are others than those that are shown, and can not be used: what clients see.
  std::vector<std::string> still_shown() const;

  std::vector<std::shared_ptr<tls::Server>> servers() const;  // one for each listener, in order; null = plain
  std::vector<CertificateTotals> totals() const;  // those that are shown to clients now

  void watch();  // from now on
  void stop();
  void look_once();  // what the thread does every second

 private:
  // What a reload changes is another one, with the same server and keys.
  struct Watched {
    const config::Listener listener;
    const tls::ServerFiles files;
    const std::shared_ptr<tls::TicketKeys> ticket_keys;
    const std::shared_ptr<tls::Server> server;
    Settled settled;  // certificate and key are two files, and not written in one moment; the watching thread's
    std::string shown = {};  // the state of the files that clients see; under the mutex
    // Of files that can not be used: they are tried again, since it may have been this process that could not read them. The
    // watching thread's.
    struct Unusable {
      std::string state = {};
      std::string why = {};
      unsigned looks = 0;  // since it was tried last
    };
    std::optional<Unusable> unusable = {};
    const char* from = "the config";  // what has brought it about
  };

  std::shared_ptr<Watched> watch_for(const config::Listener& listener, const Watched* before, const config::Config& config) const;
  std::vector<std::shared_ptr<Watched>> watched() const;  // those with TLS
  bool is_watched(const Watched& watched) const;  // under the mutex
  void start_watching();
  void run();
  void look(Watched& watched);
  void tell_taken(const Watched& watched, const tls::ServerContext& context, const char* from);
  void remind();
  bool has_other_files(const Watched& watched) const;
  void tell(const Watched& watched, const std::vector<tls::Finding>& errors, const std::vector<tls::Finding>& warnings);

  Log& log_;
  const UnixTime now_;
  OnceADay day_{0};
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Watched>> listeners_;  // one for each; null = plain
  std::condition_variable stopped_;
  bool stop_ = false;
  bool watching_ = false;
  std::thread thread_;
};

}  // namespace frontdoor
