#include "supervisor/launch_request.h"

#include <cstring>
#include <type_traits>

namespace frontdoor {

namespace {

// Numbers in the machine's own order: both ends are the same program on the same machine.
class Writer {
 public:
  template <class Number>
  requires std::is_arithmetic_v<Number>
  void put(Number number) { out_.append(reinterpret_cast<const char*>(&number), sizeof number); }
  void put(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    out_.append(text);
  }
  template <class List, class PutOne>
  void put_list(const List& list, PutOne put_one) {
    put(static_cast<std::uint32_t>(list.size()));
    for (const auto& one : list) put_one(one);
  }
  std::string take() { return std::move(out_); }

 private:
  std::string out_;
};

// After the first thing that is not there, everything reads as zero or empty and ok() is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  template <class Number>
  void get(Number& number) {
    number = Number{};
    if (rest_.size() < sizeof number) return fail();
    std::memcpy(&number, rest_.data(), sizeof number);
    rest_.remove_prefix(sizeof number);
  }
  void get(std::string& text) {
    std::uint32_t size = 0;
    get(size);
    if (size > rest_.size()) return fail();
    text.assign(rest_.substr(0, size));
    rest_.remove_prefix(size);
  }
  // A list can not have more entries than there are bytes left: a wrong count takes no memory.
  template <class T, class GetOne>
  void get_list(std::vector<T>& list, GetOne get_one) {
    std::uint32_t size = 0;
    get(size);
    if (size > rest_.size()) return fail();
    for (std::uint32_t i = 0; i < size && ok_; ++i) get_one(list.emplace_back());
  }
  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }

 private:
  void fail() {
    ok_ = false;
    rest_ = {};
  }
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace

std::string encode(const LaunchRequest& request) {
  Writer out;
  out.put(request.id);
  out.put_list(request.command, [&](const std::string& word) { out.put(std::string_view(word)); });
  out.put_list(request.environment,
               [&](const std::string& variable) { out.put(std::string_view(variable)); });
  out.put(std::string_view(request.directory));
  out.put(static_cast<std::uint8_t>(request.identity.has_value()));
  if (request.identity) {
    out.put(request.identity->uid);
    out.put(request.identity->gid);
    out.put_list(request.identity->groups, [&](std::uint32_t group) { out.put(group); });
  }
  out.put(static_cast<std::uint8_t>(request.umask.has_value()));
  if (request.umask) out.put(*request.umask);
  out.put_list(request.limits, [&](const ResourceLimit& limit) {
    out.put(limit.resource);
    out.put(limit.soft);
    out.put(limit.hard);
  });
  out.put(static_cast<std::uint8_t>(request.brief));
  out.put(request.parent_death_signal);
  out.put(request.passed_sockets);
  out.put(std::string_view(request.memo));
  return out.take();
}

std::optional<LaunchRequest> decode_launch_request(std::string_view bytes) {
  Reader in(bytes);
  LaunchRequest request;
  in.get(request.id);
  in.get_list(request.command, [&](std::string& word) { in.get(word); });
  in.get_list(request.environment, [&](std::string& variable) { in.get(variable); });
  in.get(request.directory);
  std::uint8_t present = 0;
  in.get(present);
  if (present != 0) {
    ProcessIdentity& identity = request.identity.emplace();
    in.get(identity.uid);
    in.get(identity.gid);
    in.get_list(identity.groups, [&](std::uint32_t& group) { in.get(group); });
  }
  in.get(present);
  if (present != 0) in.get(request.umask.emplace());
  in.get_list(request.limits, [&](ResourceLimit& limit) {
    in.get(limit.resource);
    in.get(limit.soft);
    in.get(limit.hard);
  });
  in.get(present);
  request.brief = present != 0;
  in.get(request.parent_death_signal);
  in.get(request.passed_sockets);
  in.get(request.memo);
  if (!in.at_end() || request.command.empty() || request.command.front().empty()) return std::nullopt;
  return request;
}

}  // namespace frontdoor
