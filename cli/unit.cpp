#include "cli/unit.h"

#include <algorithm>

namespace frontdoor::cli {

namespace {

std::string without_specifiers(std::string_view text) {
  std::string result;
  for (const char c : text) result += c == '%' ? std::string("%%") : std::string(1, c);
  return result;
}

// Between double quotes, C's escapes hold.
std::string quoted_for_systemd(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      result += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    } else {
      result += c;
    }
  }
  return result + '"';
}

}  // namespace

std::string unit_word(std::string_view word) {
  const std::string meant = without_specifiers(word);
  std::string dollars;
  for (const char c : meant) dollars += c == '$' ? std::string("$$") : std::string(1, c);
  const bool plain =
      !dollars.empty() && std::all_of(dollars.begin(), dollars.end(), [](unsigned char c) {
        return c > 0x20 && c != 0x7F && c != '"' && c != '\'' && c != '\\' && c != ';' && c != '#';
      });
  return plain ? dollars : quoted_for_systemd(dollars);
}

std::string unit_name(std::string_view directory) {
  while (directory.ends_with('/')) directory.remove_suffix(1);
  std::string name;
  for (const char c : directory.substr(directory.rfind('/') + 1)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    if (plain) name += c;
  }
  return name.empty() ? "frontdoor" : name;
}

std::vector<std::string> plain_words(const std::vector<std::string>& words) {
  std::vector<std::string> plain;
  const auto behind = std::find(words.begin(), words.end(), "--");
  std::copy_if(words.begin(), behind, std::back_inserter(plain),
               [](const std::string& word) { return word != "--detach" && word != "--print-unit"; });
  plain.insert(plain.end(), behind, words.end());
  return plain;
}

std::string unit_text(const UnitWish& wish) {
  const std::string name = unit_name(wish.directory);
  std::string line = unit_word(wish.program);
  for (const std::string& word : wish.words) line += ' ' + unit_word(word);
  const auto stop = std::chrono::ceil<std::chrono::seconds>(wish.stop).count() + 5;
  std::string text = "# Save this as /etc/systemd/system/" + name + ".service, then:\n" +
                     "#   systemctl daemon-reload && systemctl enable --now " + name + "\n\n" +
                     "[Unit]\nDescription=frontdoor for " + name + "\nAfter=network-online.target\n" +
                     "Wants=network-online.target\n\n[Service]\nType=notify\n";
  if (!wish.user.empty()) text += "User=" + without_specifiers(wish.user) + '\n';
  text += "WorkingDirectory=" + without_specifiers(wish.directory) + '\n';
  if (!wish.path.empty()) text += "Environment=" + quoted_for_systemd("PATH=" + without_specifiers(wish.path)) + '\n';
  text += "ExecStart=" + line + '\n';
  if (wish.reloads) text += "ExecReload=/bin/sh -c 'kill -HUP $MAINPID'\n";
  // The launcher ends the whole tree in order; what is left when its time is over is killed. Its exit status 0 means
  // that it was told to stop, and 2 and 78 that starting again will not help.
  text += "KillMode=mixed\nTimeoutStopSec=" + std::to_string(stop) + "\nRestart=on-failure\nRestartSec=1\n" +
          "RestartPreventExitStatus=2 78\nLimitNOFILE=65536\nRuntimeDirectory=frontdoor/" + name +
          "\n\n[Install]\nWantedBy=multi-user.target\n";
  return text;
}

}  // namespace frontdoor::cli
