// See access_log_format.h. Field names: snake_case, unit last; docs list them as stable, so that dashboards
// built on them live longer than a release.

#include "proxy/access_log/access_log_format.h"

#include <charconv>
#include <chrono>

#include "base/json.h"

namespace frontdoor {
namespace {

using Format = config::AccessLog::Format;

void append_number(std::string& out, std::uint64_t value) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}

// `value` with leading zeros, in exactly `width` characters.
char* put_padded(char* at, unsigned value, int width) {
  for (int i = width - 1; i >= 0; --i, value /= 10) at[i] = static_cast<char>('0' + value % 10);
  return at + width;
}

// 1234567 µs -> 1234.567. A stage that was not reached is null, which is neither fast nor slow.
void append_millis(std::string& out, std::uint64_t micros) {
  if (micros == 0) {
    out += "null";
    return;
  }
  append_number(out, micros / 1000);
  char fraction[4] = {'.'};
  put_padded(fraction + 1, static_cast<unsigned>(micros % 1000), 3);
  out.append(fraction, sizeof fraction);
}

std::string_view protocol(http::Version version) {
  switch (version) {
    case http::Version::Http10:
      return "HTTP/1.0";
    case http::Version::Http11:
      return "HTTP/1.1";
    case http::Version::Http2:
      return "HTTP/2.0";
  }
  return "";
}

// True when the text needs no escape in either format, as nearly all does. Without an early exit the compiler
// checks sixteen bytes at a time, which nearly halves the price of a line.
bool plain(std::string_view text) {
  unsigned char odd = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    odd |= static_cast<unsigned char>((byte < 0x20) | (byte > 0x7e) | (byte == '"') | (byte == '\\'));
  }
  return odd == 0;
}

void append_quoted(std::string& out, std::string_view text) {
  if (!plain(text)) return append_json_string(out, text);
  out += '"';
  out += text;
  out += '"';
}

// As Apache escapes since 2.0.46: the line stays one line and a quote stays inside its field, whatever a
// client sent.
void append_escaped(std::string& out, std::string_view text) {
  if (plain(text)) {
    out += text;
    return;
  }
  constexpr char hex[] = "0123456789abcdef";
  std::size_t plain = 0;  // start of the run that needs no escape
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    if (byte == '"' || byte == '\\') {
      const char escape[] = {'\\', text[i]};
      out.append(escape, sizeof escape);
    } else {
      const char escape[] = {'\\', 'x', hex[byte >> 4], hex[byte & 15]};
      out.append(escape, sizeof escape);
    }
  }
  out.append(text, plain);
}

void append_or_dash(std::string& out, std::string_view text) {
  if (text.empty()) {
    out += '-';
  } else {
    append_escaped(out, text);
  }
}

}  // namespace

void AccessLineFormatter::append(const AccessRecord& record, std::int64_t unix_micros, std::string& out) {
  const std::int64_t second = unix_micros / 1'000'000;
  if (second != second_) remember(second);
  if (format_ == Format::Json) {
    append_json(record, static_cast<unsigned>(unix_micros % 1'000'000), out);
  } else {
    append_combined(record, out);
  }
}

// "2026-11-23T12:01:07" or "23/Nov/2026:12:01:07 +0000". In UTC both: local time would need the zone's
// tables, and repeats an hour once a year.
void AccessLineFormatter::remember(std::int64_t second) {
  using namespace std::chrono;
  second_ = second;
  const sys_seconds time{seconds{second}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  const auto year = static_cast<unsigned>(static_cast<int>(date.year()));
  const auto month = static_cast<unsigned>(date.month());
  const auto day_of_month = static_cast<unsigned>(date.day());

  char* at = second_text_.data();
  if (format_ == Format::Json) {
    at = put_padded(at, year, 4), *at++ = '-';
    at = put_padded(at, month, 2), *at++ = '-';
    at = put_padded(at, day_of_month, 2), *at++ = 'T';
  } else {
    constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    at = put_padded(at, day_of_month, 2), *at++ = '/';
    at += months.copy(at, 3, (month - 1) * 3), *at++ = '/';
    at = put_padded(at, year, 4), *at++ = ':';
  }
  at = put_padded(at, static_cast<unsigned>(clock.hours().count()), 2), *at++ = ':';
  at = put_padded(at, static_cast<unsigned>(clock.minutes().count()), 2), *at++ = ':';
  at = put_padded(at, static_cast<unsigned>(clock.seconds().count()), 2);
  if (format_ == Format::Combined) at += std::string_view(" +0000").copy(at, 6);
  second_size_ = static_cast<std::size_t>(at - second_text_.data());
}

void AccessLineFormatter::append_json(const AccessRecord& record, unsigned micros, std::string& out) const {
  out += R"({"time":")";
  out += second_text();
  char fraction[8] = {'.'};
  *put_padded(fraction + 1, micros, 6) = 'Z';
  out.append(fraction, sizeof fraction);
  out += R"(","client":)";
  append_quoted(out, record.client_ip);
  out += R"(,"method":)";
  append_quoted(out, record.method);
  out += R"(,"host":)";
  append_quoted(out, record.host);
  out += R"(,"target":)";
  append_quoted(out, record.target);
  out += R"(,"protocol":")";
  out += protocol(record.version);
  out += '"';
  if (!record.tls_version.empty()) append_tls(record, out);
  out += R"(,"status":)";
  append_number(out, record.status);
  out += R"(,"outcome":)";
  append_quoted(out, record.outcome);
  if (!record.detail.empty()) {
    out += R"(,"detail":)";
    append_quoted(out, record.detail);
  }
  out += R"(,"pool":)";
  append_quoted(out, record.route_pool);
  out += R"(,"upstream":)";
  append_quoted(out, record.upstream);
  out += R"(,"tries":)";
  append_number(out, record.tries);
  if (!record.retry_rule.empty()) {
    out += R"(,"retry":)";
    append_quoted(out, record.retry_rule);
  }
  if (!record.attempts.empty()) append_attempts(record.attempts, out);
  if (record.held_us != 0) {
    out += R"(,"held_ms":)";
    append_millis(out, record.held_us);
  }
  out += R"(,"received_bytes":)";
  append_number(out, record.bytes_received);
  out += R"(,"sent_bytes":)";
  append_number(out, record.bytes_sent);
  out += R"(,"connect_ms":)";
  append_millis(out, record.connect_us);
  out += R"(,"first_byte_ms":)";
  append_millis(out, record.first_byte_us);
  out += R"(,"total_ms":)";
  append_millis(out, record.total_us);
  out += R"(,"referer":)";
  append_quoted(out, record.referer);
  out += R"(,"user_agent":)";
  append_quoted(out, record.user_agent);
  out += R"(,"request_id":)";
  append_quoted(out, record.request_id);
  if (!record.trace_id.empty()) {
    out += R"(,"trace_id":)";
    append_quoted(out, record.trace_id);
  }
  out += "}\n";
}

void AccessLineFormatter::append_tls(const AccessRecord& record, std::string& out) {
  out += R"(,"tls":)";
  append_quoted(out, record.tls_version);
  out += R"(,"tls_cipher":)";
  append_quoted(out, record.tls_cipher);
  out += R"(,"tls_server_name":)";
  append_quoted(out, record.tls_server_name);
  out += R"(,"tls_resumed":)";
  out += record.tls_resumed ? "true" : "false";
  if (record.tls_client.empty()) return;
  out += R"(,"tls_client":)";
  append_quoted(out, record.tls_client);
}

void AccessLineFormatter::append_attempts(std::span<const Attempt> attempts, std::string& out) {
  out += R"(,"attempts":[)";
  for (const Attempt& attempt : attempts) {
    if (&attempt != attempts.data()) out += ',';
    out += R"({"upstream":)";
    append_quoted(out, attempt.upstream);
    out += R"(,"outcome":)";
    append_quoted(out, attempt.outcome);
    if (attempt.status != 0) {
      out += R"(,"status":)";
      append_number(out, attempt.status);
    }
    if (!attempt.detail.empty()) {
      out += R"(,"detail":)";
      append_quoted(out, attempt.detail);
    }
    out += R"(,"start_ms":)";
    append_millis(out, attempt.start_us);
    out += R"(,"connect_ms":)";
    append_millis(out, attempt.connect_us);
    out += R"(,"total_ms":)";
    append_millis(out, attempt.total_us);
    out += '}';
  }
  out += ']';
}

void AccessLineFormatter::append_combined(const AccessRecord& record, std::string& out) const {
  append_or_dash(out, record.client_ip);
  out += " - - [";
  out += second_text();
  out += "] \"";
  if (record.method.empty()) {
    out += '-';  // what came was no request line
  } else {
    append_escaped(out, record.method);
    out += ' ';
    append_escaped(out, record.target);
    out += ' ';
    out += protocol(record.version);
  }
  out += "\" ";
  if (record.status == 0) {
    out += '-';
  } else {
    append_number(out, record.status);
  }
  out += ' ';
  if (record.bytes_sent == 0) {
    out += '-';  // %b of the format
  } else {
    append_number(out, record.bytes_sent);
  }
  out += " \"";
  append_or_dash(out, record.referer);
  out += "\" \"";
  append_or_dash(out, record.user_agent);
  // One field more than Apache's, as its own users append theirs: a 502 does not tell whose fault it was.
  out += "\" \"";
  append_or_dash(out, record.outcome);
  out += "\"\n";
}

void format_access_line(const AccessRecord& record, Format format, std::int64_t unix_micros,
                        std::string& out) {
  AccessLineFormatter(format).append(record, unix_micros, out);
}

}  // namespace frontdoor
