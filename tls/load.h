// From the files that a listener names to the context that serves it. Reads files: control thread, or one of its helpers.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tls/server_context.h"

namespace frontdoor::tls {

struct CertificateFiles {
  std::string cert;
  std::string key;
  std::string staple;  // "" = none
};

struct ServerFiles {
  std::vector<CertificateFiles> certificates;
  std::vector<CertificateTexts> made = {};  // besides those: what is in no file
  std::string client_ca = {};               // a path; "" = none
  ServerRules rules = {};                   // without client_ca
};

// A message is about `file`.
struct Finding {
  std::string file;
  std::string what;
};

struct LoadedServer {
  std::shared_ptr<const ServerContext> context;  // null: errors say why
  std::vector<Finding> errors;
  std::vector<Finding> warnings;
};

bool has_certificate(std::string_view pem);
LoadedCertificate load_certificate_files(const CertificateFiles& files, std::int64_t now);
LoadedServer load_server(const ServerFiles& files, std::shared_ptr<TicketKeys> ticket_keys, std::int64_t now);

}  // namespace frontdoor::tls
