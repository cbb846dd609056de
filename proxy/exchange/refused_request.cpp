#include "proxy/exchange/refused_request.h"

#include "proxy/exchange/outcome.h"
#include "proxy/exchange/response_notes.h"

namespace frontdoor {

const http::Fields& refusal_fields(ExchangeContext& context, const ClientInfo& client, const RefusedRequest& refused,
                                   const ErrorPage& page) {
  http::Fields& fields = context.fields;
  fields.clear();
  fields.push_back({"Date", context.date.now(), http::FieldId::Date});
  fields.push_back({"Content-Type", page.content_type, http::FieldId::ContentType});
  const ResponseNotes notes{.request_id = refused.request_id, .outcome = refused.refusal.outcome, .total = refused.took};
  add_response_notes(client, notes, fields, context.notes);
  return fields;
}

void log_refusal(ExchangeContext& context, const ClientInfo& client, const RefusedRequest& refused,
                 const http::RequestSketch& request, std::uint64_t bytes_sent) {
  const http::Refusal& refusal = refused.refusal;
  // One that is slow is no nonsense.
  if (context.malformed && refusal.outcome != outcome::kHeaderTimeout)
    context.malformed->note("", refusal.outcome, refusal.detail);
  count_refusal(context, client, request.version, refusal.status, refusal.outcome);
  if (!context.access_log) return;
  AccessRecord record;
  record.client_ip = client.ip;
  note_encryption(client, record);
  record.method = request.method;
  record.host = request.host;
  record.target = request.target;
  record.version = request.version;
  record.outcome = refusal.outcome;
  record.detail = refusal.detail;
  record.request_id = refused.request_id;
  record.status = refusal.status;
  record.bytes_sent = bytes_sent;
  record.total_us = stage_micros(TimePoint{}, TimePoint{refused.took});
  context.access_log->append(record);
}

}  // namespace frontdoor
