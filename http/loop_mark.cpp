// Text is compared and not the list's grammar: whoever stands between may have joined lines or changed their
// spacing.

#include "http/loop_mark.h"

#include <algorithm>

#include "http/syntax.h"

namespace frontdoor::http {
namespace {

constexpr std::string_view kName = "frontdoor";
constexpr std::string_view kBeforeId = "frontdoor; id=";
constexpr std::string_view kDigits = "0123456789abcdef";

// A ring of many front doors, or of one that is many processes behind one address, ends here.
constexpr unsigned kLongestChain = 16;

}  // namespace

LoopMark::LoopMark(std::uint64_t id) {
  auto out = std::copy(kBeforeId.begin(), kBeforeId.end(), text_.begin());
  for (int shift = 60; shift >= 0; shift -= 4) *out++ = kDigits[(id >> shift) & 15];
  size_ = static_cast<std::uint8_t>(out - text_.begin());
}

std::string_view LoopMark::id() const { return element().substr(kBeforeId.size()); }

bool LoopMark::has_looped(const Fields& fields) const {
  if (size_ == 0) return false;
  unsigned front_doors = 0;
  for (const auto& field : fields) {
    if (field.id != FieldId::CdnLoop) continue;
    if (field.value.find(id()) != std::string_view::npos) return true;
    std::string_view list = field.value;
    while (const auto element = syntax::next_element(list))
      if (element->starts_with(kName)) ++front_doors;
  }
  return front_doors >= kLongestChain;
}

}  // namespace frontdoor::http
