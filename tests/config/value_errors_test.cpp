// Golden: what `frontdoor check` says of single values. Each line tells what is wrong and what would be
// right.

#include "support.h"

namespace frontdoor::config {
namespace {

using ::testing::ElementsAre;

struct Case {
  std::string line, problem;
};

// The line stands below [pool.app] or in a table that it opens itself.
void expect_problems(const std::vector<Case>& cases) {
  for (const auto& c : cases) {
    const auto found = problems(Around{.below = c.line}.text());
    EXPECT_THAT(found, ElementsAre(c.problem)) << c.line;
  }
}

TEST(ValueErrors, Durations) {
  expect_problems({
      {"timeouts.connect = 2",
       "fd.toml:6:20: connect: a duration needs quotes and a unit: \"2ms\", \"2s\" or \"2m\""},
      {"timeouts.connect = \"2 sec\"",
       "fd.toml:6:20: connect: \"2 sec\" is not a duration, did you mean \"2s\"?"},
      {"timeouts.connect = \"2\"", "fd.toml:6:20: connect: \"2\" is not a duration, did you mean \"2s\"?"},
      {"timeouts.connect = \"soon\"",
       "fd.toml:6:20: connect: \"soon\" is not a duration, write it as in \"250ms\", \"2s\", \"1.5s\", "
       "\"1m\" or \"1h\""},
      {"timeouts.connect = true",
       "fd.toml:6:20: connect: expected a duration as in \"2s\", not true or false"},
      {"timeouts.connect = \"0s\"", "fd.toml:6:20: connect: \"0s\" is too small, the least is \"1ms\""},
      {"timeouts.connect = \"9000h\"",
       "fd.toml:6:20: connect: \"9000h\" is too large, the most is \"8760h\""},
  });
}

TEST(ValueErrors, Sizes) {
  expect_problems({
      {"body_bytes = 65536",
       "fd.toml:6:14: body_bytes: a size needs quotes and a unit: \"65536B\", \"65536KiB\" or \"65536MiB\""},
      {"body_bytes = 0", "fd.toml:6:14: body_bytes: a size needs quotes: \"0\""},
      {"body_bytes = \"64k\"", "fd.toml:6:14: body_bytes: \"64k\" is not a size, did you mean \"64KiB\"?"},
      {"body_bytes = \"much\"",
       "fd.toml:6:14: body_bytes: \"much\" is not a size, write it as in \"300B\", \"8KB\", \"64KiB\", "
       "\"1MiB\" or \"0\""},
      {"body_bytes = []", "fd.toml:6:14: body_bytes: expected a size as in \"64KiB\", not a list"},
      {"[limits]\nheader_bytes = \"1B\"",
       "fd.toml:7:16: header_bytes: \"1B\" is too small, the least is \"1KiB\""},
      {"[limits]\nheader_bytes = \"1GiB\"",
       "fd.toml:7:16: header_bytes: \"1GiB\" is too large, the most is \"1MiB\""},
  });
}

TEST(ValueErrors, Numbers) {
  expect_problems({
      {"[limits]\nheader_count = \"100\"",
       "fd.toml:7:16: header_count: expected an integer as in 1, not a string"},
      {"[limits]\nheader_count = 0", "fd.toml:7:16: header_count: 0 is too small, the least is 1"},
      {"[limits]\nheader_count = -5", "fd.toml:7:16: header_count: -5 is too small, the least is 1"},
      {"[limits]\nheader_count = 99999999999",
       "fd.toml:7:16: header_count: 99999999999 is too large, the most is 10000"},
      {"[limits]\nheader_count = 1.5",
       "fd.toml:7:16: header_count: expected an integer as in 1, not a number with a point"},
      {"retry.budget = 20", "fd.toml:6:16: budget: a percentage is text: write \"20%\""},
      {"retry.budget = 0.2", "fd.toml:6:16: budget: a percentage is text: write \"20%\" instead of 0.2"},
      {"retry.budget = \"20\"", "fd.toml:6:16: budget: \"20\" is not a percentage, did you mean \"20%\"?"},
      {"retry.budget = \"200%\"",
       "fd.toml:6:16: budget: \"200%\" is not a percentage, write it as in \"20%\", from \"0%\" to \"100%\""},
      {"retry.budget = true", "fd.toml:6:16: budget: expected a percentage as in \"20%\", not true or false"},
      {"[access_log]\nsample = \"50%\"",
       "fd.toml:7:10: sample: a share is a number: write 0.5 instead of \"50%\""},
      {"[access_log]\nsample = 2", "fd.toml:7:10: sample: a share is a number from 0.0 to 1.0"},
      {"[access_log]\nsample = nan", "fd.toml:7:10: sample: a share is a number from 0.0 to 1.0"},
      {"[access_log]\nsample = \"half\"",
       "fd.toml:7:10: sample: expected a number from 0.0 to 1.0, not a string"},
  });
}

TEST(ValueErrors, WordsAndBooleans) {
  expect_problems({
      {"[log]\nlevel = \"warning\"", "fd.toml:7:9: level: \"warning\" is unknown, did you mean \"warn\"?"},
      {"[log]\nlevel = \"loud\"",
       "fd.toml:7:9: level: \"loud\" is unknown, write \"debug\", \"info\", \"warn\" or \"error\""},
      {"[log]\nlevel = 3",
       "fd.toml:7:9: level: expected one of \"debug\", \"info\", \"warn\" or \"error\", not an integer"},
      {"health_check = { type = \"exec\" }",
       "fd.toml:6:16: [pool.app.health_check] type = \"exec\" needs a command, as in command = [\"./is-healthy\"]"},
      {"health_check = { type = \"exec\", command = [] }", "fd.toml:6:43: command: there is no command in it"},
      {"[[route]]\naccess_log = \"no\"",
       "fd.toml:7:14: access_log: expected true or false, without quotes, not a string"},
      {"[access_log]\noutput = \"stdot\"",
       "fd.toml:7:10: output: \"stdot\" will not do: did you mean \"stdout\"?"},
      {"[access_log]\noutput = \"mylog\"",
       "fd.toml:7:10: output: \"mylog\" will not do: write \"stdout\", \"stderr\", \"off\", or a path, as in "
       "\"./access.log\""},
      {"[access_log]\noutput = \"a\\u0000\"",
       "fd.toml:7:10: output: \"a\\u0000\" will not do: a path has no NUL byte"},
      {"[admin]\nsocket = \"admin.sock\"",
       "fd.toml:7:10: socket: \"admin.sock\" will not do: write an absolute path, \"off\", or \"\" for the usual place"},
      {"[admin]\nstate_file = \"state.json\"",
       "fd.toml:7:14: state_file: \"state.json\" will not do: write an absolute path, \"off\", or \"\" for the usual place"},
      {"[admin]\nstate_file = \"/var/lib/\"", "fd.toml:7:14: state_file: \"/var/lib/\" will not do: write the path of a file"},
      {"[admin]\nsocket = \"/a\\u0000\"", "fd.toml:7:10: socket: \"/a\\u0000\" will not do: a path has no NUL byte"},
      {"[admin]\nsocket = \"/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
       "89012345678\"",
       "fd.toml:7:10: socket: \"/0123456789012345678901234567890123456789012345678901234567890123456789012345678…\" "
       "will not do: a socket's path has at most 99 bytes"},
      {"[admin]\naddress = \"9900\"", "fd.toml:7:11: address: \"9900\" will not do: a port alone is written \":9900\""},
      {"[admin]\naddress = \"unix:/run/fd.sock\"",
       "fd.toml:7:11: address: \"unix:/run/fd.sock\" will not do: write an address as in \"127.0.0.1:9900\"; the unix "
       "socket is [admin] socket"},
      {"[admin]\nhosts = [\"*.example.com\"]",
       "fd.toml:7:10: hosts: \"*.example.com\" will not do: write a whole name, as in \"frontdoor.internal\""},
      {"[admin]\nhosts = \"a.example\"", "fd.toml:7:9: hosts: expected a list as in [\"a.example\"], not a string"},
      {"[admin]\nhosts = [7]", "fd.toml:7:10: hosts: expected a list as in [\"a.example\"], not an integer"},
      {"[admin]\nhosts = [\"\"]",
       "fd.toml:7:10: hosts: \"\" will not do: write a whole name, as in \"frontdoor.internal\""},
      {"[admin]\ntoken = \"swordfish\"",
       "fd.toml:7:9: token: \"***\" will not do: a token that nobody can guess has at least 16 characters"},
      {"[admin]\ntoken = \"correct horse battery\"",
       "fd.toml:7:9: token: \"***\" will not do: a token has letters, digits and signs without spaces, as HTTP can carry them"},
      {"[admin]\nwebhook = \"hooks.example/secret\"",
       "fd.toml:7:11: webhook: \"***\" will not do: a webhook is a URL as in \"https://hooks.example.com/frontdoor\""},
      {"[admin]\nwebhook_token = \"a b\"",
       "fd.toml:7:17: webhook_token: \"***\" will not do: a token has letters, digits and signs without spaces, as HTTP can carry them"},
      {"[admin]\nwebhook_level = \"warning\"", "fd.toml:7:17: webhook_level: \"warning\" is unknown, did you mean \"warn\"?"},
      {"[access_log]\nfields = [\"clinet\"]", "fd.toml:7:11: fields: \"clinet\" will not do: did you mean \"client\"?"},
      {"[access_log]\nfields = [\"colour\"]",
       "fd.toml:7:11: fields: \"colour\" will not do: it is no field of the access log: docs/reference/access-log.md has them all"},
      {"[access_log]\nfields = [\"client\", \"time\", \"client\"]", "fd.toml:7:29: fields: \"client\" is named twice"},
      {"[access_log]\nfields = \"client\"", "fd.toml:7:10: fields: expected a list as in [\"status\"], not a string"},
      {"[access_log]\nfields = [7]", "fd.toml:7:11: fields: expected a list as in [\"status\"], not an integer"},
      {"[access_log]\noutput = false", "fd.toml:7:10: output: expected a string, not true or false"},
      {"retry.on = [\"timeot\"]", "fd.toml:6:13: on: \"timeot\" is unknown, did you mean \"timeout\"?"},
      {"retry.on = [503]", "fd.toml:6:13: on: a status needs quotes here: \"503\""},
      {"retry.on = [\"404\"]",
       "fd.toml:6:13: on: \"404\" is unknown, write \"connect_failure\", \"reset\", \"timeout\", "
       "\"evicted\", \"429\", \"500\", \"502\", \"503\" or \"504\""},
      {"retry.on = [\"always\"]",
       "fd.toml:6:13: on: \"always\" is unknown, write \"connect_failure\", \"reset\", \"timeout\", "
       "\"evicted\", \"429\", \"500\", \"502\", \"503\" or \"504\""},
      {"retry.on = [{}]", "fd.toml:6:13: on: expected a reason as in \"timeout\", not a table"},
      {"retry.on = \"timeout\"",
       "fd.toml:6:12: on: expected a list as in [\"connect_failure\", \"503\"], not a string"},
  });
}

TEST(ValueErrors, Statuses) {
  expect_problems({
      {"health_check.expect.status = \"2xx\"",
       "fd.toml:6:30: status: \"2xx\" is not a range of statuses, did you mean \"200-299\"?"},
      {"health_check.expect.status = \"399-200\"",
       "fd.toml:6:30: status: \"399-200\" is not a range of statuses, write it as in \"200\", \"200-399\" or "
       "\"200-299,404\""},
      {"health_check.expect.status = \"200,ok\"",
       "fd.toml:6:30: status: \"ok\" is not a range of statuses, write it as in \"200\", \"200-399\" or "
       "\"200-299,404\""},
      {"health_check.expect.status = 999",
       "fd.toml:6:30: status: \"999\" is not a range of statuses, write it as in \"200\", \"200-399\" or "
       "\"200-299,404\""},
      {"health_check.expect.status = []", "fd.toml:6:30: status: an empty list would call every answer bad"},
      {"health_check.expect.status = true",
       "fd.toml:6:30: status: expected statuses as in \"200-399\", not true or false"},
      {"health_check.expect = \"200\"",
       "fd.toml:6:23: expect: expected a table { status = \"200-399\" }, not a string"},
  });
}

TEST(ValueErrors, HostsAndPaths) {
  expect_problems({
      {"[[route]]\nhost = \"a.com:8080\"",
       "fd.toml:7:8: host: \"a.com:8080\" will not do: routes match the name without the port: \"a.com\""},
      {"[[route]]\nhost = \"https://a.com\"",
       "fd.toml:7:8: host: \"https://a.com\" will not do: only the host name, without a scheme and a path"},
      {"[[route]]\nhost = \"a.*.com\"",
       "fd.toml:7:8: host: \"a.*.com\" will not do: \"*\" may only stand for the first part, as in "
       "\"*.example.com\""},
      {"[[route]]\nhost = \"*\"",
       "fd.toml:7:8: host: \"*\" will not do: write \"\" or leave host out to match any host"},
      {"[[route]]\nhost = \"[::1]\"",
       "fd.toml:7:8: host: \"[::1]\" will not do: IPv6 addresses are not matched"},
      {"[[route]]\nhost = \"a b\"", "fd.toml:7:8: host: \"a b\" will not do: this is not a host name"},
      {"[[route]]\npath = \"v1\"",
       "fd.toml:7:8: path: \"v1\" will not do: a path begins with \"/\": \"/v1\""},
      {"[[route]]\npath = \"/*/v1\"",
       "fd.toml:7:8: path: \"/*/v1\" will not do: \"*\" may only stand at the end, as in \"/prefix*\""},
      {"[[route]]\npath = \"/a?b=1\"",
       "fd.toml:7:8: path: \"/a?b=1\" will not do: routes match the path only, without \"?\" and what "
       "follows"},
      {"[[route]]\npath = \"/a b\"",
       "fd.toml:7:8: path: \"/a b\" will not do: spaces and characters outside of ASCII are written as %20 "
       "and the like"},
      {"[[route]]\npath = \"/a/../b\"",
       "fd.toml:7:8: path: \"/a/../b\" will not do: \".\" and \"..\" are resolved before routes are matched, "
       "so this never matches"},
      {"health_check = \"healthz\"",
       "fd.toml:6:16: health_check: \"healthz\" will not do: a path begins with \"/\": \"/healthz\""},
      {"health_check.path = \"/a b\"",
       "fd.toml:6:21: path: \"/a b\" will not do: spaces and characters outside of ASCII are written as %20 "
       "and the like"},
      {"health_check.path = \"/a#b\"",
       "fd.toml:6:21: path: \"/a#b\" will not do: \"#\" is not part of what is sent"},
      {"health_check.host = \"a\\r\\nb\"",
       "fd.toml:6:21: host: \"a\\r\\nb\" will not do: this is not a host name"},
      {"[[listener]]\naddress = \"fd:\"",
       "fd.toml:7:11: bad address \"fd:\": the name of the passed socket is missing, as in \"fd:http\""},
      {"[[listener]]\naddress = \"fd:web\"\n[[listener]]\naddress = \"fd:web\"",
       "fd.toml:9:11: two listeners cannot share the address \"fd:web\", which is taken at fd.toml:7:11"},
      {"[[listener]]\naddress = \":1\"\nname = \"a b\"",
       "fd.toml:8:8: name: \"a b\" will not do: a name consists of letters, digits, \"-\", \"_\" and \".\""},
  });
}

TEST(ValueErrors, DnsServers) {
  for (const char* good : {"auto", "10.0.0.2:53", "10.0.0.2:53,[fd00::2]:5353"})
    EXPECT_TRUE(problems(Around{.top = "resolver = \"" + std::string(good) + "\""}.text()).empty()) << good;
  for (const std::string bad : {"10.0.0.2", "10.0.0.2:0", "ns.internal:53", "unix:/run/dns", "10.0.0.2:53,", ""})
    EXPECT_THAT(problems(Around{.top = "resolver = \"" + bad + "\""}.text()),
                ::testing::ElementsAre("fd.toml:1:12: resolver: \"" + bad +
                                     "\" will not do: a DNS server is given by its address and port, as in "
                                     "\"10.0.0.2:53\""));
}

TEST(ValueErrors, Addresses) {
  struct {
    std::string upstreams, problem;
  } cases[] = {
      {"[\"10.0.0.1\"]",
       "fd.toml:3:14: bad address \"10.0.0.1\": the port is missing, as in \"10.0.0.1:80\""},
      {"[\"10.0.0.1:70000\"]",
       "fd.toml:3:14: bad address \"10.0.0.1:70000\": port 70000 is out of range (0 to 65535)"},
      {"[\":3000\"]", "fd.toml:3:14: bad address \":3000\": an upstream needs a host: \"127.0.0.1:3000\""},
      {"[\"a:0\"]", "fd.toml:3:14: bad address \"a:0\": an upstream needs a port other than 0"},
      {"[\"fd:web\"]",
       "fd.toml:3:14: bad address \"fd:web\": a passed socket accepts clients, it is no upstream"},
      {"[\"https://a/api\"]",
       "fd.toml:3:14: bad address \"https://a/api\": an upstream has no path: \"https://a\""},
      {"[\"https://unix:/x\"]", "fd.toml:3:14: bad address \"https://unix:/x\": an upstream has no path: \"https://unix:\""},
      {"[\"http://a/api\"]",
       "fd.toml:3:14: bad address \"http://a/api\": an upstream has no path: \"http://a\""},
      {"[3000]", "fd.toml:3:14: address: expected an address as in \"127.0.0.1:3000\", not an integer"},
      {"[{ weight = 2 }]",
       "fd.toml:3:14: an upstream needs an address, as in { address = \"127.0.0.1:3000\" }"},
      {"[{ address = \"a:1\", weight = 0 }]", "fd.toml:3:42: weight: 0 is too small, the least is 1"},
      {"[{ address = \"a:1\", weight = 5000 }]", "fd.toml:3:42: weight: 5000 is too large, the most is 1000"},
      {"[{ address = \"a:1\", priority = -1 }]", "fd.toml:3:44: priority: -1 is too small, the least is 0"},
      {"[{ address = \"a:1\", priority = 101 }]", "fd.toml:3:44: priority: 101 is too large, the most is 100"},
      {"[\"a:1\", \"b:1\", \"a:1\"]",
       "fd.toml:3:28: \"a:1\" is in this pool twice, first at fd.toml:3:14; to send it more requests, give "
       "it a weight"},
      {"\"a:1\"", "fd.toml:3:13: upstreams is a list: write upstreams = [\"a:1\"]"},
      {"3000", "fd.toml:3:13: upstreams: expected a list as in [\"127.0.0.1:3000\"], not an integer"},
      {"[]", "fd.toml:2:7: [pool.app] has no upstreams: add upstreams = [\"127.0.0.1:3000\"], or a command"},
  };
  for (const auto& c : cases)
    EXPECT_THAT(problems("listen = \":8080\"\n[pool.app]\nupstreams = " + c.upstreams + "\n"),
                ElementsAre(c.problem));
}

TEST(ValueErrors, TrustedProxies) {
  const std::string listener = "[[listener]]\naddress = \":1\"\n";
  expect_problems({
      {listener + "protocols = []", "fd.toml:8:13: protocols: write at least one of \"h2\" and \"http/1.1\""},
      {listener + "protocols = \"h2\"",
       "fd.toml:8:13: protocols: expected a list as in [\"h2\", \"http/1.1\"], not a string"},
      {listener + "protocols = [\"h2c\"]", "fd.toml:8:14: protocols: \"h2c\" is unknown, write \"h2\" or \"http/1.1\""},
      {listener + "protocols = [2]", "fd.toml:8:14: protocols: expected a protocol as in \"h2\", not an integer"},
      {listener + "trusted_proxies = \"10.0.0.1\"",
       "fd.toml:8:19: trusted_proxies: expected a list as in [\"10.0.0.0/8\"], not a string"},
      {listener + "trusted_proxies = [10]",
       "fd.toml:8:20: trusted_proxies: expected an address or a range as in \"10.0.0.0/8\", not an integer"},
      {listener + "trusted_proxies = [\"::1\", \"lb.internal\"]",
       "fd.toml:8:27: trusted_proxies: \"lb.internal\" will not do: write an address or a range, as in "
       "\"10.0.0.1\", \"10.0.0.0/8\", \"fd00::/8\" or \"unix\""},
      {listener + "trusted_proxies = [\"10.0.0.1/8\"]",
       "fd.toml:8:20: trusted_proxies: \"10.0.0.1/8\" will not do: it has bits outside of its network, did "
       "you "
       "mean \"10.0.0.0/8\"?"},
      {listener + "proxy_protocol = true",
       "fd.toml:7:11: proxy_protocol needs trusted_proxies, as in [\"10.0.0.0/8\"]: from nobody else is a "
       "header "
       "taken, and without one each connection is closed"},
      {listener + "request_id_header = \"X Id\"",
       "fd.toml:8:21: request_id_header: \"X Id\" will not do: a field name is made of letters, digits and \"-\""},
      {listener + "request_id_header = \"Content-Length\"",
       "fd.toml:8:21: request_id_header: \"Content-Length\" will not do: this field has a meaning of its own"},
      {listener + "max_connections_per_client = -1",
       "fd.toml:8:30: max_connections_per_client: -1 is too small, the least is 0"},
      {"send_proxy = \"v3\"", "fd.toml:6:14: send_proxy: \"v3\" is unknown, write \"\", \"v1\" or \"v2\""},
      {"send_proxy = true",
       "fd.toml:6:14: send_proxy: expected one of \"\", \"v1\" or \"v2\", not true or false"},
  });
}

TEST(ValueErrors, AtTheTop) {
  struct {
    std::string line, problem;
  } cases[] = {
      {"workers = \"many\"", "fd.toml:1:11: workers: expected an integer or \"auto\", not a string"},
      {"workers = 0", "fd.toml:1:11: workers: 0 is too small, the least is 1"},
      {"workers = 5000", "fd.toml:1:11: workers: 5000 is too large, the most is 1024"},
      {"workers = 1979-05-27", "fd.toml:1:11: workers: expected an integer or \"auto\", not a date or time"},
  };
  for (const auto& c : cases) EXPECT_THAT(problems(Around{.top = c.line}.text()), ElementsAre(c.problem));
}

TEST(ValueErrors, Variables) {
  const auto options = options_with({{"EMPTY", ""}, {"PORT", "eighty"}});
  struct {
    std::string line, problem;
  } cases[] = {
      {"health_check = \"/${NOPE}\"",
       "fd.toml:6:16: the environment variable NOPE is not set; ${NOPE:-default} would do without it"},
      {"health_check = \"/${}\"",
       "fd.toml:6:16: \"${}\" names no variable; a plain \"${\" is written \"$${\""},
      {"health_check = \"/${A B}\"",
       "fd.toml:6:16: \"${A B}\" names no variable; a plain \"${\" is written \"$${\""},
      {"health_check = \"/${A\"",
       "fd.toml:6:16: \"${\" without a closing \"}\"; a plain \"${\" is written \"$${\""},
      {"health_check.port = \"${PORT}\"", "fd.toml:6:21: port: expected an integer as in 2, not a string"},
  };
  for (const auto& c : cases)
    EXPECT_THAT(problems(Around{.below = c.line}.text(), options), ElementsAre(c.problem));
  EXPECT_THAT(problems("listen = \"${EMPTY}\"\n[pool.app]\nupstreams = [\"a:1\"]\n", options),
              ElementsAre("fd.toml:1:10: bad address \"\": the address is empty, write \"host:port\""));
}

}  // namespace
}  // namespace frontdoor::config
