#include "supervisor/instance_places.h"

#include <unistd.h>

#include <utility>

namespace frontdoor {

namespace {

constexpr std::string_view kDirectory = "sockets ";  // what the launcher keeps: this, and the path

std::string path_of(const Endpoint& place) { return place.to_string().substr(sizeof("unix:") - 1); }

std::string directory_of(const Endpoint& place) {
  const std::string path = path_of(place);
  return path.substr(0, path.rfind('/'));
}

}  // namespace

std::string port_variable(const Endpoint& place) {
  return place.is_unix() ? path_of(place) : std::to_string(place.port());
}

std::optional<Endpoint> parse_place(const std::string& text) {
  AddressError error;
  const auto address = parse_address(text, error);
  if (!address) return std::nullopt;
  if (address->kind == Address::Kind::Unix) return Endpoint::unix_path(address->host);
  return Endpoint::numeric(address->host, address->port);
}

void InstancePlaces::inherit(std::map<std::string, std::vector<OwnedFd>>& kept) {
  for (auto& [name, fds] : kept)
    if (name.starts_with(kDirectory) && fds.size() == 1)
      directory_.adopt(name.substr(kDirectory.size()), std::move(fds.front()));
}

InstancePlaces::Taken InstancePlaces::take(const config::Process& settings, const std::string& instance) {
  if (settings.port == config::Process::Port::Unix) {
    const bool had_one = !directory_.path().empty();
    auto made = directory_.make(instance, std::nullopt);
    if (!had_one && !directory_.path().empty())
      launcher_.keep(std::string(kDirectory) + directory_.path(), {directory_.lock()});
    if (made.path.empty()) return {std::nullopt, "a directory for its socket: " + made.problem};
    return {Endpoint::unix_path(made.path + '/' + kServingSocket), ""};
  }
  const auto port = ports_.take();
  if (!port) return {std::nullopt, "every port below the ephemeral range is taken"};
  return {Endpoint::numeric("127.0.0.1", *port), ""};
}

void InstancePlaces::adopt(const Endpoint& place) {
  if (!place.is_unix()) ports_.take(place.port());
}

void InstancePlaces::give_back(const Endpoint& place) {
  if (place.is_unix())
    SocketDirectory::remove(directory_of(place));
  else
    ports_.give_back(place.port());
}

// A socket file that nobody listens on any more makes the next one's bind fail.
void InstancePlaces::clear(const Endpoint& place) {
  if (place.is_unix()) ::unlink(path_of(place).c_str());
}

}  // namespace frontdoor
