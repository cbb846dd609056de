#include "cli/status_table.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <vector>

#include "base/short_text.h"
#include "cli/find_running.h"
#include "cli/hints.h"

namespace frontdoor::cli {

namespace json = boost::json;

namespace {

enum class Side : std::uint8_t { Left, Right };

struct Column {
  std::string_view title;
  Side side;
};

constexpr std::array columns = {
    Column{"UPSTREAM", Side::Left}, Column{"ADDRESS", Side::Left}, Column{"STATE", Side::Left}, Column{"SINCE", Side::Right},
    Column{"CHECK", Side::Right},   Column{"REQ/S", Side::Right},  Column{"P99", Side::Right},  Column{"NOW", Side::Right},
    Column{"REQS", Side::Right},   Column{"PID", Side::Right},    Column{"CPU", Side::Right},  Column{"MEM", Side::Right}};
constexpr std::size_t kState = 2;

struct TableRow {
  std::array<std::string, columns.size()> cells;
  std::vector<std::string> notes;  // below it
};

const json::value* member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(json::string_view(name.data(), name.size()));
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::int64_t number_of(const json::object& object, std::string_view name, std::int64_t otherwise = 0) {
  const json::value* value = member(object, name);
  if (value == nullptr) return otherwise;
  if (value->is_int64()) return value->get_int64();
  if (value->is_uint64()) return static_cast<std::int64_t>(value->get_uint64());
  return value->is_double() ? static_cast<std::int64_t>(value->get_double() + 0.5) : otherwise;
}

double real_of(const json::object& object, std::string_view name) {
  const json::value* const value = member(object, name);
  if (value == nullptr) return 0;
  return value->is_double() ? value->get_double() : static_cast<double>(number_of(object, name));
}

std::string time_text(double millis) {
  char text[40];
  if (millis < 10) std::snprintf(text, sizeof text, "%.1f ms", millis);
  else if (millis < 9'999.5) std::snprintf(text, sizeof text, "%.0f ms", millis);
  else std::snprintf(text, sizeof text, "%.0f s", millis / 1'000);
  return text;
}

// "428", "12k", "1.3M"
std::string short_count(std::int64_t count) {
  if (count < 10'000) return std::to_string(count);
  if (count < 1'000'000) return std::to_string(count / 1'000) + 'k';
  const bool giga = count >= 1'000'000'000;
  char text[32];
  std::snprintf(text, sizeof text, "%.1f%c", static_cast<double>(count) / (giga ? 1e9 : 1e6), giga ? 'G' : 'M');
  return text;
}

// Without its space: all of it is to fit 80 columns.
std::string time_cell(double millis) {
  std::string text = time_text(millis);
  std::erase(text, ' ');
  return text;
}

std::string or_dash(std::string text) { return text.empty() ? "-" : text; }

std::string padded(std::string_view text, std::size_t width, Side side) {
  // Wide and combining characters do not occur in what we print here but by somebody's name for a pool.
  const std::string space(width > text.size() ? width - text.size() : 0, ' ');
  return side == Side::Left ? std::string(text) + space : space + std::string(text);
}

Ink ink_of(std::string_view state) {
  if (state == "up" || state == "done") return Ink::Green;
  if (state == "down" || state == "crash loop" || state == "exited") return Ink::Red;
  return Ink::Yellow;
}

const json::object* object_at(const json::object& object, std::string_view name) {
  const json::value* const value = member(object, name);
  return value == nullptr ? nullptr : value->if_object();
}

// "by root, 3m ago: a new disk"
std::string standing_of(const json::object& ordered) {
  const std::string reason = text_of(ordered, "reason");
  return "by " + text_of(ordered, "by") + ", " + short_duration(number_of(ordered, "since_ms")) + " ago" +
         (reason.empty() ? "" : ": " + reason);
}

// " by root, 3m ago"; "" where nobody has.
std::string author_of(const json::object& object, std::string_view name) {
  const json::object* const by = object_at(object, name);
  return by == nullptr ? "" : ' ' + standing_of(*by);
}

// An operator's word stands where the state does, and the state below it.
struct Standing {
  std::string state;
  std::string since;  // "" = that of the state
  std::vector<std::string> notes = {};
};

Standing standing_of_upstream(const json::object& upstream) {
  Standing standing{text_of(upstream, "state"), ""};
  if (const json::object* const added = object_at(upstream, "added"))
    standing.notes.push_back("added " + standing_of(*added) + "; it is not in the config");
  const json::object* const ordered = object_at(upstream, "ordered");
  if (ordered == nullptr) return standing;
  const std::string order = text_of(*ordered, "order");
  const std::int64_t left = number_of(upstream, "in_flight");
  std::string what = order == "drain" ? "drained" : order;
  if (const std::string weight = text_of(*ordered, "weight"); !weight.empty())
    what = (order == "ready" ? "" : what + ", ") + "weight " + weight;
  standing.notes.push_back(what + ' ' + standing_of(*ordered));
  if (order != "drain" && order != "maintenance") return standing;
  if (standing.state != "up") standing.notes.push_back("would be " + standing.state);
  standing.state = order != "drain" ? order : left == 0 ? "drained" : "draining, " + std::to_string(left) + " left";
  standing.since = short_duration(number_of(*ordered, "since_ms"));
  return standing;
}

TableRow row_of(const json::object& upstream) {
  TableRow row;
  const Standing standing = standing_of_upstream(upstream);
  std::string address = text_of(upstream, "address");
  if (address.starts_with("127.0.0.1:")) address.erase(0, 9);
  if (address.starts_with("unix:")) address = "unix";
  const bool is_process = upstream.contains("restarts");
  const json::object* const check = object_at(upstream, "check");
  const bool passed = check != nullptr && member(*check, "passed") != nullptr && text_of(*check, "passed") == "true";
  row.cells = {text_of(upstream, "name"),
               is_process ? or_dash(address) : "-",
               standing.state,
               !standing.since.empty() ? standing.since
               : member(upstream, "state_ms") ? short_duration(number_of(upstream, "state_ms")) : "-",
               check == nullptr ? "-" : passed ? time_cell(real_of(*check, "ms")) : "failed",
               member(upstream, "requests_per_second") ? short_rate(real_of(upstream, "requests_per_second")) : "-",
               member(upstream, "p99_ms") ? time_cell(real_of(upstream, "p99_ms")) : "-",
               std::to_string(number_of(upstream, "in_flight")),
               short_count(number_of(upstream, "requests")),
               or_dash(text_of(upstream, "pid")),
               member(upstream, "cpu_percent") ? short_rate(real_of(upstream, "cpu_percent")) + '%' : "-",
               member(upstream, "memory_bytes")
                   ? short_size(static_cast<std::uint64_t>(number_of(upstream, "memory_bytes")))
                   : "-"};
  row.notes = standing.notes;
  if (const std::string by = author_of(upstream, "stopped_by"); !by.empty()) row.notes.push_back("stopped" + by);
  std::string note;
  if (row.cells[kState] != "up") note = text_of(upstream, "reason");
  const auto add_to_note = [&note](const std::string& text) { note += (note.empty() ? "" : ", ") + text; };
  // A column would be zeros most of the time.
  if (const std::int64_t restarts = number_of(upstream, "restarts"); restarts != 0) 
    add_to_note(std::to_string(restarts) + (restarts == 1 ? " restart" : " restarts"));
  if (const std::string end = text_of(upstream, "last_end"); !end.empty()) add_to_note("last end: " + end);
  if (const std::string reason = text_of(upstream, "last_reason"); !reason.empty() && reason != text_of(upstream, "last_end"))
    add_to_note("last start: " + reason);
  if (member(upstream, "next_start_ms")) add_to_note("next in " + short_duration(number_of(upstream, "next_start_ms")));
  if (!note.empty()) row.notes.push_back(note);
  // The state has its reason; a check that fails without having taken it out has none.
  if (check != nullptr && !passed && row.cells[kState] == "up")
    if (const std::string error = text_of(*check, "error"); !error.empty()) row.notes.push_back("last check: " + error);
  if (const std::string says = text_of(upstream, "says"); !says.empty()) row.notes.push_back("says: " + says);
  if (const auto* requests = member(upstream, "requests_at_end"); requests != nullptr && requests->is_array())
    for (const json::value& request : requests->get_array())
      if (request.is_string())
        row.notes.push_back("was on it at its end: " + text_of(json::object{{"request", request}}, "request"));
  return row;
}

// "428 req/s  p99 18 ms  errors 0.20%  41 in flight"; "" where it is not known: an older frontdoor answers.
std::string traffic_of(const json::object& status) {
  if (member(status, "requests_per_second") == nullptr) return "";
  const double rate = real_of(status, "requests_per_second"), errors = real_of(status, "errors_per_second");
  std::string text = short_rate(rate) + " req/s  ";
  if (member(status, "p99_ms")) text += "p99 " + time_text(real_of(status, "p99_ms")) + "  ";
  return text + "errors " + short_share(errors, rate) + "  " + std::to_string(number_of(status, "in_flight")) + " in flight\n";
}

std::string crash_of(const json::object& status, const Style& style) {
  const json::object* const crash = object_at(status, "crashed");
  if (crash == nullptr) return "";
  const std::int64_t instances = number_of(*crash, "instances_kept"), crashes = number_of(*crash, "crashes");
  return style.paint(Ink::Red, "its serving process died " + short_duration(number_of(*crash, "since_ms")) + " ago") + ": " +
         text_of(*crash, "end") + "; back after " + time_text(real_of(*crash, "away_ms")) + ", " + std::to_string(instances) +
         (instances == 1 ? " instance" : " instances") + " ran on" +
         (crashes > 1 ? "; " + std::to_string(crashes) + " crashes so far" : "") + '\n';
}

std::string refused_of(const json::object& status, const Style& style) {
  const json::object* const refused = object_at(status, "config_refused");
  if (refused == nullptr) return "";
  return style.paint(Ink::Red, "its config file was refused " + short_duration(number_of(*refused, "since_ms")) + " ago") + ": " +
         text_of(*refused, "reason") + "; what was good before serves on\n";
}

void append_table(std::string& out, const std::vector<TableRow>& rows, const Style& style) {
  std::array<std::size_t, columns.size()> widths{};
  for (std::size_t i = 0; i < columns.size(); ++i) {
    widths[i] = columns[i].title.size();
    for (const TableRow& row : rows) widths[i] = std::max(widths[i], row.cells[i].size());
  }
  std::string head;
  for (std::size_t i = 0; i < columns.size(); ++i)
    head += (i == 0 ? "" : " ") + padded(columns[i].title, widths[i], columns[i].side);
  out += "  " + style.dim(head) + '\n';
  for (const TableRow& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const std::string cell = padded(row.cells[i], widths[i], columns[i].side);
      line += (i == 0 ? "" : " ") + (i == kState ? style.paint(ink_of(row.cells[i]), cell) : cell);
    }
    out += "  " + line + '\n';
    for (const std::string& note : row.notes)
      out += "  " + std::string(widths[0] + 1, ' ') + style.dim(note) + '\n';
  }
}

// Whether one of its upstreams is in a state that nobody has wanted.
bool append_pool(std::string& out, const json::object& pool, const Style& style, const std::string& given) {
  std::vector<TableRow> rows;
  std::size_t up = 0;
  bool trouble = false;
  if (const auto* upstreams = member(pool, "upstreams"); upstreams != nullptr && upstreams->is_array())
    for (const json::value& upstream : upstreams->get_array())
      if (upstream.is_object()) {
        rows.push_back(row_of(upstream.get_object()));
        if (rows.back().cells[kState] == "up") ++up;
        trouble = trouble || ink_of(rows.back().cells[kState]) == Ink::Red;
      }
  out += "\npool " + style.bold(text_of(pool, "name")) + "  " + std::to_string(up) + " of " +
         std::to_string(rows.size()) + " up";
  if (const std::int64_t held = number_of(pool, "held"); held != 0)
    out += "  " + style.paint(Ink::Yellow, std::to_string(held) + " held");
  if (const std::string protocol = text_of(pool, "protocol"); protocol.starts_with("h2")) out += "  " + style.dim(protocol);
  std::vector<std::string> words;
  if (const auto* command = member(pool, "command"); command != nullptr && command->is_array())
    for (const json::value& word : command->get_array())
      words.push_back(text_of(json::object{{"word", word}}, "word"));
  if (!words.empty()) out += "  " + shell_line(words);
  if (const auto* stopped = member(pool, "stopped"); stopped != nullptr && stopped->is_bool() && stopped->get_bool())
    out += "  (stopped" + author_of(pool, "stopped_by") + ')';
  if (const std::string by = author_of(pool, "scaled_by"); !by.empty())
    out += "  (scaled to " + std::to_string(number_of(pool, "instances")) + by + ')';
  if (const std::string operation = text_of(pool, "operation"); !operation.empty()) out += "  (" + operation + ')';
  out += '\n';
  if (const json::object* const maintenance = object_at(pool, "maintenance"))
    out += "  " + style.paint(Ink::Yellow, "in maintenance: every request gets a 503") + ", " + standing_of(*maintenance) +
           with_socket("; frontdoor ready " + text_of(pool, "name") + " ends it\n", given);
  if (!rows.empty()) append_table(out, rows, style);
  if (const json::object* const failed = object_at(pool, "failed_change")) {
    out += "  " + style.paint(Ink::Red, "for " + short_duration(number_of(*failed, "since_ms"))) + ": " +
           text_of(*failed, "summary") + '\n';
    if (const auto* advice = member(*failed, "advice"); advice != nullptr && advice->is_array())
      for (const json::value& line : advice->get_array())
        out += "    " + with_socket(text_of(json::object{{"line", line}}, "line"), given) + '\n';
  }
  if (const auto* removed = member(pool, "removed"); removed != nullptr && removed->is_array())
    for (const json::value& each : removed->get_array())
      if (each.is_object()) {
        const std::string upstream = text_of(each.get_object(), "upstream");
        out += "  " + style.dim(upstream + " is in the config and was removed " + standing_of(each.get_object()) +
                                with_socket("; frontdoor upstream add " + text_of(pool, "name") + ' ' + upstream + " brings it back", given)) +
               '\n';
      }
  return trouble;
}

}  // namespace

std::string status_table(const json::object& status, const Style& style, const std::string& given) {
  std::string state = text_of(status, "state");
  state += state == "running" ? " for " + short_duration(number_of(status, "running_ms")) : std::string();
  std::string out = style.bold("frontdoor") + ' ' + text_of(status, "version") + "  pid " +
                    text_of(status, "main_pid") + "  " + state + "  " + addresses_of(status) + "  " +
                    std::to_string(number_of(status, "requests")) + " requests\n" + traffic_of(status) +
                    crash_of(status, style) + refused_of(status, style);
  bool trouble = false;
  if (const auto* pools = member(status, "pools"); pools != nullptr && pools->is_array())
    for (const json::value& pool : pools->get_array())
      if (pool.is_object()) trouble = append_pool(out, pool.get_object(), style, given) || trouble;
  if (trouble) out += '\n' + style.dim(with_socket("frontdoor why says what is wrong, and what to do", given)) + '\n';
  return out;
}

}  // namespace frontdoor::cli
