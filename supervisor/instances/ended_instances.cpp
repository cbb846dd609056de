#include "supervisor/instances/ended_instances.h"

#include <sstream>

namespace frontdoor {

namespace {

const char* word_for(const std::optional<ProcessEnd>& end) {
  if (!end) return "none";
  if (!end->by_signal) return "exit";
  return end->dumped_core ? "core" : "signal";
}

}  // namespace

// FNV-1a: std::hash may be another one in another program.
std::uint64_t launch_number(std::string_view launch_text) {
  std::uint64_t number = 14'695'981'039'346'656'037U;
  for (const char letter : launch_text) number = (number ^ static_cast<unsigned char>(letter)) * 1'099'511'628'211U;
  return number;
}

std::string to_text(const EndedInstances& ended) {
  std::string text;
  for (const auto& [number, one] : ended)
    text += "ended " + std::to_string(number) + ' ' + std::to_string(one.launch) + ' ' + word_for(one.end) + ' ' +
            std::to_string(one.end ? one.end->value : 0) + '\n';
  return text;
}

EndedInstances parse_ended_instances(std::string_view text) {
  EndedInstances all;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string what, how;
    unsigned number = 0;
    EndedInstance one;
    int value = 0;
    if (!(words >> what >> number >> one.launch >> how >> value) || what != "ended" || number == 0) continue;
    if (how != "none") one.end = ProcessEnd{.by_signal = how != "exit", .value = value, .dumped_core = how == "core"};
    all[number] = one;
  }
  return all;
}

void forget_asked_for(EndedInstances& ended, const Wish& wish) {
  if (wish.what != Wish::What::Start && wish.what != Wish::What::Restart) return;
  if (wish.number) ended.erase(*wish.number);
  else ended.clear();
}

}  // namespace frontdoor
