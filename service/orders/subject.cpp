#include "service/orders/subject.h"

#include <algorithm>
#include <charconv>

#include "config/suggest.h"

namespace frontdoor {

boost::system::result<Subject, NoSuchPool> find_subject(const std::string& word,
                                                        const std::vector<std::string>& pools) {
  const auto is_pool = [&](std::string_view name) { return std::find(pools.begin(), pools.end(), name) != pools.end(); };
  if (is_pool(word)) return Subject{word};
  std::string pool = word;
  std::optional<unsigned> number;
  if (const auto dot = word.rfind('.'); dot != std::string::npos) {
    unsigned found = 0;
    const char* const end = word.data() + word.size();
    const auto parsed = std::from_chars(word.data() + dot + 1, end, found);
    if (parsed.ec == std::errc{} && parsed.ptr == end) {
      number = found;
      pool = word.substr(0, dot);
    }
  }
  if (is_pool(pool)) return Subject{pool, number};
  const std::vector<std::string_view> names(pools.begin(), pools.end());
  std::string message = "there is no pool " + config::quote(pool);
  if (const auto meant = config::nearest(pool, names))
    message += ", did you mean " +
               config::quote(std::string(*meant) + (number ? '.' + std::to_string(*number) : std::string())) + "?";
  else if (!pools.empty())
    message += ", only " + config::quote_list(names, "and");
  return NoSuchPool{std::move(message)};
}

}  // namespace frontdoor
