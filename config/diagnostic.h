// What is wrong with a config and where. Diagnostics collects all of a load, so that a person sees every
// mistake at once. Control thread.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace frontdoor::config {

struct Diagnostic {
  enum class Severity : std::uint8_t { Error, Warning };
  Severity severity = Severity::Error;
  std::string file;
  std::uint32_t line = 0;    // 1-based; 0 = the file as a whole
  std::uint32_t column = 0;  // 1-based
  std::string message;       // what is wrong, what would be right

  std::string to_string() const;  // "fd.toml:12:3: unknown key "intervall", did you mean "interval"?"
};

// Where in which file; `file` is an index that Diagnostics handed out.
struct Position {
  std::uint32_t file = 0, line = 0, column = 0;
};

class Diagnostics {
 public:
  std::uint32_t add_file(std::string name);
  const std::string& file_name(std::uint32_t file) const { return files_[file]; }

  void error(Position at, std::string message) { add(Diagnostic::Severity::Error, at, std::move(message)); }
  void warning(Position at, std::string message) {
    add(Diagnostic::Severity::Warning, at, std::move(message));
  }
  bool has_errors() const;
  bool has_error_at(Position at) const;  // exactly there: of this value

  std::string place(Position at) const;  // "fd.toml:12:3"
  std::vector<Diagnostic> in_file_order() const;

 private:
  struct Item {
    Diagnostic::Severity severity;
    Position at;
    std::string message;
  };
  void add(Diagnostic::Severity severity, Position at, std::string message);

  std::vector<std::string> files_;
  std::vector<Item> items_;
};

}  // namespace frontdoor::config
