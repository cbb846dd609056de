#include "admin/log_line.h"

#include "admin/time_text.h"
#include "base/json.h"

namespace frontdoor {

std::string to_text(const AdminLogLine& line, LogForm form) {
  if (form == LogForm::Text) return line.instance + (line.error_stream ? " ! " : " | ") + line.text + '\n';
  // Written by hand, since an app's bytes need not be UTF-8: append_json_string makes them so.
  std::string text = "{\"time\":\"" + rfc3339(line.unix_millis) + "\",\"pool\":";
  append_json_string(text, line.pool);
  text += ",\"instance\":";
  append_json_string(text, line.instance);
  text += line.error_stream ? ",\"stream\":\"stderr\",\"text\":" : ",\"stream\":\"stdout\",\"text\":";
  append_json_string(text, line.text);
  return text + "}\n";
}

std::string skipped_text(std::uint64_t lines, LogForm form) {
  const std::string count = std::to_string(lines);
  if (form == LogForm::Json) return "{\"skipped\":" + count + "}\n";
  return "frontdoor | " + count + (lines == 1 ? " line is" : " lines are") +
         " left out here: they came faster than they were read\n";
}

}  // namespace frontdoor
