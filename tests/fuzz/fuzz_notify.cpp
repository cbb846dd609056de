// What an app sends to its NOTIFY_SOCKET: whatever comes, a status is short and has no control characters, and no app
// asks for more than a day. Line by line it means the same as at once.

#include "invariants.h"
#include "supervisor/instances/notify_message.h"

namespace {

using namespace frontdoor;
using fuzz::require;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const NotifyMessage message = parse_notify_message(text);
  if (message.status) {
    require(message.status->size() <= 200, "a status is short");
    for (const char c : *message.status)
      require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "a status has no control characters");
  }
  if (message.extend) require(message.extend->count() >= 0 && *message.extend <= Millis{86'400'000}, "a day is enough");
  const NotifyMessage after_nothing = parse_notify_message("\nX=y\n\n" + std::string(text));
  require(after_nothing == message, "what has no meaning changes nothing");
  return 0;
}
