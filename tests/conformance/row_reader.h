// What the readers of all tables have in common: a file is a row of cases. "# …" is for people; "== name" begins a case, and
// its next line is the sentence that it is about; an empty line separates what is written at once. All else is the table's own.
// What no reader understands is an error, so that a slip of the pen makes no case weaker than it looks.

#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace frontdoor::conformance {

// Row: has `family`, `name`, `rule` and `line`. Table: has `cases` of it, and `errors`.
template <class Table>
class RowReader {
 public:
  using Row = typename decltype(Table::cases)::value_type;

  RowReader(std::string_view family, Table& out) : family_(family), out_(out) {}
  virtual ~RowReader() = default;

  void run(std::string_view text) {
    while (!text.empty()) {
      ++line_;
      const auto line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(text.size(), line.size() + 1));
      take(line);
    }
    take("");  // what its last line has begun is complete
    finish();
  }

 protected:
  virtual bool goes_on(std::string_view) { return false; }  // with what the line before has begun
  virtual void begins() {}                                  // a case; row_ has its name
  virtual void take_line(std::string_view line) = 0;        // of a case, behind its rule
  virtual void check() = 0;                                 // that the case says enough

  void fail(const std::string& what) {
    out_.errors.push_back(std::string(family_) + ".txt:" + std::to_string(line_) + ": " + what);
  }
  void case_fails(const std::string& what) { fail("the case \"" + row_.name + "\" " + what); }

  Row row_;
  bool joins_ = false;  // what comes goes into the same write as what came before

 private:
  void take(std::string_view line) {
    if (line.starts_with('#') || goes_on(line)) return;
    if (line.starts_with("== ")) return begin(line.substr(3));
    if (line.empty()) return void(joins_ = false);
    if (!open_) return fail("a line before the first case");
    if (row_.rule.empty()) return void(row_.rule = line);
    take_line(line);
  }

  void begin(std::string_view name) {
    finish();
    open_ = true;
    row_ = {};
    row_.family = family_;
    row_.name = name;
    row_.line = line_;
    joins_ = false;
    begins();
  }

  void finish() {
    if (!std::exchange(open_, false)) return;
    if (!row_.rule.starts_with("RFC ") && !row_.rule.starts_with("Ours:")) case_fails("does not say which sentence it is about");
    check();
    out_.cases.push_back(std::move(row_));
  }

  const std::string_view family_;
  Table& out_;
  int line_ = 0;
  bool open_ = false;
};

}  // namespace frontdoor::conformance
