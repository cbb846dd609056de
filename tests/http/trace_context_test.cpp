// Which traceparent is one, and what an upstream gets of it. The rules: W3C Trace Context, level 1.

#include "http/trace_context.h"

#include <gtest/gtest.h>

#include <string>

#include "http/forwarding.h"
#include "http/head_parser.h"

namespace frontdoor::http {
namespace {

const std::string kTraceId = "0af7651916cd43dd8448eb211c80319c";
const std::string kParent = "00-" + kTraceId + "-b7ad6b7169203331-01";
const std::string kOwnId = "9ae1c1b2c5c1d0437f4a7c159e3779b9";
const std::string kOwn = "00-" + kOwnId + "-7f4a7c159e3779b9-01";

TEST(Traceparent, IsOneOrIsNone) {
  const std::string zeros(32, '0');
  const struct {
    const char* what;
    std::string value;
    bool valid;
  } rows[] = {
      {"the recommendation's example", kParent, true},
      {"not sampled", "00-" + kTraceId + "-b7ad6b7169203331-00", true},
      {"§3.2.2.5: flags that we do not know", "00-" + kTraceId + "-b7ad6b7169203331-ff", true},
      {"the least ids", "00-00000000000000000000000000000001-0000000000000001-00", true},
      {"§3.2.4: a later version of the same length", "cc-" + kTraceId + "-b7ad6b7169203331-01", true},
      {"§3.2.4: a later version with more", "cc-" + kTraceId + "-b7ad6b7169203331-01-what-the-future-brings", true},
      {"a later version with nothing behind its dash", "cc-" + kTraceId + "-b7ad6b7169203331-01-", true},
      {"§3.2.4: a later version that goes on without a dash", "cc-" + kTraceId + "-b7ad6b7169203331-01.what", false},
      {"a later version that is too short", "cc-" + kTraceId + "-b7ad6b7169203331-0", false},
      {"§3.2.2.1: version ff", "ff-" + kTraceId + "-b7ad6b7169203331-01", false},
      {"version in upper case", "CC-" + kTraceId + "-b7ad6b7169203331-01", false},
      {"version that is no number", "0x-" + kTraceId + "-b7ad6b7169203331-01", false},
      {"version of one digit", "0-" + kTraceId + "-b7ad6b7169203331-011", false},
      {"version 00 with more", kParent + "-what", false},
      {"version 00 with a dash more", kParent + "-", false},
      {"one digit more", kParent + "0", false},
      {"one digit less", kParent.substr(0, 54), false},
      {"§3.2.2.3: a trace id of zeros", "00-" + zeros + "-b7ad6b7169203331-01", false},
      {"§3.2.2.4: a parent id of zeros", "00-" + kTraceId + "-0000000000000000-01", false},
      {"both of zeros", "00-" + zeros + "-0000000000000000-00", false},
      {"trace id in upper case", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false},
      {"one digit of it in upper case", "00-0Af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false},
      {"parent id in upper case", "00-" + kTraceId + "-B7ad6b7169203331-01", false},
      {"flags in upper case", "00-" + kTraceId + "-b7ad6b7169203331-0A", false},
      {"trace id with another character", "00-" + kTraceId.substr(0, 31) + "g-b7ad6b7169203331-01", false},
      {"parent id with another character", "00-" + kTraceId + "-b7ad6b716920333.-01", false},
      {"flags with another character", "00-" + kTraceId + "-b7ad6b7169203331-0.", false},
      {"trace id shorter by one, parent longer", "00-" + kTraceId.substr(1) + "-0b7ad6b7169203331-01", false},
      {"trace id longer by one, parent shorter", "00-0" + kTraceId + "-b7ad6b716920333-01", false},
      {"other separators", "00_" + kTraceId + "_b7ad6b7169203331_01", false},
      {"no last separator", "00-" + kTraceId + "-b7ad6b7169203331001", false},
      {"two in one line", kParent + "," + kParent, false},
      {"two of a later version", "cc-" + kTraceId + "-b7ad6b7169203331-01,x", false},
      {"quoted", "\"" + kParent + "\"", false},
      {"white space inside", "00- " + kTraceId + "-b7ad6b7169203331-1", false},
      {"a byte beyond ASCII", "00-" + kTraceId.substr(0, 31) + "\xE9-b7ad6b7169203331-01", false},
      {"a NUL", "00-" + kTraceId.substr(0, 31) + std::string(1, '\0') + "-b7ad6b7169203331-01", false},
      {"nothing", "", false},
      {"a dash", "-", false},
      {"only the version", "00", false},
      {"dashes alone", std::string(55, '-'), false},
      {"zeros alone", std::string(55, '0'), false},
  };
  for (const auto& row : rows)
    EXPECT_EQ(trace_id_of(row.value), row.valid ? std::string_view(row.value).substr(3, 32) : std::string_view())
        << row.what << ": " << row.value;
}

struct Told {
  std::string trace_id;
  std::string fields;  // what the upstream gets of traceparent and tracestate
};

Told told(const std::string& fields, const TraceRules& rules, bool trusted) {
  RequestHeadParser parser({});
  const std::string raw = "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n";
  EXPECT_EQ(parser.parse(raw), HeadStatus::Complete) << fields;
  const ForwardContext context{.last_hop = "::1", .scheme = "http", .request_id = "id",
                               .trace = trace_of(parser.head(), rules, trusted, kOwnId), .trusted = trusted};
  Fields out;
  std::string scratch;
  forward_request(parser.head(), context, out, scratch);
  Told got{std::string(context.trace.id), ""};
  for (const auto& field : out)
    if (field.id == FieldId::Traceparent || field.id == FieldId::Tracestate)
      got.fields += std::string(field.name) + "=" + std::string(field.value) + ";";
  return got;
}

TEST(Trace, WhatTheUpstreamGets) {
  const std::string line = "traceparent: " + kParent + "\r\n";
  const std::string passed = "traceparent=" + kParent + ";";
  const std::string begun = "traceparent=" + kOwn + ";";
  const std::string uppercase = "traceparent: 00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01\r\n";
  const std::string uppercase_passed = "traceparent=00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01;";
  const TraceRules nothing, begin{.begin = true}, trusted_only{.trusted_only = true},
      begin_trusted_only{.begin = true, .trusted_only = true};
  const struct {
    const char* what;
    TraceRules rules;
    bool trusted;
    std::string fields;
    std::string id;
    std::string want;
  } rows[] = {
      {"none", nothing, false, "", "", ""},
      {"valid", nothing, false, line, kTraceId, passed},
      {"valid, with state", nothing, false, line + "tracestate: a=1,b=2\r\n", kTraceId, passed + "tracestate=a=1,b=2;"},
      {"§3.3.1.5: state in several lines keeps its order", nothing, false, line + "tracestate: a=1\r\nX: y\r\ntracestate: b=2\r\n",
       kTraceId, passed + "tracestate=a=1;tracestate=b=2;"},
      {"names in another case stay as they are", nothing, false, "TraceParent: " + kParent + "\r\nTRACESTATE: a=1\r\n", kTraceId,
       "TraceParent=" + kParent + ";TRACESTATE=a=1;"},
      {"white space around the value is none of it", nothing, false, "traceparent: \t" + kParent + " \r\n", kTraceId, passed},
      {"malformed: the app judges", nothing, false, uppercase + "tracestate: a=1\r\n", "", uppercase_passed + "tracestate=a=1;"},
      {"twice: the app judges", nothing, false, line + line, "", passed + passed},
      {"state alone", nothing, false, "tracestate: a=1\r\n", "", "tracestate=a=1;"},
      {"Connection does not take it away", nothing, false, "Connection: traceparent, tracestate\r\n" + line + "tracestate: a=1\r\n",
       kTraceId, passed + "tracestate=a=1;"},

      {"none", begin, false, "", kOwnId, begun},
      {"valid", begin, false, line + "tracestate: a=1\r\n", kTraceId, passed + "tracestate=a=1;"},
      {"valid, not sampled: the client's choice", begin, false, "traceparent: 00-" + kTraceId + "-b7ad6b7169203331-00\r\n", kTraceId,
       "traceparent=00-" + kTraceId + "-b7ad6b7169203331-00;"},
      {"a later version", begin, false, "traceparent: cc-" + kTraceId + "-b7ad6b7169203331-01-x\r\n", kTraceId,
       "traceparent=cc-" + kTraceId + "-b7ad6b7169203331-01-x;"},
      {"malformed: its state goes, too", begin, false, uppercase + "tracestate: a=1\r\n", kOwnId, begun},
      {"empty", begin, false, "traceparent:\r\n", kOwnId, begun},
      {"twice", begin, false, line + line, kOwnId, begun},
      {"once well and once empty", begin, false, "traceparent:\r\n" + line, kOwnId, begun},
      {"once well and once not", begin, false, uppercase + line, kOwnId, begun},
      {"state alone", begin, false, "tracestate: a=1\r\n", kOwnId, begun},
      {"Connection does not make it a new one", begin, false, "Connection: traceparent\r\n" + line, kTraceId, passed},

      {"a stranger's", trusted_only, false, line + "tracestate: a=1\r\n", "", ""},
      {"a stranger's, malformed", trusted_only, false, uppercase + line, "", ""},
      {"a stranger's state", trusted_only, false, "tracestate: a=1\r\n", "", ""},
      {"a trusted proxy's", trusted_only, true, line + "tracestate: a=1\r\n", kTraceId, passed + "tracestate=a=1;"},
      {"a trusted proxy's, malformed", trusted_only, true, uppercase, "", uppercase_passed},
      {"a stranger's", begin_trusted_only, false, line + "tracestate: a=1\r\n", kOwnId, begun},
      {"a stranger without", begin_trusted_only, false, "", kOwnId, begun},
      {"a trusted proxy's", begin_trusted_only, true, line + "tracestate: a=1\r\n", kTraceId, passed + "tracestate=a=1;"},
      {"a trusted proxy's, malformed", begin_trusted_only, true, uppercase + "tracestate: a=1\r\n", kOwnId, begun},
  };
  for (const auto& row : rows) {
    const Told got = told(row.fields, row.rules, row.trusted);
    const std::string where = std::string(row.what) + (row.rules.begin ? ", begin" : "") +
                              (row.rules.trusted_only ? ", trusted only" : "") + (row.trusted ? ", trusted\n" : "\n") + row.fields;
    EXPECT_EQ(got.trace_id, row.id) << where;
    EXPECT_EQ(got.fields, row.want) << where;
  }
}

TEST(Trace, WhatWeBeginIsValid) {
  std::string value = "left over ";
  append_traceparent(kOwnId, value);
  EXPECT_EQ(value, "left over " + kOwn);
  EXPECT_EQ(kOwn.size(), kTraceparentBytes);
  EXPECT_EQ(trace_id_of(kOwn), kOwnId);
}

}  // namespace
}  // namespace frontdoor::http
