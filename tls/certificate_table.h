// The certificates of one listener: which of them are for which client. One for each kind of key, so that a client takes
// the one it can check. Immutable; shared by all workers.

#pragma once

#include <array>
#include <memory>
#include <string_view>
#include <vector>

#include "tls/certificate.h"
#include "tls/names.h"

namespace frontdoor::tls {

class CertificateTable {
 public:
  // In the config's order: of two for one name and kind the first is used. Never empty.
  explicit CertificateTable(std::vector<std::shared_ptr<const Certificate>> certificates);

  struct Selected {
    std::array<const Certificate*, 2> each{};  // at most one of each kind; the first is never null
    bool by_name = false;                      // false: for a name that none has the first certificate is shown
  };
  // `name`: the client's server name, normal; "" = it sent none.
  Selected select(std::string_view name) const;

  const std::vector<std::shared_ptr<const Certificate>>& all() const { return certificates_; }
  // The one of all() that this is.
  std::shared_ptr<const Certificate> share(const Certificate* certificate) const;

 private:
  Selected select_of(const std::vector<std::size_t>& indexes) const;

  std::vector<std::shared_ptr<const Certificate>> certificates_;
  NameTable names_;
  std::vector<std::size_t> default_;
};

}  // namespace frontdoor::tls
