// What a word on the command line or in a path of the admin API means: "app" is a pool, "app.2" an instance of it,
// unless a pool is called so itself. Pure.

#pragma once

#include <boost/system/result.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace frontdoor {

struct Subject {
  std::string pool;
  std::optional<unsigned> number = {};
};

struct NoSuchPool {
  std::string message;  // with the nearest name
};

boost::system::result<Subject, NoSuchPool> find_subject(const std::string& word,
                                                        const std::vector<std::string>& pools);

}  // namespace frontdoor
