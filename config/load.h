// From the text of fd.toml to a Config, or to every error in it at once. Reads no file but those that the text
// includes or names as env_file, starts nothing. Control thread and `frontdoor check`.

#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/read_file.h"
#include "config/accounts.h"
#include "config/config.h"
#include "config/diagnostic.h"
#include "config/files_read.h"

namespace frontdoor::config {

inline constexpr std::size_t largest_file = 4u << 20;  // far above any config, far below what would hurt

struct Loaded {
  Config config;                        // only meaningful without errors
  std::vector<Diagnostic> diagnostics;  // errors and warnings, in file order
  std::vector<std::string> files;  // what was read or should have been: the text's own name, then included files (for --watch)
  FilesRead read = {};             // all of it, to load it so again
  std::vector<std::string> listener_places = {};  // "fd.toml:12:3", one for each: a fault may be found as late as when it opens
  bool ok() const;                 // no diagnostic is an error
};

// Whom instances would be started by.
struct RunsAs {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
};

// What a certificate's files hold.
struct CertificateLook {
  std::string error;                  // why they can not be used; "" = they can
  std::vector<std::string> warnings;  // "it has expired on …"
  std::vector<std::string> names;
};

// What a load may see of the world around it.
struct LoadOptions {
  std::string profile;  // --env: which [pool.NAME.profile.*] counts; "" = none
  // Of files that may be others by now: no file is read, and their texts are these.
  const FilesRead* instead_of_files = nullptr;
  // For env_file. Nothing: nobody looks.
  std::function<FileText(const std::string& path)> read_file;
  // Who `user` and `group` are. Nothing: nobody looks.
  std::function<AccountLookup(const std::string& user, const std::string& group)> accounts;
  // Nothing: not known, since a config may be checked as another user than it will run as.
  std::optional<RunsAs> runs_as;
  // The value of an environment variable, for ${VAR}.
  std::function<std::optional<std::string>(const std::string&)> environment;
  // What `include` patterns are relative to. Nothing: `include` is an error (a config that did not come from
  // a file).
  std::optional<std::string> directory;
  std::uint64_t open_files = 0;  // the fd limit that max_connections is compared with; 0 = do not compare
  // Why lines could not be appended to the file of this path; "" = they could. Nothing: nobody looks, so that
  // a reload does not fail for a log that is written all the while.
  std::function<std::string(const std::string&)> log_file_problem;
  // Why instances could not be started as things are: in this directory, by this command. "" = they could. Nothing: nobody looks,
  // since what is missing may come before it is needed.
  std::function<std::string(const Process&)> directory_problem;
  std::function<std::string(const Process&, const std::vector<std::string>& command)> command_problem;
  unsigned usable_cpus = 0;  // that `instances` is compared with; 0 = do not compare
  // Reads a certificate, and of a client_ca's path what is wrong with it. Nothing: nobody looks.
  std::function<CertificateLook(const TlsCertificate&)> look_at_certificate;
  std::function<std::string(const std::string&)> client_ca_problem;
  std::function<std::string(const UpstreamTls&)> upstream_tls_problem;  // what is wrong with the files that it names
  std::function<std::string(const UpstreamTls&)> upstream_tls_warning;  // what soon will be; "" = nothing
};

// This process's environment and limits; the directory is the one `name` lies in.
LoadOptions options_of_this_process(std::string_view name);

// `name` is what diagnostics call the text ("fd.toml", "<stdin>").
Loaded load(std::string_view text, std::string_view name, const LoadOptions& options);
Loaded load(std::string_view text, std::string_view name);  // with options_of_this_process(name)

}  // namespace frontdoor::config
