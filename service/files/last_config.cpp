#include "service/files/last_config.h"

#include <cstdlib>
#include <utility>
#include <vector>

#include "service/process/roles.h"
#include "supervisor/launcher/byte_codec.h"
#include "supervisor/launcher/launcher.h"
#include "supervisor/launcher/launcher_message.h"

namespace frontdoor {

namespace {

constexpr std::size_t kLongest = 64 * 1024 * 1024;

struct Named {
  std::string name;
  std::string text;                // of a file
  std::vector<std::string> files;  // of a pattern
};

}  // namespace

std::string to_text(const config::FilesRead& files) {
  ByteWriter out;
  out.put(std::string_view(files.text));
  out.put_list(files.texts, [&](const auto& each) {
    out.put(std::string_view(each.first));
    out.put(std::string_view(each.second));
  });
  out.put_list(files.matches, [&](const auto& each) {
    out.put(std::string_view(each.first));
    out.put_list(each.second, [&](const std::string& file) { out.put(std::string_view(file)); });
  });
  return out.take();
}

std::optional<config::FilesRead> parse_files_read(std::string_view text) {
  ByteReader in(text);
  config::FilesRead files;
  std::vector<Named> texts, matches;
  in.get(files.text);
  in.get_list(texts, [&](Named& each) {
    in.get(each.name);
    in.get(each.text);
  });
  in.get_list(matches, [&](Named& each) {
    in.get(each.name);
    in.get_list(each.files, [&](std::string& file) { in.get(file); });
  });
  if (!in.at_end()) return std::nullopt;
  for (Named& each : texts) files.texts[std::move(each.name)] = std::move(each.text);
  for (Named& each : matches) files.matches[std::move(each.name)] = std::move(each.files);
  return files;
}

std::optional<config::FilesRead> take_last_config() {
  const bool started_by_launcher = std::getenv(kLauncherVariable) != nullptr;
  const auto fd = take_number(kLastConfigVariable);
  if (!fd || !started_by_launcher) return std::nullopt;
  const OwnedFd file(*fd);
  const auto text = from_memory_file(file.get(), kLongest);
  return text ? parse_files_read(*text) : std::nullopt;
}

}  // namespace frontdoor
