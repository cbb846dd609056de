#include "cli/top_table.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <cstdio>
#include <map>
#include <vector>

#include "base/short_text.h"
#include "cli/find_running.h"

namespace frontdoor::cli {

namespace json = boost::json;

namespace {

struct Busy {
  std::string pool, name, state;
  std::uint64_t requests = 0;
  double rate = 0;
  std::int64_t now = 0;
  std::int64_t memory = -1;  // -1 = not known
  double cpu = -1;
};

double real_at(const json::object& object, const char* name, double otherwise) {
  const json::value* const value = object.if_contains(name);
  if (value == nullptr) return otherwise;
  if (value->is_int64()) return static_cast<double>(value->get_int64());
  if (value->is_uint64()) return static_cast<double>(value->get_uint64());
  return value->is_double() ? value->get_double() : otherwise;
}

std::string state_shown(const json::object& upstream) {
  const json::value* const ordered = upstream.if_contains("ordered");
  const std::string order = ordered && ordered->is_object() ? text_of(ordered->get_object(), "order") : "";
  if (order == "drain") return "drained";
  return order == "maintenance" ? order : text_of(upstream, "state");
}

std::vector<Busy> busy_of(const json::object& status) {
  std::vector<Busy> all;
  const json::value* const pools = status.if_contains("pools");
  if (pools == nullptr || !pools->is_array()) return all;
  for (const json::value& pool : pools->get_array()) {
    const json::value* const rows = pool.is_object() ? pool.get_object().if_contains("upstreams") : nullptr;
    if (rows == nullptr || !rows->is_array()) continue;
    for (const json::value& row : rows->get_array()) {
      if (!row.is_object()) continue;
      const json::object& upstream = row.get_object();
      Busy busy{text_of(pool.get_object(), "name"), text_of(upstream, "name"), state_shown(upstream)};
      busy.requests = static_cast<std::uint64_t>(real_at(upstream, "requests", 0));
      busy.now = static_cast<std::int64_t>(real_at(upstream, "in_flight", 0));
      busy.memory = static_cast<std::int64_t>(real_at(upstream, "memory_bytes", -1));
      busy.cpu = real_at(upstream, "cpu_percent", -1);
      all.push_back(std::move(busy));
    }
  }
  return all;
}

double key_of(const Busy& busy, TopOrder order) {
  switch (order) {
    case TopOrder::Requests:
      return busy.rate;
    case TopOrder::Now:
      return static_cast<double>(busy.now);
    case TopOrder::Memory:
      return static_cast<double>(busy.memory);
    case TopOrder::Cpu:
      return busy.cpu;
  }
  return 0;
}

}  // namespace

std::string top_table(const json::object& before, const json::object& after, std::int64_t millis_between, TopOrder order,
                      const Style& style) {
  const double seconds = static_cast<double>(std::max<std::int64_t>(millis_between, 1)) / 1000;
  std::map<std::pair<std::string, std::string>, std::uint64_t> known;
  for (const Busy& busy : busy_of(before)) known[{busy.pool, busy.name}] = busy.requests;
  std::vector<Busy> all = busy_of(after);
  double rate = 0;
  std::size_t up = 0;
  for (Busy& busy : all) {
    const auto then = known.find({busy.pool, busy.name});
    // One that was started anew counts from 0 again.
    if (then != known.end() && busy.requests >= then->second)
      busy.rate = static_cast<double>(busy.requests - then->second) / seconds;
    rate += busy.rate;
    up += busy.state == "up" ? 1 : 0;
  }
  std::stable_sort(all.begin(), all.end(),
                   [&](const Busy& a, const Busy& b) { return key_of(a, order) > key_of(b, order); });

  constexpr std::array<std::string_view, 7> titles = {"POOL", "UPSTREAM", "STATE", "REQ/S", "NOW", "MEM", "CPU"};
  std::vector<std::array<std::string, 7>> rows;
  for (const Busy& busy : all)
    rows.push_back({busy.pool, busy.name, busy.state, short_rate(busy.rate), std::to_string(busy.now),
                    busy.memory < 0 ? "-" : short_size(static_cast<std::uint64_t>(busy.memory)),
                    busy.cpu < 0 ? "-" : short_rate(busy.cpu) + '%'});
  std::array<std::size_t, 7> widths{};
  for (std::size_t i = 0; i < titles.size(); ++i) {
    widths[i] = titles[i].size();
    for (const auto& row : rows) widths[i] = std::max(widths[i], row[i].size());
  }
  const auto padded_cell = [&](std::string_view text, std::size_t i) {
    const std::string space(widths[i] - std::min(text.size(), widths[i]), ' ');
    return i < 3 ? std::string(text) + space : space + std::string(text);
  };
  std::string out = style.bold("frontdoor") + "  " + text_of(after, "state") + "  " + short_rate(rate) + " req/s  " +
                    (after.contains("errors_per_second") ? "errors " + short_share(real_at(after, "errors_per_second", 0),
                                                                                   real_at(after, "requests_per_second", 0)) + "  "
                                                         : "") +
                    text_of(after, "connections") + " connections  " + std::to_string(up) + " of " +
                    std::to_string(all.size()) + " up  " +
                    short_size(static_cast<std::uint64_t>(std::max(real_at(after, "memory_bytes", 0), 0.0))) + "\n\n";
  std::string head;
  for (std::size_t i = 0; i < titles.size(); ++i) head += (i == 0 ? "" : " ") + padded_cell(titles[i], i);
  out += style.dim(head) + '\n';
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < titles.size(); ++i) {
      const std::string cell = padded_cell(row[i], i);
      const Ink ink = row[2] == "up" ? Ink::Green : row[2] == "down" || row[2] == "crash loop" ? Ink::Red : Ink::Yellow;
      out += (i == 0 ? "" : " ") + (i == 2 ? style.paint(ink, cell) : cell);
    }
    out += '\n';
  }
  return out;
}

}  // namespace frontdoor::cli
