#include "supervisor/launcher/successor_end.h"

#include "supervisor/launcher/launcher.h"

namespace frontdoor {

namespace {

constexpr int kBadConfig = 78;  // as service/process/exit_codes.h has it

}  // namespace

std::string why_successor_ended(const ProcessEnd& end, const std::string& its_words) {
  const std::string words = its_words.empty() ? "what it has written says why" : its_words;
  if (end.by_signal) {
    const std::string crash = "the new one crashed before it served (" + signal_to_string(end.value) + ")";
    return its_words.empty() ? crash : crash + ": " + its_words;
  }
  if (end.value == kNotExecuted) return "the new one can not be executed";
  if (end.value == kBadConfig) return "the new one does not take the config (exit status 78): " + words;
  return "the new one ended before it served, with exit status " + std::to_string(end.value) + ": " + words;
}

}  // namespace frontdoor
