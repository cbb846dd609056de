// What the page shows, as a flat document: keys with a JSON value each. A new picture of the program is put in whole, and
// what comes out is what has changed since the last one; so a page is sent everything once, and then little. Pure.
//
//   begin(); set("top", …); set("up/app/app.1", …); finish()   →  {"set":{"up/app/app.1":…},"gone":["up/app/app.2"]}

#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace frontdoor {

class LiveDocument {
 public:
  void begin() { ++picture_; }
  void set(const std::string& key, std::string json);
  // The members "set" and "gone" of an object, as far as there is something to say: "\"set\":{…}"; "" = nothing.
  std::string finish();

  std::string whole() const;  // an object
  std::size_t size() const { return values_.size(); }

 private:
  struct Value {
    std::string json;
    std::uint64_t picture = 0;
  };

  std::map<std::string, Value, std::less<>> values_;
  std::uint64_t picture_ = 0;
  std::string changes_;
};

}  // namespace frontdoor
