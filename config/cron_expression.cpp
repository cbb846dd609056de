// Fields are read one by one into sets of numbers; the first that is wrong says what would be right.

#include "config/cron_expression.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "config/suggest.h"

namespace frontdoor::config {
namespace {

constexpr auto month_names = std::to_array<std::string_view>(
    {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"});
constexpr auto day_names = std::to_array<std::string_view>({"sun", "mon", "tue", "wed", "thu", "fri", "sat"});

struct Field {
  std::string_view name;
  unsigned first, last;
  std::span<const std::string_view> names;  // of the numbers from `first` on
};

constexpr std::array<Field, 5> fields = {{{"minute", 0, 59, {}},
                                          {"hour", 0, 23, {}},
                                          {"day", 1, 31, {}},
                                          {"month", 1, 12, month_names},
                                          {"weekday", 0, 7, day_names}}};  // 7 is Sunday, too

struct Word {
  std::string_view name, meaning;
};
constexpr std::array words = {
    Word{"@yearly", "0 0 1 1 *"}, Word{"@annually", "0 0 1 1 *"}, Word{"@monthly", "0 0 1 * *"},
    Word{"@weekly", "0 0 * * 0"}, Word{"@daily", "0 0 * * *"},    Word{"@midnight", "0 0 * * *"},
    Word{"@hourly", "0 * * * *"},
};

constexpr std::array<unsigned, 13> longest_month = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::optional<unsigned> to_number(std::string_view text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// One field; `numbers` has its last error, if there is one.
class FieldReader {
 public:
  explicit FieldReader(const Field& field) : field_(field) {}

  bool read(std::string_view text) {
    for (;;) {
      const auto comma = text.find(',');
      if (!read_part(text.substr(0, comma))) return false;
      if (comma == std::string_view::npos) return true;
      text.remove_prefix(comma + 1);
    }
  }
  std::uint64_t numbers() const { return numbers_; }
  const std::string& error() const { return error_; }

 private:
  bool fail(std::string what) {
    error_ = std::move(what);
    return false;
  }
  std::string range() const { return std::to_string(field_.first) + " to " + std::to_string(field_.last); }

  bool read_number(std::string_view text, unsigned& number) {
    if (const auto value = to_number(text)) {
      if (*value < field_.first || *value > field_.last)
        return fail(std::string(text) + " is no " + std::string(field_.name) + ", which goes from " + range());
      number = *value;
      return true;
    }
    const std::string word = lower(text);
    for (std::size_t i = 0; i < field_.names.size(); ++i) {
      if (field_.names[i] != word) continue;
      number = field_.first + static_cast<unsigned>(i);
      return true;
    }
    std::string what = quote(text) + " is no " + std::string(field_.name);
    if (text == "?") return fail(what + ": write *");
    const auto meant = nearest(word.substr(0, 3), field_.names);
    if (meant) return fail(what + ", did you mean " + quote(*meant) + "?");
    return fail(what + ", which is a number from " + range());
  }

  // "*", "5", "1-5", each with a "/step" if it is more than one.
  bool read_part(std::string_view text) {
    const auto slash = text.find('/');
    const std::string_view what = text.substr(0, slash);
    unsigned first = field_.first;
    unsigned last = field_.name == "weekday" ? 6 : field_.last;
    unsigned step = 1;
    bool single = false;
    if (what != "*") {
      const auto dash = what.find('-');
      if (!read_number(what.substr(0, dash), first)) return false;
      last = first;
      single = dash == std::string_view::npos;
      if (!single && !read_number(what.substr(dash + 1), last)) return false;
      if (last < first) return fail(quote(what) + " goes backwards: " + forwards(what, dash));
    }
    if (slash != std::string_view::npos) {
      const auto number = to_number(text.substr(slash + 1));
      if (!number || *number == 0)
        return fail("a step is a number above 0, as in */5, not " + quote(text.substr(slash + 1)));
      if (single)
        return fail(quote(text) + ": a step needs a range, as in " + std::string(what) + "-" +
                    std::to_string(field_.last) + "/" + std::to_string(*number));
      if (*number > field_.last)
        return fail("a step of " + std::to_string(*number) + " is longer than all " + std::string(field_.name) +
                    "s, which go from " + range());
      step = *number;
    }
    for (unsigned number = first; number <= last; number += step) numbers_ |= std::uint64_t{1} << number;
    return true;
  }

  // "fri-mon" is "fri-6,0-mon".
  std::string forwards(std::string_view what, std::size_t dash) const {
    const unsigned end = field_.name == "weekday" ? 6 : field_.last;
    return "write " + std::string(what.substr(0, dash)) + "-" + std::to_string(end) + "," +
           std::to_string(field_.first) + "-" + std::string(what.substr(dash + 1));
  }

  const Field& field_;
  std::uint64_t numbers_ = 0;
  std::string error_;
};

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return parts;
    text.remove_prefix(begin);
    const auto end = std::min(text.find_first_of(" \t"), text.size());
    parts.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

// "0 0 31 2 *" would never come, and nobody would notice.
bool ever_comes(const CronExpression& cron) {
  if (!cron.any_weekday) return true;
  for (unsigned month = 1; month <= 12; ++month)
    for (unsigned day = 1; day <= longest_month[month]; ++day)
      if (cron.months.test(month) && cron.days.test(day)) return true;
  return false;
}

boost::system::result<CronExpression, CronError> parse_word(std::string_view text) {
  std::vector<std::string_view> known;
  for (const Word& word : words) {
    if (word.name == lower(text)) return parse_cron(word.meaning);
    known.push_back(word.name);
  }
  if (lower(text) == "@reboot") return CronError{"instances start with frontdoor anyway"};
  const auto meant = nearest(text, known);
  return CronError{meant ? "did you mean " + quote(*meant) + "?" : "write " + quote_list(known, "or")};
}

}  // namespace

bool CronExpression::has_day(unsigned month, unsigned day, unsigned weekday) const {
  if (!months.test(month)) return false;
  if (any_day || any_weekday) return days.test(day) && weekdays.test(weekday);
  return days.test(day) || weekdays.test(weekday);
}

boost::system::result<CronExpression, CronError> parse_cron(std::string_view text) {
  const auto parts = split(text);
  if (parts.size() == 1 && parts[0].starts_with('@')) return parse_word(parts[0]);
  if (parts.size() != fields.size()) {
    std::string what = "write five fields: minute, hour, day, month and weekday, as in \"30 4 * * *\"";
    if (parts.size() == 6) what += "; there is none for seconds, and none for a command";
    return CronError{what};
  }
  std::array<std::uint64_t, 5> numbers{};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    FieldReader reader(fields[i]);
    if (!reader.read(parts[i])) return CronError{reader.error()};
    numbers[i] = reader.numbers();
  }
  CronExpression cron;
  cron.minutes = numbers[0];
  cron.hours = numbers[1];
  cron.days = numbers[2];
  cron.months = numbers[3];
  cron.weekdays = (numbers[4] | numbers[4] >> 7) & 0x7F;
  cron.any_day = parts[2].starts_with('*');
  cron.any_weekday = parts[4].starts_with('*');
  if (!ever_comes(cron)) return CronError{"none of these months has such a day"};
  return cron;
}

std::string cron_problem(std::string_view text) {
  if (text.empty()) return "";
  const auto cron = parse_cron(text);
  return cron ? "" : cron.error().what;
}

}  // namespace frontdoor::config
