// One function for each type: check the TOML type, then the text, then the range, and store; the first
// failure says what to write instead.

#include "config/values.h"

#include <charconv>
#include <optional>
#include <span>

#include "base/json.h"
#include "config/lists.h"
#include "config/process_values.h"
#include "config/resource_limits.h"
#include "config/suggest.h"
#include "config/units.h"
#include "config/watch_pattern.h"

namespace frontdoor::config {
namespace {

using schema::Key;
using schema::Slot;
using schema::Type;
using Kind = Value::Kind;

class ValueReader {
 public:
  ValueReader(const Key& key, const Value& value, const Slot& slot, Diagnostics& diagnostics)
      : key_(key), value_(value), slot_(slot), diagnostics_(diagnostics) {}

  void read();

 private:
  void read_duration();
  void read_size();
  void read_integer(std::string_view word_for_zero);
  void read_share();
  void read_percent();
  void read_text();
  void read_boolean();
  void read_word();
  void read_address(bool upstream);

  void fail(std::string what) {
    diagnostics_.error(value_.at, std::string(key_.name) + ": " + std::move(what));
  }
  void wrong(std::string_view wanted) { wrong_type(key_.name, wanted, value_, diagnostics_); }
  bool in_range(std::int64_t number, std::string (*format)(std::int64_t));
  void store(std::uint64_t number);
  std::optional<std::int64_t> integer() const;
  // Text in which a ${VAR} was replaced may mean a number; so workers = "${WORKERS:-4}" works.
  std::optional<std::int64_t> substituted_integer() const;

  const Key& key_;
  const Value& value_;
  const Slot& slot_;
  Diagnostics& diagnostics_;
};

std::string plain_number(std::int64_t number) { return std::to_string(number); }
std::string duration_text(std::int64_t ms) { return quote(format_duration(Millis(ms))); }
std::string size_text(std::int64_t bytes) { return quote(format_size(static_cast<std::uint64_t>(bytes))); }

void ValueReader::read() {
  if (value_.is(Kind::Invalid)) return;
  switch (key_.type) {
    case Type::Duration:
      return read_duration();
    case Type::Size:
      return read_size();
    case Type::Integer:
      return read_integer("");
    case Type::IntegerOrAuto:
      return read_integer("auto");
    case Type::Count:
      return read_integer("max");
    case Type::Share:
      return read_share();
    case Type::Percent:
      return read_percent();
    case Type::Text:
      return read_text();
    case Type::Boolean:
      return read_boolean();
    case Type::Word:
      return read_word();
    case Type::ListenAddress:
      return read_address(false);
    case Type::UpstreamAddress:
      return read_address(true);
    case Type::StatusRanges:
      return read_status_ranges(key_, value_, *std::get<std::vector<StatusRange>*>(slot_), diagnostics_);
    case Type::RetryReasons:
      return read_retry_reasons(key_, value_, *std::get<Retry*>(slot_), diagnostics_);
    case Type::Protocols:
      return read_protocols(key_, value_, *std::get<Protocols*>(slot_), diagnostics_);
    case Type::Cidrs:
      return read_cidrs(key_, value_, *std::get<Cidrs*>(slot_), diagnostics_);
    case Type::Command:
      return read_command(key_, value_, *std::get<std::vector<std::string>*>(slot_), diagnostics_);
    case Type::Names:
      return read_names(key_, value_, *std::get<std::vector<std::string>*>(slot_), diagnostics_);
    case Type::Patterns:
      return read_patterns(key_, value_, *std::get<std::vector<std::string>*>(slot_), diagnostics_);
    case Type::ResourceLimits:
      return read_resource_limits(key_, value_, *std::get<std::vector<ResourceLimit>*>(slot_), diagnostics_);
    case Type::Variables:
      return read_variables(key_, value_, *std::get<std::vector<std::pair<std::string, std::string>>*>(slot_),
                            diagnostics_);
    default:
      return;  // structure is load.cpp's
  }
}

bool ValueReader::in_range(std::int64_t number, std::string (*format)(std::int64_t)) {
  if (number < key_.min) {
    fail(format(number) + " is too small, the least is " + format(key_.min));
    return false;
  }
  if (key_.max != 0 && number > key_.max) {
    fail(format(number) + " is too large, the most is " + format(key_.max));
    return false;
  }
  return true;
}

void ValueReader::store(std::uint64_t number) {
  if (auto* const* wide = std::get_if<std::uint64_t*>(&slot_)) **wide = number;
  if (auto* const* word = std::get_if<std::uint32_t*>(&slot_)) **word = static_cast<std::uint32_t>(number);
  if (auto* const* half = std::get_if<std::uint16_t*>(&slot_)) **half = static_cast<std::uint16_t>(number);
  if (auto* const* maybe = std::get_if<std::optional<std::uint64_t>*>(&slot_)) **maybe = number;
}

void ValueReader::read_duration() {
  if (value_.is(Kind::Integer)) {
    const auto n = std::to_string(value_.integer);
    return fail("a duration needs quotes and a unit: " + quote(n + "ms") + ", " + quote(n + "s") + " or " +
                quote(n + "m"));
  }
  if (!value_.is(Kind::Text)) return wrong("a duration as in \"2s\"");
  const auto duration = parse_duration(value_.text);
  if (!duration.ok)
    return fail(quote(value_.text) + " is not a duration, " +
                (duration.instead.empty() ? "write it as in \"250ms\", \"2s\", \"1.5s\", \"1m\" or \"1h\""
                                          : "did you mean " + quote(duration.instead) + "?"));
  if (in_range(duration.value.count(), duration_text)) *std::get<Millis*>(slot_) = duration.value;
}

void ValueReader::read_size() {
  if (value_.is(Kind::Integer)) {
    const auto n = std::to_string(value_.integer);
    if (value_.integer == 0) return fail("a size needs quotes: \"0\"");
    return fail("a size needs quotes and a unit: " + quote(n + "B") + ", " + quote(n + "KiB") + " or " +
                quote(n + "MiB"));
  }
  if (!value_.is(Kind::Text)) return wrong("a size as in \"64KiB\"");
  const auto size = parse_size(value_.text);
  if (!size.ok)
    return fail(quote(value_.text) + " is not a size, " +
                (size.instead.empty() ? "write it as in \"300B\", \"8KB\", \"64KiB\", \"1MiB\" or \"0\""
                                      : "did you mean " + quote(size.instead) + "?"));
  if (in_range(static_cast<std::int64_t>(size.value), size_text)) store(size.value);
}

std::optional<std::int64_t> ValueReader::substituted_integer() const {
  if (!value_.is(Kind::Text) || !value_.substituted) return std::nullopt;
  std::int64_t number = 0;
  const char* const last = value_.text.data() + value_.text.size();
  const auto [end, code] = std::from_chars(value_.text.data(), last, number);
  return code == std::errc() && end == last ? std::optional(number) : std::nullopt;
}

std::optional<std::int64_t> ValueReader::integer() const {
  return value_.is(Kind::Integer) ? std::optional(value_.integer) : substituted_integer();
}

void ValueReader::read_integer(std::string_view word_for_zero) {
  if (!word_for_zero.empty() && value_.is(Kind::Text) && value_.text == word_for_zero) return store(0);
  const auto number = integer();
  if (!number) {
    const std::string example = std::to_string(key_.min > 0 ? key_.min : 2);
    return wrong(word_for_zero.empty() ? "an integer as in " + example
                                       : "an integer or " + quote(word_for_zero));
  }
  if (in_range(*number, plain_number)) store(static_cast<std::uint64_t>(*number));
}

void ValueReader::read_share() {
  std::optional<double> share;
  if (value_.is(Kind::Float)) share = value_.number;
  if (const auto whole = integer()) share = static_cast<double>(*whole);
  if (value_.is(Kind::Text)) {
    if (const auto percent = parse_percent(value_.text); percent.ok)
      return fail("a share is a number: write " + format_share(percent.value) + " instead of " +
                  quote(value_.text));
  }
  if (!share) return wrong("a number from 0.0 to 1.0");
  if (!(*share >= 0 && *share <= 1)) return fail("a share is a number from 0.0 to 1.0");
  *std::get<double*>(slot_) = *share;
}

void ValueReader::read_percent() {
  if (value_.is(Kind::Float) && value_.number >= 0 && value_.number <= 1)
    return fail("a percentage is text: write " + quote(format_percent(value_.number)) + " instead of " +
                format_share(value_.number));
  if (value_.is(Kind::Integer) && value_.integer >= 0 && value_.integer <= 100)
    return fail("a percentage is text: write " + quote(std::to_string(value_.integer) + "%"));
  if (!value_.is(Kind::Text)) return wrong("a percentage as in \"20%\"");
  const auto percent = parse_percent(value_.text);
  if (!percent.ok)
    return fail(quote(value_.text) + " is not a percentage, " +
                (percent.instead.empty() ? "write it as in \"20%\", from \"0%\" to \"100%\""
                                         : "did you mean " + quote(percent.instead) + "?"));
  *std::get<double*>(slot_) = percent.value;
}

void ValueReader::read_text() {
  if (!value_.is(Kind::Text)) return wrong("a string");
  if (key_.problem != nullptr) {
    if (auto problem = key_.problem(value_.text); !problem.empty())
      return fail((key_.secret ? "\"***\"" : quote(value_.text)) + " will not do: " + problem);
  }
  *std::get<std::string*>(slot_) = value_.text;
}

void ValueReader::read_boolean() {
  const bool from_text = value_.is(Kind::Text) && value_.substituted;
  if (from_text && (value_.text == "true" || value_.text == "false")) {
    *std::get<bool*>(slot_) = value_.text == "true";
    return;
  }
  if (!value_.is(Kind::Boolean)) return wrong("true or false, without quotes");
  *std::get<bool*>(slot_) = value_.boolean;
}

void ValueReader::read_word() {
  if (!value_.is(Kind::Text)) return wrong("one of " + quote_list(key_.words, "or"));
  for (std::size_t i = 0; i < key_.words.size(); ++i) {
    if (key_.words[i] != value_.text) continue;
    *std::get<schema::Choice>(slot_).value = static_cast<std::uint8_t>(i);
    return;
  }
  const auto meant = nearest(value_.text, key_.words);
  fail(quote(value_.text) + " is unknown, " +
       (meant ? "did you mean " + quote(*meant) + "?" : "write " + quote_list(key_.words, "or")));
}

void ValueReader::read_address(bool upstream) {
  if (!value_.is(Kind::Text))
    return wrong(upstream ? "an address as in \"127.0.0.1:3000\"" : "an address as in \":8080\"");
  std::string problem;
  const auto address =
      upstream ? parse_upstream_address(value_.text, problem) : parse_listen_address(value_.text, problem);
  if (!address) {
    diagnostics_.error(value_.at, "bad address " + quote(value_.text) + ": " + problem);
    return;
  }
  *std::get<Address*>(slot_) = *address;
}

}  // namespace

void read_value(const Key& key, const Value& value, const Slot& slot, Diagnostics& diagnostics) {
  ValueReader(key, value, slot, diagnostics).read();
}

void wrong_type(std::string_view key, std::string_view wanted, const Value& value, Diagnostics& diagnostics) {
  if (value.is(Kind::Invalid)) return;
  diagnostics.error(value.at, std::string(key) + ": expected " + std::string(wanted) + ", not " +
                                  std::string(name_of(value.kind)));
}

std::string format_value(const Key& key, const Slot& slot) {
  struct Format {
    const Key& key;
    std::string count(std::uint64_t number) const {
      if (key.type == Type::Size) return quote(format_size(number));
      if (number == 0 && key.type == Type::IntegerOrAuto) return "\"auto\"";
      if (number == 0 && key.type == Type::Count) return "\"max\"";
      return std::to_string(number);
    }
    std::string operator()(std::monostate) const { return ""; }
    std::string operator()(Millis* value) const { return quote(format_duration(*value)); }
    std::string operator()(std::uint64_t* value) const { return count(*value); }
    std::string operator()(std::uint32_t* value) const { return count(*value); }
    std::string operator()(std::uint16_t* value) const { return count(*value); }
    std::string operator()(std::optional<std::uint64_t>* value) const { return *value ? count(**value) : ""; }
    std::string operator()(double* value) const {
      return key.type == Type::Percent ? quote(format_percent(*value)) : format_share(*value);
    }
    std::string operator()(bool* value) const { return *value ? "true" : "false"; }
    std::string operator()(std::string* value) const {
      return key.secret && !value->empty() ? "\"***\"" : toml_string(*value);
    }
    std::string operator()(schema::Choice choice) const { return quote(key.words[*choice.value]); }
    std::string operator()(Address* value) const { return toml_string(value->to_string()); }
    std::string operator()(std::vector<StatusRange>* value) const {
      return toml_string(format_status_ranges(*value));
    }
    std::string operator()(Retry* value) const { return format_retry_reasons(*value); }
    std::string operator()(Protocols* value) const { return format_protocols(*value); }
    std::string operator()(Cidrs* value) const { return format_cidrs(*value); }
    std::string operator()(std::vector<std::string>* value) const { return format_command(*value); }
    std::string operator()(std::vector<ResourceLimit>* value) const { return format_resource_limits(*value); }
    std::string operator()(std::vector<std::pair<std::string, std::string>>* value) const {
      return format_variables(*value);
    }
  };
  return std::visit(Format{key}, slot);
}

std::string toml_string(std::string_view text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i).starts_with("${")) escaped += '$';
    escaped += text[i];
  }
  std::string result;
  append_json_string(result, escaped);  // every JSON string of ours is a TOML string too
  return result;
}

std::string toml_key(std::string_view key) {
  const bool bare = !key.empty() && key.find_first_not_of(
                                        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
                                        std::string_view::npos;
  return bare ? std::string(key) : toml_string(key);
}

}  // namespace frontdoor::config
