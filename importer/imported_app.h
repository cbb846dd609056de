// What any of the files that people have says of their apps, before it becomes fd.toml: filled by the reader of each
// kind of file, changed by the options of `run`, written by to_toml.h. Values; any thread.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace frontdoor::importer {

using Variables = std::vector<std::pair<std::string, std::string>>;

struct ImportedApp {
  std::string name = {};                  // of its pool
  std::vector<std::string> command = {};  // argv
  std::string directory = {};             // absolute
  std::uint32_t instances = 1;            // 0 = "max"
  Variables env = {};
  std::string before_path = {};  // directories that come before those of PATH, each with its ":"
  std::vector<std::pair<std::string, Variables>> profiles = {};  // what --env NAME adds
  bool serves = false;                                           // gets requests, and a PORT
  std::optional<std::uint16_t> port = {};                        // where clients have found it until now
  std::string health_path = {};
  // Everything else, as fd.toml has it: "stop_timeout" or "restart.policy", and the value in TOML.
  std::vector<std::pair<std::string, std::string>> settings = {};

  void set(std::string_view key, std::string value) { settings.emplace_back(key, std::move(value)); }
  const std::string* setting(std::string_view key) const;
};

// Something that the file says and fd.toml does not, or says otherwise: nothing is dropped without one.
struct Note {
  std::string app;   // "" = the file as a whole
  std::string key;   // as the file writes it; "" = the app as a whole
  std::string what;  // a sentence: what becomes of it, what to do instead
  bool operator==(const Note&) const = default;
};

struct Imported {
  std::vector<ImportedApp> apps = {};
  std::vector<Note> notes = {};
  std::vector<std::string> errors = {};  // where in the file, and what is wrong: with one of them nothing is started

  bool ok() const { return errors.empty(); }
};

// "web, worker: kill_retry_time: …": apps of which the same is said share a line. Control characters of the file do
// not reach the terminal.
std::vector<std::string> lines_of(const std::vector<Note>& notes);

// A name that a pool may have, and that no app of `imported` has yet.
std::string pool_name(std::string_view wanted, const Imported& imported);

std::optional<std::string> value_of(const Variables& variables, std::string_view name);
void assign(Variables& variables, std::string_view name, std::string value);  // replaces one of that name

// A number from 1 to 65535.
std::optional<std::uint16_t> port_number(std::string_view text);

// What could not be read as text: bytes that are no UTF-8, and NUL. "" = it is text.
std::string text_problem(std::string_view text);

}  // namespace frontdoor::importer
