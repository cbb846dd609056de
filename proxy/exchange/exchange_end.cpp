// How an exchange ends besides by an upstream's response: our own answers, and the line in the access log.

#include <string>

#include "http/target.h"
#include "proxy/exchange/error_page.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/grpc.h"
#include "proxy/exchange/outcome.h"

namespace frontdoor {

namespace {

// RFC 9110 §10.2.1. Others may be known to upstreams; these are what a resource usually has.
constexpr std::string_view kAllow = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";

// A fixed text as a body.
class TextSource final : public BodySource {
 public:
  explicit TextSource(std::string_view text) : text_(text) {}
  Peeked peek() override {
    if (text_.empty()) return {Peeked::State::End, {}, true};
    return {Peeked::State::Bytes, text_, true};
  }
  void consume(std::size_t count) override { text_.remove_prefix(count); }
  const http::Fields& trailers() const override { return none_; }

 private:
  std::string_view text_;
  http::Fields none_;
};

// The metrics' names of protocols stand in this order (observe/totals.h).
constexpr std::size_t protocol_index(http::Version version) { return static_cast<std::size_t>(version); }
static_assert(protocol_index(http::Version::Http10) == 0 && protocol_index(http::Version::Http11) == 1 &&
              protocol_index(http::Version::Http2) == 2 && kClientProtocols == 3);

// The first of each, in one pass: this is done for each request.
void note_fields(const http::Fields& fields, AccessRecord& record) {
  for (const auto& field : fields) {
    if (field.id == http::FieldId::Referer && !record.referer.data()) record.referer = field.value;
    if (field.id == http::FieldId::UserAgent && !record.user_agent.data()) record.user_agent = field.value;
  }
}

}  // namespace

void note_encryption(const ClientInfo& client, AccessRecord& record) {
  if (!client.tls) return;
  record.tls_version = client.tls->version;
  record.tls_cipher = client.tls->cipher;
  record.tls_server_name = client.tls->server_name;
  record.tls_resumed = client.tls->resumed;
  if (client.tls->client) record.tls_client = client.tls->client->subject;
}

Exchange::Next Exchange::client_left() {
  if (pool_) pool_->pool().memory->traffic.add_left();
  outcome_ = client_.cut_by_us() ? outcome::kDrained : outcome::kClientClosed;
  // It has not gone but broken a rule, and with that its stream.
  if (client_.request_malformed()) {
    outcome_ = outcome::kBadBody;
    detail_ = client_.request_failure_detail();
    note_malformed("", outcome_);
  }
  return Next::Done;
}

// What its upstream's connection held may be enough for an answer.
Exchange::Next Exchange::out_of_memory() {
  attempt_.leave();
  if (!committed_) return refuse_with(503, outcome::kLocalResources);
  client_.abort();
  outcome_ = outcome::kLocalResources;
  return Next::Done;
}

bool Exchange::refuse_call() {
  http::Fields& fields = context_.fields;
  fields.clear();
  const grpc::Refusal refusal(status_, outcome_, request_id());
  fields.push_back({"Date", context_.date.now(), http::FieldId::Date});
  fields.push_back({"Content-Type", grpc::kContentType, http::FieldId::ContentType});
  refusal.add_to(fields);
  add_listener_headers(AnsweredBy::Us);
  OutgoingResponse response{200, {}, fields, {http::BodyKind::Length, 0}};
  response.request_abandoned = true;
  return client_.send_head(response);
}

Task<> Exchange::send_refusal() {
  const http::RequestHead& request = client_.request();
  // An offer of an upgrade is no call, whatever it says: a 2xx to an extended CONNECT would be its success (RFC 8441 §5).
  const bool call = status_ >= 400 && !request.upgrade && grpc::is_call(request.fields);
  ErrorPage page;
  const PoolMaintenance* const maintenance =
      outcome_ == outcome::kMaintenance ? pool_->pool().maintenance.get() : nullptr;
  if (maintenance && !maintenance->page.empty())  // the operator's, whatever the client accepts
    page.content_type = maintenance->content_type;
  else if (status_ >= 400)
    page = error_page(status_, outcome_, http::find(request.fields, http::FieldId::Accept), request_id());
  const std::string_view body = page.body.empty() && maintenance ? std::string_view(maintenance->page) : page.body;
  http::Fields& fields = context_.fields;
  fields.clear();
  fields.push_back({"Date", context_.date.now(), http::FieldId::Date});
  const std::string location = status_ == 308 ? redirect_location() : std::string();
  if (!location.empty()) fields.push_back({"Location", location});
  if (status_ == 200 || status_ == 405) fields.push_back({"Allow", kAllow});
  if (!body.empty()) fields.push_back({"Content-Type", page.content_type, http::FieldId::ContentType});
  fields.push_back({"Cache-Control", "no-store"});
  const std::string retry_after = std::to_string(retry_after_);
  if (status_ == 503) fields.push_back({"Retry-After", retry_after, http::FieldId::RetryAfter});
  add_listener_headers(AnsweredBy::Us);
  const http::Framing framing{http::BodyKind::Length, body.size()};
  OutgoingResponse response{status_, {}, fields, framing};
  const std::string length = std::to_string(body.size());
  response.request_abandoned = true;
  if (request.method == http::Method::Head) {
    response.framing = {};
    response.declared_length = length;
  }
  if (!(call ? refuse_call() : client_.send_head(response))) {
    client_.abort();
    co_return;
  }
  committed_ = true;
  tally_.first_byte = now();

  TextSource text(call || request.method == http::Method::Head ? std::string_view{} : body);
  const TimePoint deadline = now() + timeouts().client_write;
  for (;;) {
    const Pumped pumped = pump(text, client_.response_body());
    tally_.bytes_sent += pumped.bytes;
    if (pumped.state != Pumped::State::WaitingForSink) break;
    if (now() >= deadline || client_.gone()) {
      client_.give_up();
      break;
    }
    co_await waker_.until(deadline);
  }
}

// RFC 9110 §15.4.9: with the same method and body. The port of a URL is left out where it is the scheme's.
std::string Exchange::redirect_location() {
  const http::RequestHead& request = client_.request();
  std::string_view host;
  http::normalize_host(request.authority, host, context_.host_scratch);
  const std::uint16_t port = client_.client().redirect_port;
  std::string location = "https://" + std::string(host);
  if (port != 443) location += ':' + std::to_string(port);
  return location.append(request.target);
}

AccessRecord Exchange::describe_request() const {
  const http::RequestHead& request = client_.request();
  AccessRecord record;
  record.client_ip = client_.client().ip;
  note_encryption(client_.client(), record);
  record.method = request.method_text;
  record.host = request.authority;
  record.target = request.target;
  record.version = request.version;
  note_fields(request.fields, record);
  record.request_id = request_id();
  record.trace_id = trace().id;
  if (pool_) record.route_pool = pool_->pool().name;
  if (!attempt_.upstream) return record;
  record.upstream = attempt_.upstream->shared->name();
  record.upstream_speaks_http2 = attempt_.upstream->speaks_http2;
  return record;
}

void count_refusal(ExchangeContext& context, const ClientInfo& client, http::Version version, std::uint16_t status,
                   std::string_view outcome) {
  RequestSlots& counts = context.counts.unrouted;
  counts.count(client.listener, protocol_index(version), status);
  counts.own_answers.add(outcome);
}

void Exchange::note_upstream_answered() {
  attempt_.lease.answered(status_);
  const LatencyObservation waited = now() - tally_.history.connected_at();
  counts_->response.add(waited);
  attempt_.upstream->shared->note_success(context_.worker, now(), waited);
}

// Streams and tunnels live for hours: how long is nothing that a percentile should tell of.
void Exchange::count_request(AnsweredBy by, TimePoint ended) {
  RequestSlots& counts = counts_ ? *counts_ : context_.counts.unrouted;
  const std::uint16_t status = committed_ ? status_ : 0;
  counts.count(client_.client().listener, protocol_index(tally_.version), status);
  if (status != 101 && !relay_.open_ended()) counts.duration.add(ended - started_);
  if (by == AnsweredBy::Us) counts.own_answers.add(outcome_);
  else if (outcome_ != outcome::kServed) counts.unfinished.add(outcome_);
}

// In the eyes of an operator: a client that leaves is nobody's failure.
bool Exchange::has_failed(AnsweredBy by) const {
  if (status_ >= 500) return true;
  if (by == AnsweredBy::Us || outcome_ == outcome::kServed) return false;
  return !outcome_.starts_with("client_") && !outcome_.starts_with("bad_") && outcome_ != outcome::kDrained &&
         outcome_ != outcome::kStreamIdle;
}

void Exchange::log_request(AnsweredBy by) {
  ++context_.served;
  const bool logged = context_.access_log && tally_.logged;
  // Without a line the moment in which this turn began does: nothing is worth asking the clock for.
  const TimePoint ended = logged ? context_.loop.clock() : now();
  count_request(by, ended);
  const bool failed = has_failed(by);
  const bool notable = context_.notable && status_ != 101 && !relay_.open_ended() && context_.notable->wants(failed, ended - started_);
  if (!logged && !notable) return;
  AccessRecord record = tally_.kept ? tally_.kept->record() : describe_request();
  tally_.bytes_received = body_.consumed();
  tally_.put_into(record, started_, ended);
  record.outcome = outcome_;
  record.detail = literal_view(detail_);
  record.status = committed_ ? status_ : 0;
  record.tries = attempts_.picked;
  if (notable) context_.notable->add(record, failed, ended - started_);
  if (!logged) return;
  if (tally_.history.told_by(outcome_)) return context_.access_log->append(record);

  AttemptHistory::Room room;
  const Attempt last{record.upstream, outcome_, record.detail};
  record.attempts = tally_.history.list(room, started_, ended, last);
  context_.access_log->append(record);
}

}  // namespace frontdoor
