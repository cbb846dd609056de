#include "tls/load.h"

#include <openssl/pem.h>

#include <utility>

#include "base/read_file.h"

namespace frontdoor::tls {

namespace {

constexpr std::size_t kMost = std::size_t{1} << 20;  // of one file; a chain has some kilobytes

struct Read {
  CertificateTexts texts;
  Finding problem;  // with a file: it could not be read
};

Read read_texts(const CertificateFiles& files) {
  Read read;
  read.texts.file = files.cert;
  const auto take = [&](const std::string& path, std::string& text) {
    if (path.empty() || !read.problem.file.empty()) return;
    FileText file = read_file(path, kMost);
    text = std::move(file.text);
    if (!file.error.empty()) read.problem = {path, file.error};
  };
  take(files.cert, read.texts.cert);
  take(files.key, read.texts.key);
  take(files.staple, read.texts.staple);
  return read;
}

}  // namespace

bool has_certificate(std::string_view pem) {
  const BioPtr bio = bio_of(pem);
  const X509Ptr first(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  static_cast<void>(take_error());
  return first != nullptr;
}

LoadedCertificate load_certificate_files(const CertificateFiles& files, std::int64_t now) {
  const Read read = read_texts(files);
  if (!read.problem.file.empty()) return {nullptr, read.problem.file + ": " + read.problem.what, {}};
  return load_certificate(read.texts, now);
}

LoadedServer load_server(const ServerFiles& files, std::shared_ptr<TicketKeys> ticket_keys, std::int64_t now) {
  LoadedServer loaded;
  std::vector<std::shared_ptr<const Certificate>> certificates;
  const auto take = [&](const CertificateTexts& texts) {
    LoadedCertificate one = load_certificate(texts, now);
    if (!one.error.empty()) loaded.errors.push_back({texts.file, one.error});
    for (auto& warning : one.warnings) loaded.warnings.push_back({texts.file, std::move(warning)});
    if (one.certificate) certificates.push_back(std::move(one.certificate));
  };
  for (const auto& each : files.certificates) {
    const Read read = read_texts(each);
    if (read.problem.file.empty()) take(read.texts);
    else loaded.errors.push_back(read.problem);
  }
  for (const auto& texts : files.made) take(texts);

  ServerRules rules = files.rules;
  if (!files.client_ca.empty()) {
    FileText file = read_file(files.client_ca, kMost);
    if (!file.error.empty()) loaded.errors.push_back({files.client_ca, file.error});
    else if (!has_certificate(file.text))
      loaded.errors.push_back({files.client_ca, "no certificate (PEM) in the file"});
    rules.client_ca = std::move(file.text);
  }
  if (certificates.empty() && loaded.errors.empty()) loaded.errors.push_back({"", "no certificate is named"});
  if (!loaded.errors.empty()) return loaded;
  std::string error;
  loaded.context = ServerContext::make(CertificateTable(std::move(certificates)), rules, std::move(ticket_keys), error);
  if (!loaded.context) loaded.errors.push_back({files.client_ca, error});
  return loaded;
}

}  // namespace frontdoor::tls
