#include "tls/certificate_table.h"

#include <algorithm>
#include <utility>

namespace frontdoor::tls {

CertificateTable::CertificateTable(std::vector<std::shared_ptr<const Certificate>> certificates)
    : certificates_(std::move(certificates)) {
  for (std::size_t i = 0; i < certificates_.size(); ++i)
    for (const auto& name : certificates_[i]->names) names_.add(name, i);
  // The first, and its twins with another kind of key.
  default_.push_back(0);
  const auto& first = certificates_.front()->names;
  for (std::size_t i = 1; i < certificates_.size() && !first.empty(); ++i) {
    const auto& names = certificates_[i]->names;
    if (std::find(names.begin(), names.end(), first.front()) != names.end()) default_.push_back(i);
  }
}

CertificateTable::Selected CertificateTable::select_of(const std::vector<std::size_t>& indexes) const {
  Selected selected;
  selected.each[0] = certificates_[indexes.front()].get();
  for (const std::size_t index : indexes) {
    const Certificate* certificate = certificates_[index].get();
    if (certificate->kind == selected.each[0]->kind) continue;
    selected.each[1] = certificate;
    break;
  }
  return selected;
}

CertificateTable::Selected CertificateTable::select(std::string_view name) const {
  const auto* found = name.empty() ? nullptr : names_.find(name);
  Selected selected = select_of(found ? *found : default_);
  selected.by_name = found != nullptr;
  return selected;
}

std::shared_ptr<const Certificate> CertificateTable::share(const Certificate* certificate) const {
  const auto found = std::find_if(certificates_.begin(), certificates_.end(),
                                  [&](const auto& one) { return one.get() == certificate; });
  return found != certificates_.end() ? *found : nullptr;
}

}  // namespace frontdoor::tls
