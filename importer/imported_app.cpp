#include "importer/imported_app.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "config/patterns.h"

namespace frontdoor::importer {
namespace {

std::string printable(std::string_view text) {
  std::string result(text);
  for (char& c : result)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  return result;
}

std::size_t count_of(std::string_view text, std::string_view what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != text.npos; at = text.find(what, at + what.size())) ++count;
  return count;
}

}  // namespace

const std::string* ImportedApp::setting(std::string_view key) const {
  const auto found =
      std::find_if(settings.begin(), settings.end(), [&](const auto& entry) { return entry.first == key; });
  return found == settings.end() ? nullptr : &found->second;
}

std::vector<std::string> lines_of(const std::vector<Note>& notes) {
  std::vector<std::string> lines;
  std::vector<const Note*> told;
  for (const Note& note : notes) {
    const auto same = [&](const Note* other) { return other->key == note.key && other->what == note.what; };
    if (std::any_of(told.begin(), told.end(), same)) continue;
    told.push_back(&note);
    std::string apps;
    for (const Note& other : notes)
      if (same(&other) && !other.app.empty()) apps += (apps.empty() ? "" : ", ") + other.app;
    lines.push_back(printable((apps.empty() ? "" : apps + ": ") + (note.key.empty() ? "" : note.key + ": ") + note.what));
  }
  return lines;
}

std::string pool_name(std::string_view wanted, const Imported& imported) {
  std::string name;
  for (const char c : wanted) name += config::name_problem(std::string_view(&c, 1)).empty() ? c : '-';
  if (name.empty()) name = "app";
  const auto taken = [&](const std::string& candidate) {
    return std::any_of(imported.apps.begin(), imported.apps.end(),
                       [&](const ImportedApp& app) { return app.name == candidate; });
  };
  std::string free = name;
  for (unsigned number = 2; taken(free); ++number) free = name + '-' + std::to_string(number);
  return free;
}

std::optional<std::string> value_of(const Variables& variables, std::string_view name) {
  for (const auto& [key, value] : variables)
    if (key == name) return value;
  return std::nullopt;
}

void assign(Variables& variables, std::string_view name, std::string value) {
  for (auto& [key, old] : variables)
    if (key == name) return void(old = std::move(value));
  variables.emplace_back(name, std::move(value));
}

std::optional<std::uint16_t> port_number(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

std::string text_problem(std::string_view text) {
  if (text.find('\0') != text.npos) return "it is no text: there is a NUL byte in it";
  std::string as_json;
  append_json_string(as_json, text);  // puts U+FFFD where the text is no UTF-8
  constexpr std::string_view replacement = "\xEF\xBF\xBD";
  return count_of(as_json, replacement) == count_of(text, replacement) ? "" : "it is no UTF-8 text";
}

}  // namespace frontdoor::importer
