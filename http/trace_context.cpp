#include "http/trace_context.h"

#include <algorithm>

namespace frontdoor::http {
namespace {

// 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01
constexpr std::size_t kTraceId = 3, kTraceIdBytes = 32;
constexpr std::size_t kParentId = 36, kParentIdBytes = 16;
constexpr std::size_t kFlags = 53, kFlagsBytes = 2;

// §3.2.2: upper case is not allowed.
bool is_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool is_id(std::string_view text) { return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos; }

// Several lines are no single value: nobody can say which of them counts.
std::string_view single_traceparent(const Fields& fields) {
  std::string_view only;
  for (const Field& field : fields) {
    if (field.id != FieldId::Traceparent) continue;
    if (only.data()) return {};
    only = field.value.data() ? field.value : std::string_view("");
  }
  return only;
}

}  // namespace

std::string_view trace_id_of(std::string_view traceparent) {
  if (traceparent.size() < kTraceparentBytes) return {};
  const std::string_view version = traceparent.substr(0, 2);
  if (!is_hex(version) || version == "ff") return {};
  // §3.2.4: a later version may have more behind a dash.
  if (traceparent.size() > kTraceparentBytes && (version == "00" || traceparent[kTraceparentBytes] != '-')) return {};
  if (traceparent[kTraceId - 1] != '-' || traceparent[kParentId - 1] != '-' || traceparent[kFlags - 1] != '-') return {};
  const std::string_view id = traceparent.substr(kTraceId, kTraceIdBytes);
  if (!is_id(id) || !is_id(traceparent.substr(kParentId, kParentIdBytes))) return {};
  return is_hex(traceparent.substr(kFlags, kFlagsBytes)) ? id : std::string_view();
}

Trace trace_of(const RequestHead& head, const TraceRules& rules, bool trusted, std::string_view own_id) {
  const bool believed = trusted || !rules.trusted_only;
  if (believed && head.traceparent) {
    const std::string_view id = trace_id_of(single_traceparent(head.fields));
    if (!id.empty()) return {id, Trace::Fields::Kept};
  }
  if (rules.begin) return {own_id, Trace::Fields::Begun};
  return {{}, believed ? Trace::Fields::Kept : Trace::Fields::Dropped};
}

void append_traceparent(std::string_view own_id, std::string& out) {
  // Sampled: with 00 the usual samplers of apps, which follow their parent, would record nothing any more.
  out.append("00-").append(own_id).append("-").append(own_id.substr(kTraceIdBytes - kParentIdBytes)).append("-01");
}

}  // namespace frontdoor::http
