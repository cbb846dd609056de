#include "supervisor/output/line_format.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

#include "base/json.h"
#include "base/terminal_text.h"

namespace frontdoor {

std::string utc_time(std::int64_t unix_millis) {
  const auto seconds = static_cast<std::time_t>(unix_millis / 1000);
  std::tm tm{};
  ::gmtime_r(&seconds, &tm);
  char text[96];
  const int size =
      std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1,
                    tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec, static_cast<int>(unix_millis % 1000));
  return std::string(text, static_cast<std::size_t>(size));
}

std::string name_prefix(std::string_view instance, std::size_t width, OutputStream stream,
                        std::optional<std::string_view> ink) {
  std::string name(instance);
  name.append(width - std::min(width, instance.size()) + 1, ' ');
  const char mark = stream == OutputStream::Output ? '|' : '!';
  if (!ink) return name + mark + ' ';
  std::string text = "\x1b[" + std::string(*ink) + 'm' + name;
  if (stream == OutputStream::Errors) text += "\x1b[31m";
  return text + mark + "\x1b[0m ";
}

void append_text_line(std::string& out, std::string_view text, bool goes_on, LineFor reader) {
  if (reader == LineFor::Terminal)
    append_terminal_text(out, text);
  else
    out += text;
  if (goes_on) out += kGoesOn;
  out += '\n';
}

void append_json_line(std::string& out, const LineTags& tags, const OutputLine& line, std::string_view text) {
  out += "{\"time\":\"";
  out += tags.time;
  out += "\",\"pool\":";
  append_json_string(out, tags.pool);
  out += ",\"instance\":";
  append_json_string(out, tags.instance);
  out += ",\"pid\":";
  out += std::to_string(line.pid);
  out += ",\"stream\":\"";
  out += to_string(line.stream);
  out += "\",\"line\":";
  append_json_string(out, text);
  if (line.goes_on) out += ",\"goes_on\":true";
  out += "}\n";
}

}  // namespace frontdoor
