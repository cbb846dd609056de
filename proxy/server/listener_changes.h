// What a new config means for the listeners that run: which go on, with which terms, which are new, which end. Pure.

#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "config/config.h"

namespace frontdoor {

// The same one, as far as a file can say that: by its address, which is also what nobody else may have. Where the kernel
// chooses the port, by its name, too.
bool same_place(const config::Listener& a, const config::Listener& b);

// Whether connections that come from now on are treated in another way. Certificates are not asked about: they are
// exchanged where they are kept (service/files/certificates.h).
bool same_terms(const config::Listener& a, const config::Listener& b);

struct ListenerChanges {
  std::vector<std::optional<std::size_t>> before;  // for each of the new config: which of those that run; nothing = new
  std::vector<std::size_t> removed;                // of those that run
};

ListenerChanges compare_listeners(const std::vector<config::Listener>& running, const std::vector<config::Listener>& next);

}  // namespace frontdoor
