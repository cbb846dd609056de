// Positions stay numbers until the end, so that sorting by file and line is sorting by numbers.

#include "config/diagnostic.h"

#include <algorithm>
#include <tuple>

namespace frontdoor::config {
namespace {

std::string place_text(const std::string& file, std::uint32_t line, std::uint32_t column) {
  if (line == 0) return file;
  return file + ':' + std::to_string(line) + ':' + std::to_string(column);
}

}  // namespace

std::string Diagnostic::to_string() const {
  return place_text(file, line, column) + ": " + (severity == Severity::Warning ? "warning: " : "") + message;
}

std::uint32_t Diagnostics::add_file(std::string name) {
  files_.push_back(std::move(name));
  return static_cast<std::uint32_t>(files_.size() - 1);
}

void Diagnostics::add(Diagnostic::Severity severity, Position at, std::string message) {
  items_.push_back({severity, at, std::move(message)});
}

bool Diagnostics::has_errors() const {
  return std::any_of(items_.begin(), items_.end(),
                     [](const Item& item) { return item.severity == Diagnostic::Severity::Error; });
}

bool Diagnostics::has_error_at(Position at) const {
  return std::any_of(items_.begin(), items_.end(), [&](const Item& item) {
    return item.severity == Diagnostic::Severity::Error &&
           std::tie(item.at.file, item.at.line, item.at.column) == std::tie(at.file, at.line, at.column);
  });
}

std::string Diagnostics::place(Position at) const { return place_text(files_[at.file], at.line, at.column); }

std::vector<Diagnostic> Diagnostics::in_file_order() const {
  auto items = items_;
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    return std::tie(a.at.file, a.at.line, a.at.column) < std::tie(b.at.file, b.at.line, b.at.column);
  });
  std::vector<Diagnostic> result;
  result.reserve(items.size());
  for (auto& item : items)
    result.push_back(
        {item.severity, files_[item.at.file], item.at.line, item.at.column, std::move(item.message)});
  return result;
}

}  // namespace frontdoor::config
