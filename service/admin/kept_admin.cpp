#include "service/admin/kept_admin.h"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace frontdoor {

namespace {

// As a listener's first socket, whose address no config can name.
constexpr std::string_view kAddress = "listener 0 admin address ";
constexpr std::string_view kSocket = "listener 0 admin socket ";
static_assert(kAddress.starts_with(kKeptListener) && kSocket.starts_with(kKeptListener));

// "CONFIGURED|PATH DEVICE:INODE"
std::optional<KeptAdminSocket> parse_socket(std::string_view text, int fd, const std::string& configured) {
  if (!text.starts_with(configured + '|')) return std::nullopt;
  text.remove_prefix(configured.size() + 1);
  const std::size_t space = text.rfind(' ');
  if (space == std::string_view::npos) return std::nullopt;
  KeptAdminSocket socket{fd, std::string(text.substr(0, space))};
  const std::string_view numbers = text.substr(space + 1);
  const char* const end = numbers.data() + numbers.size();
  const auto device = std::from_chars(numbers.data(), end, socket.device);
  if (device.ec != std::errc{} || device.ptr == end || *device.ptr != ':') return std::nullopt;
  const auto inode = std::from_chars(device.ptr + 1, end, socket.inode);
  if (inode.ec != std::errc{} || inode.ptr != end) return std::nullopt;
  return socket;
}

}  // namespace

std::string name_of_admin_address(const std::string& configured) { return std::string(kAddress) + configured; }

std::string name_of_admin_socket(const std::string& configured, const std::string& identity) {
  return std::string(kSocket) + configured + '|' + identity;
}

KeptAdmin take_kept_admin(std::vector<KeptSocket>& kept, const std::string& address, const std::string& socket) {
  KeptAdmin admin;
  for (const KeptSocket& each : kept) {
    if (each.name.starts_with(kAddress)) {
      if (!admin.address && each.name == name_of_admin_address(address)) admin.address = each.fd;
      else admin.others.push_back(each);
    } else if (each.name.starts_with(kSocket)) {
      auto found = parse_socket(std::string_view(each.name).substr(kSocket.size()), each.fd, socket);
      if (!admin.socket && found) admin.socket = std::move(found);
      else admin.others.push_back(each);
    }
  }
  std::erase_if(kept, [](const KeptSocket& each) { return each.name.starts_with(kAddress) || each.name.starts_with(kSocket); });
  return admin;
}

}  // namespace frontdoor
