// Includes are read depth first, then the file's own tables are merged into them: what stands in the file
// itself comes last in every list, so its catch-all route does not shadow the included ones.

#include "config/include.h"

#include <glob.h>

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "base/read_file.h"
#include "config/substitute.h"
#include "config/suggest.h"
#include "config/values.h"

namespace frontdoor::config {
namespace {

namespace fs = std::filesystem;
using Kind = Value::Kind;

class DocumentReader {
 public:
  DocumentReader(const LoadOptions& options, Diagnostics& diagnostics)
      : options_(options), diagnostics_(diagnostics) {}

  Value read(std::string_view text, std::string name, const fs::path& directory);
  Document finish(Value root) { return {std::move(root), std::move(files_), std::move(read_), complete_}; }
  void remember(const fs::path& path) { seen_.push_back(fs::weakly_canonical(path, ignored_)); }

 private:
  void include(const Value& pattern, const fs::path& directory, Value& into);
  void include_file(const fs::path& path, Position at, Value& into);
  std::vector<std::string> matching(const std::string& pattern);
  FileText text_of(const std::string& path);
  void merge(Value&& from, Value& into);
  void merge_entry(Entry&& entry, Value& into);
  void fail(Position at, std::string what) {
    complete_ = false;
    diagnostics_.error(at, std::move(what));
  }

  const LoadOptions& options_;
  Diagnostics& diagnostics_;
  std::vector<std::string> files_;
  FilesRead read_;
  std::vector<fs::path> seen_;
  std::error_code ignored_;
  bool complete_ = true;
};

// The includes come first and the file's own content is merged into them, since routes are tried in this
// order.
Value DocumentReader::read(std::string_view text, std::string name, const fs::path& directory) {
  const auto file = diagnostics_.add_file(name);
  files_.push_back(std::move(name));
  Value own;
  if (!parse_document(text, file, own, diagnostics_)) complete_ = false;
  substitute(own, options_.environment, diagnostics_);

  const auto found =
      std::find_if(own.entries.begin(), own.entries.end(), [](const Entry& e) { return e.key == "include"; });
  if (found == own.entries.end()) return own;
  const Value patterns = std::move(found->value);
  own.entries.erase(found);
  Value merged = Value::empty_table(own.at);
  if (patterns.is(Kind::List))
    for (const auto& pattern : patterns.items) include(pattern, directory, merged);
  else
    include(patterns, directory, merged);
  merge(std::move(own), merged);
  return merged;
}

struct Matches {
  glob_t glob{};
  ~Matches() { globfree(&glob); }
};

// In the order of their names; none where there is no such file.
std::vector<std::string> DocumentReader::matching(const std::string& pattern) {
  std::vector<std::string> paths;
  if (options_.instead_of_files) {
    const auto found = options_.instead_of_files->matches.find(pattern);
    if (found != options_.instead_of_files->matches.end()) paths = found->second;
  } else if (Matches matches; glob(pattern.c_str(), 0, nullptr, &matches.glob) == 0) {
    paths.assign(matches.glob.gl_pathv, matches.glob.gl_pathv + matches.glob.gl_pathc);
  }
  read_.matches[pattern] = paths;
  return paths;
}

FileText DocumentReader::text_of(const std::string& path) {
  FileText file = options_.instead_of_files ? options_.instead_of_files->text_of(path) : read_file(path, largest_file);
  read_.texts[path] = file.text;
  return file;
}

void DocumentReader::include(const Value& pattern, const fs::path& directory, Value& into) {
  if (!pattern.is(Kind::Text)) {
    complete_ = false;
    return wrong_type("include", "a file's path or pattern as in \"conf.d/*.toml\"", pattern, diagnostics_);
  }
  if (!options_.directory)
    return fail(pattern.at, "\"include\" is only possible in a config that is read from a file");
  if (pattern.text.empty() || pattern.text.find('\0') != std::string::npos)
    return fail(pattern.at, "include: " + quote(pattern.text) + " is not a path");
  const std::vector<std::string> paths = matching((directory / pattern.text).string());
  const bool found = !paths.empty();
  const bool is_pattern = pattern.text.find_first_of("*?[") != std::string::npos;
  if (!found && is_pattern)
    return diagnostics_.warning(pattern.at, "include: no file matches " + quote(pattern.text));
  if (!found) {
    files_.push_back((directory / pattern.text).lexically_normal().string());  // it may come
    return fail(pattern.at, "include: there is no file " + quote(pattern.text));
  }
  for (const std::string& path : paths) include_file(path, pattern.at, into);
}

void DocumentReader::include_file(const fs::path& path, Position at, Value& into) {
  const auto name = path.lexically_normal().string();
  const auto known = fs::weakly_canonical(path, ignored_);
  if (std::find(seen_.begin(), seen_.end(), known) != seen_.end())
    return fail(at, "include: " + quote(name) + " is already part of this config");
  seen_.push_back(known);
  // Only regular files: a pipe would hang us, a device might never end.
  if (!options_.instead_of_files && !fs::is_regular_file(path, ignored_))
    return fail(at, "include: " + quote(name) + " is not a regular file");
  const FileText file = text_of(path.string());
  if (!file.error.empty()) {
    files_.push_back(name);
    return fail(at, "include: " + quote(name) + " cannot be read: " + file.error);
  }
  merge(read(file.text, name, path.parent_path()), into);
}

void DocumentReader::merge(Value&& from, Value& into) {
  for (auto& entry : from.entries) merge_entry(std::move(entry), into);
}

void DocumentReader::merge_entry(Entry&& entry, Value& into) {
  const auto is_same = [&](const Entry& e) { return e.key == entry.key; };
  const auto existing = std::find_if(into.entries.begin(), into.entries.end(), is_same);
  if (existing == into.entries.end()) {
    into.entries.push_back(std::move(entry));
    return;
  }
  const auto is_table_list = [](const Value& value) {
    return value.is(Kind::List) && !value.items.empty() &&
           std::all_of(value.items.begin(), value.items.end(),
                       [](const Value& item) { return item.is(Kind::Table); });
  };
  if (existing->value.is(Kind::Table) && entry.value.is(Kind::Table)) {
    merge(std::move(entry.value), existing->value);
  } else if (is_table_list(existing->value) && is_table_list(entry.value)) {
    for (auto& item : entry.value.items) existing->value.items.push_back(std::move(item));
  } else {
    diagnostics_.error(entry.at,
                       quote(entry.key) + " is set twice, first at " + diagnostics_.place(existing->at));
  }
}

}  // namespace

Document read_document(std::string_view text, std::string_view name, const LoadOptions& options,
                       Diagnostics& diagnostics) {
  DocumentReader reader(options, diagnostics);
  if (options.directory) reader.remember(fs::path(*options.directory) / fs::path(name).filename());
  Value root = reader.read(text, std::string(name), options.directory.value_or("."));
  return reader.finish(std::move(root));
}

}  // namespace frontdoor::config
