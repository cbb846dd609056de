#include "cli/reload_text.h"

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <string_view>
#include <vector>

#include "base/terminal_text.h"
#include "cli/find_running.h"

namespace frontdoor::cli {

namespace json = boost::json;

namespace {

constexpr std::string_view kBehindFirst = "    ";  // an app's last words, behind the line that they belong to

std::vector<std::string> items_at(const json::object& answer, const char* name) {
  std::vector<std::string> items;
  const json::value* const list = answer.if_contains(name);
  if (list == nullptr || !list->is_array()) return items;
  for (const json::value& item : list->get_array())
    if (item.is_string()) items.emplace_back(item.get_string().data(), item.get_string().size());
  return items;
}

void append_item(std::string& text, std::string_view item, std::string_view before) {
  std::string_view indent = before;
  for (std::string deeper;;) {
    const std::size_t end = item.find('\n');
    text += indent;
    append_terminal_text(text, item.substr(0, end));
    text += '\n';
    if (end == std::string_view::npos) return;
    item.remove_prefix(end + 1);
    deeper = std::string(before) + std::string(kBehindFirst);
    indent = deeper;
  }
}

void append_items(std::string& text, const std::vector<std::string>& items, std::string_view title,
                  std::string_view before) {
  if (!items.empty() && !title.empty()) text.append(title).append(":\n");
  for (const std::string& item : items) append_item(text, item, before);
}

void append_changes(std::string& text, const json::object& answer) {
  const auto changes = items_at(answer, "changes");
  if (changes.empty()) text += "  nothing has changed\n";
  append_items(text, changes, "", "  ");
  append_items(text, items_at(answer, "waits_for_upgrade_or_restart"), "  waits for an upgrade or a restart",
               "    ");
  append_items(text, items_at(answer, "failed_changes"), "", "  ");
  append_items(text, items_at(answer, "at_run_time"), "  what operators have changed", "    ");
}

// The file was good and holds, whatever became of the instances.
bool is_applied(const json::object& answer, const std::string& refusal) {
  return refusal.empty() || text_of(answer, "error") == "instances_failed";
}

// What a refusal leaves as it was. Of one that broke off in the middle nobody can say that.
bool stays_as_it_was(const json::object& answer) {
  const std::string error = text_of(answer, "error");
  return error == "config_has_errors" || error == "unreadable" || error == "cannot_listen" ||
         error == "out_of_memory";
}

}  // namespace

FileTold tell_file(const json::object& answer, const std::string& refusal, FileAsked asked,
                   const Style& style) {
  FileTold told;
  const std::string file = text_of(answer, "file");
  append_items(told.err, items_at(answer, "diagnostics"), "", "");
  if (is_applied(answer, refusal)) {
    if (asked == FileAsked::Reload)
      told.out = style.paint(Ink::Green, "reloaded") + ' ' + file + ", generation " +
                 text_of(answer, "generation") + '\n';
    append_changes(told.out, answer);
  }
  if (refusal.empty()) return told;
  told.failure = (file.empty() ? "" : file + ": ") + refusal;
  if (asked == FileAsked::Reload && stays_as_it_was(answer))
    told.failure += "; nothing was reloaded, what ran before goes on";
  return told;
}

}  // namespace frontdoor::cli
