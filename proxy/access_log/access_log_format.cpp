// See access_log_format.h. Field names: snake_case, unit last; docs list them as stable, so that dashboards
// built on them live longer than a release.

#include "proxy/access_log/access_log_format.h"

#include <chrono>
#include <utility>

#include "proxy/access_log/line_writers.h"

namespace frontdoor {

std::string_view protocol_name(http::Version version) {
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

namespace {

using Format = config::AccessLog::Format;

void append_number(std::string& out, std::uint64_t value) { AnyLine(out).number(value); }

// True when the text needs no escape, as nearly all does. Without an early exit the compiler checks sixteen bytes at a time.
bool plain(std::string_view text) {
  unsigned char odd = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    odd |= static_cast<unsigned char>((byte < 0x20) | (byte > 0x7e) | (byte == '"') | (byte == '\\'));
  }
  return odd == 0;
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

// ---- The fields of a JSON line, each with the comma before it

struct Moment {
  const char* second;  // 32 bytes, of which so many are the text
  std::size_t second_size;
  unsigned micros;
  const std::string* sample;  // null: it was not picked by chance
};

// 1234567 µs -> 1234.567. A stage that was not reached is null, which is neither fast nor slow.
template <class Line>
void put_millis(Line& line, std::uint64_t micros) {
  if (micros == 0) return line.literal("null");
  line.number(micros / 1000);
  line.literal(".");
  line.three_digits(static_cast<unsigned>(micros % 1000));
}

template <class Line>
void put_attempts(std::span<const Attempt> attempts, Line& line) {
  line.literal(R"(,"attempts":[)");
  for (const Attempt& attempt : attempts) {
    if (&attempt != attempts.data()) line.literal(",");
    line.literal(R"({"upstream":)");
    line.quoted(attempt.upstream);
    line.literal(R"(,"outcome":)");
    line.quoted(attempt.outcome);
    if (attempt.status != 0) {
      line.literal(R"(,"status":)");
      line.number(attempt.status);
    }
    if (!attempt.detail.empty()) {
      line.literal(R"(,"detail":)");
      line.quoted(attempt.detail);
    }
    line.literal(R"(,"start_ms":)");
    put_millis(line, attempt.start_us);
    line.literal(R"(,"connect_ms":)");
    put_millis(line, attempt.connect_us);
    line.literal(R"(,"total_ms":)");
    put_millis(line, attempt.total_us);
    line.literal("}");
  }
  line.literal("]");
}

// Always inline: with a constant field nothing of the switch is left.
template <class Line>
[[gnu::always_inline]] inline void put_field(AccessField field, const AccessRecord& record, const Moment& moment,
                                             Line& line) {
  const auto text = [&line]<std::size_t N>(const char (&name)[N], std::string_view value) {
    line.literal(name);
    line.quoted(value);
  };
  const auto text_if_any = [&]<std::size_t N>(const char (&name)[N], std::string_view value) {
    if (!value.empty()) text(name, value);
  };
  const auto number = [&line]<std::size_t N>(const char (&name)[N], std::uint64_t value) {
    line.literal(name);
    line.number(value);
  };
  const auto millis = [&line]<std::size_t N>(const char (&name)[N], std::uint64_t micros) {
    line.literal(name);
    put_millis(line, micros);
  };
  const bool encrypted = !record.tls_version.empty();
  switch (field) {
    case AccessField::Time:
      line.literal(R"(,"time":")");
      line.short_text(moment.second, moment.second_size);
      line.literal(".");
      line.three_digits(moment.micros / 1000);
      line.three_digits(moment.micros % 1000);
      return line.literal("Z\"");
    case AccessField::Client: return text(R"(,"client":)", record.client_ip);
    case AccessField::Method: return text(R"(,"method":)", record.method);
    case AccessField::Host: return text(R"(,"host":)", record.host);
    case AccessField::Target: return text(R"(,"target":)", record.target);
    case AccessField::Protocol:
      line.literal(R"(,"protocol":")");
      line.bare(protocol_name(record.version));
      return line.literal("\"");
    case AccessField::Tls: return text_if_any(R"(,"tls":)", record.tls_version);
    case AccessField::TlsCipher:
      if (encrypted) text(R"(,"tls_cipher":)", record.tls_cipher);
      return;
    case AccessField::TlsServerName:
      if (encrypted) text(R"(,"tls_server_name":)", record.tls_server_name);
      return;
    case AccessField::TlsResumed:
      if (!encrypted) return;
      return record.tls_resumed ? line.literal(R"(,"tls_resumed":true)") : line.literal(R"(,"tls_resumed":false)");
    case AccessField::TlsClient: return text_if_any(R"(,"tls_client":)", record.tls_client);
    case AccessField::Status: return number(R"(,"status":)", record.status);
    case AccessField::Outcome:  // a word of ours
      line.literal(R"(,"outcome":")");
      line.bare(record.outcome);
      return line.literal("\"");
    case AccessField::Detail: return text_if_any(R"(,"detail":)", record.detail);
    case AccessField::Pool: return text(R"(,"pool":)", record.route_pool);
    case AccessField::Upstream: return text(R"(,"upstream":)", record.upstream);
    case AccessField::UpstreamProtocol:
      if (record.upstream_speaks_http2) line.literal(R"(,"upstream_protocol":"HTTP/2.0")");
      return;
    case AccessField::Tries: return number(R"(,"tries":)", record.tries);
    case AccessField::Retry: return text_if_any(R"(,"retry":)", record.retry_rule);
    case AccessField::Attempts:
      if (!record.attempts.empty()) put_attempts(record.attempts, line);
      return;
    case AccessField::HeldMs:
      if (record.held_us != 0) millis(R"(,"held_ms":)", record.held_us);
      return;
    case AccessField::ReceivedBytes: return number(R"(,"received_bytes":)", record.bytes_received);
    case AccessField::SentBytes: return number(R"(,"sent_bytes":)", record.bytes_sent);
    case AccessField::ConnectMs: return millis(R"(,"connect_ms":)", record.connect_us);
    case AccessField::FirstByteMs: return millis(R"(,"first_byte_ms":)", record.first_byte_us);
    case AccessField::TotalMs: return millis(R"(,"total_ms":)", record.total_us);
    case AccessField::Referer: return text(R"(,"referer":)", record.referer);
    case AccessField::UserAgent: return text(R"(,"user_agent":)", record.user_agent);
    case AccessField::RequestId: return text(R"(,"request_id":)", record.request_id);
    case AccessField::TraceId: return text_if_any(R"(,"trace_id":)", record.trace_id);
    case AccessField::Sample:
      if (!moment.sample) return;
      line.literal(R"(,"sample":)");
      return line.bare(*moment.sample);
  }
}

template <class Line>
void put_fields(std::span<const AccessField> chosen, const AccessRecord& record, const Moment& moment, Line& line) {
  if (!chosen.empty()) {
    for (const AccessField field : chosen) put_field(field, record, moment, line);
    return;
  }
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    (put_field(static_cast<AccessField>(I), record, moment, line), ...);
  }(std::make_index_sequence<kAccessFields>{});
}

// Not a loop over a list, which would copy them all first.
template <class... Text>
std::size_t sizes(const Text&... texts) {
  return (texts.size() + ...);
}

bool fits_quick_line(const AccessRecord& record, std::size_t sample_size) {
  const std::size_t size = sizes(record.client_ip, record.method, record.host, record.target, record.tls_version, record.tls_cipher,
                                 record.tls_server_name, record.tls_client, record.outcome, record.detail, record.route_pool,
                                 record.upstream, record.retry_rule, record.referer, record.user_agent, record.request_id,
                                 record.trace_id);
  return QuickLine::kBesidesTexts + sample_size + size <= AccessLineFormatter::kQuickRoom && record.attempts.empty();
}

}  // namespace

void AccessLineFormatter::append(const AccessRecord& record, std::int64_t unix_micros, std::string& out, Picked picked) {
  const std::int64_t second = unix_micros / 1'000'000;
  if (second != second_) remember(second);
  if (format_ == Format::Json) {
    append_json(record, static_cast<unsigned>(unix_micros % 1'000'000), out, picked);
  } else {
    append_combined(record, out, picked);
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

void AccessLineFormatter::append_json(const AccessRecord& record, unsigned micros, std::string& out, Picked picked) {
  const Moment moment{second_text_.data(), second_size_, micros, picked == Picked::ByChance ? &sample_ : nullptr};
  if (fits_quick_line(record, sample_.size())) {
    QuickLine quick(room_.data());
    put_fields(fields_, record, moment, quick);
    if (quick.empty()) quick.literal(",");
    quick.literal("}\n");
    room_.front() = '{';  // was the first field's comma
    if (quick.plain()) {
      out += quick.text();
      return;
    }
  }
  const std::size_t begin = out.size();
  AnyLine any(out);
  put_fields(fields_, record, moment, any);
  if (out.size() == begin) out += ',';
  out[begin] = '{';
  out += "}\n";
}

void AccessLineFormatter::append_combined(const AccessRecord& record, std::string& out, Picked picked) const {
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
    out += protocol_name(record.version);
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
  if (picked == Picked::ByChance) {
    out += "\" \"sample=";
    out += sample_;
  }
  out += "\"\n";
}

void format_access_line(const AccessRecord& record, Format format, std::int64_t unix_micros,
                        std::string& out) {
  AccessLineFormatter(format).append(record, unix_micros, out);
}

}  // namespace frontdoor
