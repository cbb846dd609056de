// The access log: what a line says, and that no destination, however broken, costs more than lines.

#include "proxy/access_log/access_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <thread>
#include <utility>

#include "base/time.h"
#include "proxy/access_log/attempt_history.h"
#include "support/captured_log.h"
#include "tests/support/temporary_directory.h"

namespace frontdoor {
namespace {

using Format = config::AccessLog::Format;
using namespace std::chrono_literals;

// 2026-11-23T12:01:07.000042Z
constexpr std::int64_t some_time = 1'795'435'267'000'042;

AccessRecord typical() {
  AccessRecord record;
  record.client_ip = "127.0.0.1";
  record.method = "GET";
  record.host = "example.com";
  record.target = "/a?b=c";
  record.referer = "http://example.com/";
  record.user_agent = "curl/7.88.1";
  record.request_id = "0123abcd";
  record.route_pool = "app";
  record.upstream = "127.0.0.1:3001";
  record.outcome = "served";
  record.status = 200;
  record.tries = 1;
  record.bytes_sent = 5;
  record.connect_us = 7;
  record.first_byte_us = 1'250;
  record.total_us = 2'001'003;
  return record;
}

std::string line(const AccessRecord& record, Format format, std::int64_t time = some_time) {
  std::string out;
  format_access_line(record, format, time, out);
  return out;
}

TEST(AccessLine, JsonSaysEverything) {
  EXPECT_EQ(
      line(typical(), Format::Json),
      R"({"time":"2026-11-23T12:01:07.000042Z","client":"127.0.0.1","method":"GET","host":"example.com",)"
      R"("target":"/a?b=c","protocol":"HTTP/1.1","status":200,"outcome":"served","pool":"app",)"
      R"("upstream":"127.0.0.1:3001","tries":1,"received_bytes":0,"sent_bytes":5,"connect_ms":0.007,)"
      R"("first_byte_ms":1.250,"total_ms":2001.003,"referer":"http://example.com/","user_agent":"curl/7.88.1",)"
      R"("request_id":"0123abcd"})"
      "\n");
}

TEST(AccessLine, JsonNamesTheRetryRuleOnlyWhenThereWasOne) {
  EXPECT_EQ(line(typical(), Format::Json).find("retry"), std::string::npos);
  auto record = typical();
  record.retry_rule = "connect_failure";
  EXPECT_NE(line(record, Format::Json).find(R"("tries":1,"retry":"connect_failure",)"), std::string::npos);
}

TEST(AccessLine, StagesThatWereNotReachedAreNull) {
  auto record = typical();
  record.connect_us = record.first_byte_us = 0;
  EXPECT_NE(line(record, Format::Json).find(R"("connect_ms":null,"first_byte_ms":null,"total_ms":2001.003)"),
            std::string::npos);
}

AccessRecord with_everything(std::span<const Attempt> attempts) {
  auto record = typical();
  record.outcome = "invalid_response";
  record.detail = "two lengths";
  record.retry_rule = "timeout_safe";
  record.held_us = 1'500;
  record.tries = 2;
  record.attempts = attempts;
  record.tls_version = "TLSv1.3";
  record.tls_cipher = "TLS_AES_256_GCM_SHA384";
  record.tls_server_name = "a.example";
  record.tls_client = "CN=\"alice\"";
  record.upstream_speaks_http2 = true;
  record.trace_id = "0af7651916cd43dd8448eb211c80319c";
  return record;
}

constexpr Attempt kTwoAttempts[] = {
    {"127.0.0.1:3001", "retry_status", "", 503, 10, 0, 30'000'000},
    {"127.0.0.1:3002", "invalid_response", "two lengths", 0, 30'000'011, 250, 900},
};

TEST(AccessLine, JsonListsTheAttemptsWhenThereWereSeveral) {
  EXPECT_EQ(line(typical(), Format::Json).find("attempts"), std::string::npos) << "one is told by the line itself";
  EXPECT_NE(line(with_everything(kTwoAttempts), Format::Json)
                .find(R"("tries":2,"retry":"timeout_safe","attempts":[{"upstream":"127.0.0.1:3001","outcome":"retry_status","status":503,)"
                      R"("start_ms":0.010,"connect_ms":null,"total_ms":30000.000},)"
                      R"({"upstream":"127.0.0.1:3002","outcome":"invalid_response","detail":"two lengths",)"
                      R"("start_ms":30000.011,"connect_ms":0.250,"total_ms":0.900}],"held_ms":1.500,)"),
            std::string::npos);
}

TEST(AccessLine, JsonTellsTheEncryptionOfAConnectionThatHasOne) {
  EXPECT_EQ(line(typical(), Format::Json).find("tls"), std::string::npos);
  EXPECT_NE(line(with_everything({}), Format::Json)
                .find(R"("tls":"TLSv1.3","tls_cipher":"TLS_AES_256_GCM_SHA384","tls_server_name":"a.example",)"
                      R"("tls_resumed":false,"tls_client":"CN=\"alice\"","status":)"),
            std::string::npos);
}

TEST(AccessLine, JsonSaysWhatWasWrongBehindTheOutcome) {
  EXPECT_EQ(line(typical(), Format::Json).find("detail"), std::string::npos);
  EXPECT_NE(line(with_everything({}), Format::Json).find(R"("outcome":"invalid_response","detail":"two lengths",)"),
            std::string::npos);
}

TEST(AccessLine, JsonSaysWhereTheUpstreamSpeaksHttp2) {
  EXPECT_EQ(line(typical(), Format::Json).find("upstream_protocol"), std::string::npos);
  EXPECT_NE(line(with_everything({}), Format::Json).find(R"(","upstream_protocol":"HTTP/2.0","tries":2)"), std::string::npos);
}

TEST(AccessLine, JsonNamesTheTraceOfARequestThatHasOne) {
  EXPECT_EQ(line(typical(), Format::Json).find("trace_id"), std::string::npos);
  EXPECT_NE(line(with_everything({}), Format::Json)
                .find(R"("request_id":"0123abcd","trace_id":"0af7651916cd43dd8448eb211c80319c"})"),
            std::string::npos);
}

// The names before a colon, in their order.
std::vector<std::string> keys_of(const std::string& json) {
  std::vector<std::string> keys;
  const std::regex key(R"re("([a-z_]+)":)re");
  for (std::sregex_iterator at(json.begin(), json.end(), key), end; at != end; ++at) keys.push_back((*at)[1]);
  return keys;
}

// The names that the tables below a heading begin with.
std::vector<std::string> documented(const std::string& page, const std::string& heading) {
  std::vector<std::string> names;
  const auto begin = page.find(heading);
  EXPECT_NE(begin, std::string::npos) << heading;
  std::istringstream lines(page.substr(begin + heading.size(), page.find("\n## ", begin + 1) - begin - heading.size()));
  const std::regex row(R"(^\| `([a-z_]+)` \|.*)");
  std::smatch match;
  for (std::string text; std::getline(lines, text);)
    if (std::regex_match(text, match, row)) names.push_back(match[1]);
  return names;
}

// docs/reference/access-log.md names what a line has, all of it, in its order.
TEST(AccessLine, TheReferenceIsTrue) {
  std::ostringstream page;
  page << std::ifstream(FRONTDOOR_SOURCE_DIR "/docs/reference/access-log.md").rdbuf();
  std::string all;
  AccessLineFormatter(Format::Json, {}, "0.1")
      .append(with_everything(kTwoAttempts), some_time, all, AccessLineFormatter::Picked::ByChance);
  const auto begin = all.find('['), end = all.find(']');
  EXPECT_EQ(documented(page.str(), "## Fields\n"), keys_of(all.substr(0, begin) + all.substr(end)));
  const auto& fields = config::access_log_fields;
  EXPECT_EQ(documented(page.str(), "## Fields\n"), std::vector<std::string>(fields.begin(), fields.end()));

  const std::string attempts = all.substr(begin, end - begin);  // two that have all fields together
  std::vector<std::string> of_one = documented(page.str(), "## Each of `attempts`\n");
  std::set<std::string> written;
  for (const auto& key : keys_of(attempts)) written.insert(key);
  EXPECT_EQ(std::set<std::string>(of_one.begin(), of_one.end()), written);
  EXPECT_EQ(of_one.size(), written.size());
}

TEST(AttemptHistory, IsEmptyForOneAndBoundedForMany) {
  const auto memory = std::make_shared<PoolMemory>();
  const TimePoint started{10s};
  AttemptHistory history;
  AttemptHistory::Room room;
  EXPECT_TRUE(history.list(room, started, started, {}).empty());
  history.begin(started);
  EXPECT_TRUE(history.list(room, started, started + 1s, {"a", "served", ""}).empty());

  for (std::uint16_t i = 1; i <= 100; ++i) {
    const Address address{Address::Kind::Tcp, "127.0.0.1", i};
    history.begin(started + i * 1s);
    if (i % 2 == 0) history.connected(started + i * 1s + 5ms);
    history.failed(std::make_shared<Upstream>("app", address, 1u, memory), {"upstream_reset", "closed", 0},
                   started + i * 1s + 20ms);
  }
  history.begin(started + 200s);
  history.connected(started + 201s);
  EXPECT_EQ(history.connect_us(), 1'000'000u) << "the last one's alone";
  const auto list = history.list(room, started, started + 203s, {"last", "served", ""});
  ASSERT_EQ(list.size(), AttemptHistory::kMostRemembered + 1);
  EXPECT_EQ(list[0].upstream, "127.0.0.1:1");
  EXPECT_EQ(list[0].start_us, 1'000'000u);
  EXPECT_EQ(list[0].connect_us, 0u);
  EXPECT_EQ(list[0].total_us, 20'000u);
  EXPECT_EQ(list[1].connect_us, 5'000u);
  EXPECT_EQ(list[7].upstream, "127.0.0.1:100") << "the first ones and the last";
  EXPECT_EQ(list[8].upstream, "last");
  EXPECT_EQ(list[8].outcome, "served");
  EXPECT_EQ(list[8].connect_us, 1'000'000u);
  EXPECT_EQ(list[8].total_us, 3'000'000u);
}

// A request whose only attempt was refused, and that then waited in vain, has to say both.
TEST(AttemptHistory, TellsTheOnlyAttemptWhereItEndedOtherwise) {
  const auto memory = std::make_shared<PoolMemory>();
  const TimePoint started{10s};
  AttemptHistory history;
  AttemptHistory::Room room;
  history.begin(started);
  history.failed(std::make_shared<Upstream>("app", Address{Address::Kind::Tcp, "127.0.0.1", 1}, 1u, memory),
                 {"connect_refused", "", 0}, started + 1ms);
  EXPECT_TRUE(history.list(room, started, started + 1ms, {"", "connect_refused", ""}).empty());
  const auto list = history.list(room, started, started + 10s, {"", "hold_timeout", ""});
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0].upstream, "127.0.0.1:1");
  EXPECT_EQ(list[0].outcome, "connect_refused");
}

TEST(AccessLine, CombinedIsApachesAndTheOutcome) {
  EXPECT_EQ(
      line(typical(), Format::Combined),
      "127.0.0.1 - - [23/Nov/2026:12:01:07 +0000] \"GET /a?b=c HTTP/1.1\" 200 5 \"http://example.com/\" "
      "\"curl/7.88.1\" \"served\"\n");
}

TEST(AccessLine, WhatIsMissingIsADashInCombined) {
  EXPECT_EQ(line({}, Format::Combined, 0), "- - - [01/Jan/1970:00:00:00 +0000] \"-\" - - \"-\" \"-\" \"-\"\n");
}

TEST(AccessLine, HostileBytesStayInsideTheirField) {
  auto record = typical();
  const std::string_view hostile("\"\\\r\n\x1b[2J\0\x7f\xff", 11);
  record.target = record.user_agent = record.referer = record.host = hostile;
  const auto combined = line(record, Format::Combined);
  EXPECT_NE(combined.find(R"("\"\\\x0d\x0a\x1b[2J\x00\x7f\xff")"), std::string::npos) << combined;
  for (const auto& text : {combined, line(record, Format::Json)}) {
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
    EXPECT_EQ(text.find('\x1b'), std::string::npos) << text;
    EXPECT_EQ(text.find('\r'), std::string::npos) << text;
  }
}

TEST(AccessLine, TheRememberedSecondIsNotUsedForAnother) {
  AccessLineFormatter formatter(Format::Json);
  std::string out;
  for (const std::int64_t time : {some_time, some_time + 1, some_time + 1'000'000})
    formatter.append({}, time, out);
  EXPECT_NE(out.find(":07.000042Z"), std::string::npos);
  EXPECT_NE(out.find(":07.000043Z"), std::string::npos);
  EXPECT_NE(out.find(":08.000042Z"), std::string::npos);
}

TEST(AccessLine, AGrownBufferIsNotAllocatedAgain) {
  AccessLineFormatter formatter(Format::Json);
  std::string out;
  out.reserve(4096);
  const auto* before = out.data();
  for (int i = 0; i < 5; ++i) formatter.append(typical(), some_time + i * 1'000'000, out);
  EXPECT_EQ(out.data(), before);
}

class AccessLogOnDisk : public ::testing::Test {
 protected:
  AccessLogOnDisk() { config_.output = directory_ + "/access.log"; }

  static std::string contents(const std::string& path) {
    std::ifstream in(path);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }

  const test::TemporaryDirectory temporary_;
  const std::string directory_ = temporary_.path();
  config::AccessLog config_;
  std::string error_;
};

bool eventually(const std::function<bool()>& condition) {
  for (const auto deadline = Clock::now() + 20s; Clock::now() < deadline; std::this_thread::sleep_for(1ms)) {
    if (condition()) return true;
  }
  return false;
}

TEST_F(AccessLogOnDisk, HoldsEveryLineOfSeveralWorkersWholeAndInOrder) {
  constexpr int workers = 2, lines = 2'000;  // fewer bytes than are ever waiting: none may be lost
  {
    AccessLog log(config_, error_);
    ASSERT_EQ(error_, "");
    std::vector<std::thread> threads;
    for (int worker = 0; worker < workers; ++worker) {
      threads.emplace_back([&log, worker] {
        AccessLogBuffer buffer(log);
        const std::string pool(1, static_cast<char>('a' + worker));
        for (int i = 0; i < lines; ++i) {
          const auto id = std::to_string(i);
          AccessRecord record;
          record.route_pool = pool;
          record.request_id = id;
          buffer.append(record);
          if (i % 100 == 0) buffer.flush();
        }
      });
    }
    for (auto& thread : threads) thread.join();
  }
  std::map<char, int> next;
  std::ifstream in(config_.output);
  for (std::string text; std::getline(in, text);) {
    ASSERT_EQ(text.front(), '{');
    ASSERT_EQ(text.back(), '}');
    const char pool = text[text.find(R"("pool":")") + 8];
    const auto at = text.find(R"("request_id":")") + 14;
    EXPECT_EQ(std::stoi(text.substr(at)), next[pool]++);
  }
  EXPECT_EQ(next, (std::map<char, int>{{'a', lines}, {'b', lines}}));
}

TEST_F(AccessLogOnDisk, IsAppendedTo) {
  std::ofstream(config_.output) << "before\n";
  {
    AccessLog log(config_, error_);
    AccessLogBuffer(log).append(typical());
  }
  EXPECT_EQ(contents(config_.output).substr(0, 8), "before\n{");
}

TEST_F(AccessLogOnDisk, IsClosedOnExec) {
  AccessLog log(config_, error_);
  for (int fd = 3; fd < 64; ++fd) {
    char target[256] = {};
    const auto link = "/proc/self/fd/" + std::to_string(fd);
    if (::readlink(link.c_str(), target, sizeof target - 1) > 0 && config_.output == target) {
      EXPECT_TRUE(::fcntl(fd, F_GETFD) & FD_CLOEXEC);
      return;
    }
  }
  FAIL() << "the log file is not open";
}

TEST_F(AccessLogOnDisk, ReopenGoesOnInANewFileAfterRotation) {
  AccessLog log(config_, error_);
  AccessLogBuffer buffer(log);
  buffer.append(typical());
  buffer.flush();
  const auto rotated = config_.output + ".1";
  ASSERT_TRUE(eventually([&] { return !contents(config_.output).empty(); }));
  ASSERT_EQ(::rename(config_.output.c_str(), rotated.c_str()), 0);
  log.reopen();
  buffer.append(typical());
  buffer.flush();
  EXPECT_TRUE(eventually([&] { return !contents(config_.output).empty(); }));
  const auto old = contents(rotated);
  EXPECT_EQ(std::count(old.begin(), old.end(), '\n'), 1);
}

// Told by the writer, in the order in which it happens.
class WatchedLog : public AccessLogOnDisk {
 protected:
  std::unique_ptr<AccessLog> open() {
    auto log = std::make_unique<AccessLog>(config_, error_, &events_.log(), Millis{5});
    EXPECT_EQ(error_, "");
    return log;
  }
  static void write_one(AccessLog& log) {
    AccessLogBuffer buffer(log);
    buffer.append(typical());
  }
  std::ptrdiff_t lines(const std::string& path) {
    const auto text = contents(path);
    return std::count(text.begin(), text.end(), '\n');
  }
  test::CapturedLog events_;
};

TEST_F(WatchedLog, SaysThatItWasReopenedWhenThatIsTrue) {
  const auto log = open();
  EXPECT_TRUE(log->reopen());
  EXPECT_TRUE(eventually([&] { return events_.says(R"("event":"access log reopened","file":")" + config_.output); }));
}

TEST_F(WatchedLog, ReopeningThatFailsIsAnErrorAndIsTriedUntilItWorks) {
  const auto log = open();
  const auto aside = directory_ + ".aside";
  ASSERT_EQ(::rename(directory_.c_str(), aside.c_str()), 0);
  log->reopen();
  ASSERT_TRUE(eventually([&] { return events_.says("access log not opened, trying again"); }));
  EXPECT_TRUE(events_.says("cannot open " + config_.output + ": No such file or directory")) << events_.text();
  EXPECT_TRUE(events_.says("lines go to the old file"));
  EXPECT_FALSE(events_.says("access log reopened"));
  write_one(*log);
  EXPECT_TRUE(eventually([&] { return lines(aside + "/access.log") == 1; }));

  ASSERT_EQ(::rename(aside.c_str(), directory_.c_str()), 0);
  EXPECT_TRUE(eventually([&] { return events_.says("access log reopened"); }));
  EXPECT_EQ(events_.count("not opened"), 1) << "once for each reason, not once for each try";
  write_one(*log);
  EXPECT_TRUE(eventually([&] { return lines(config_.output) == 2; }));
}

TEST_F(WatchedLog, AFileThatWasRenamedOrRemovedIsNoticed) {
  const auto log = open();
  ASSERT_EQ(::rename(config_.output.c_str(), (config_.output + ".1").c_str()), 0);
  ASSERT_TRUE(eventually([&] { return events_.count("the old file was renamed or removed") == 1; }));
  write_one(*log);
  EXPECT_TRUE(eventually([&] { return lines(config_.output) == 1; }));
  EXPECT_EQ(lines(config_.output + ".1"), 0);

  ::unlink(config_.output.c_str());
  ASSERT_TRUE(eventually([&] { return events_.count("the old file was renamed or removed") == 2; }));
  write_one(*log);
  EXPECT_TRUE(eventually([&] { return lines(config_.output) == 1; }));
}

TEST_F(WatchedLog, AReloadChangesFormatSampleAndOutput) {
  const auto log = open();
  AccessLogBuffer buffer(*log);
  buffer.append(typical());
  buffer.flush();
  ASSERT_TRUE(eventually([&] { return lines(config_.output) == 1; }));

  auto next = config_;
  next.output += ".1";
  next.format = Format::Combined;
  next.sample = 0;
  next.slow = Millis{0};
  log->apply(next);
  ASSERT_TRUE(eventually([&] { return events_.says(R"("event":"access log opened","file":")" + next.output); }));
  buffer.flush();  // a quarter of a second has passed
  auto failed = typical();
  failed.outcome = "upstream_reset";
  for (int i = 0; i < 2; ++i) buffer.append(typical()), buffer.append(failed);
  buffer.flush();
  ASSERT_TRUE(eventually([&] { return lines(next.output) == 2; }));
  EXPECT_EQ(contents(next.output).substr(0, 9), "127.0.0.1");
  EXPECT_EQ(lines(config_.output), 1);
}

TEST_F(WatchedLog, AReloadToAnOutputThatCannotBeOpenedKeepsTheOldOne) {
  const auto log = open();
  auto next = config_;
  next.output = directory_ + "/no/such/access.log";
  log->apply(next);
  ASSERT_TRUE(eventually([&] { return events_.says("lines go to the old file"); }));
  write_one(*log);
  EXPECT_TRUE(eventually([&] { return lines(config_.output) == 1; }));
  log->apply(config_);  // the mistake is taken back
  EXPECT_TRUE(eventually([&] { return events_.says("access log reopened"); }));
}

TEST_F(WatchedLog, AReloadSwitchesItOffAndOn) {
  const auto log = open();
  auto next = config_;
  next.output = "off";
  write_one(*log);
  log->apply(next);
  EXPECT_TRUE(log->off());
  write_one(*log);
  EXPECT_FALSE(log->reopen());
  EXPECT_TRUE(eventually([&] { return lines(config_.output) == 1; })) << "what was said before is written";
  log->apply(config_);
  write_one(*log);
  EXPECT_TRUE(eventually([&] { return lines(config_.output) == 2; }));
  EXPECT_EQ(log->lost_lines(), 0u);
}

TEST_F(WatchedLog, ALogThatWasOffAtTheStartCanBeSwitchedOn) {
  const auto wanted = config_;
  config_.output = "off";
  const auto log = open();
  log->apply(wanted);
  write_one(*log);
  EXPECT_TRUE(eventually([&] { return lines(wanted.output) == 1; }));
}

TEST_F(AccessLogOnDisk, OffWritesNothingAndNeedsNoThread) {
  config_.output = "off";
  AccessLog log(config_, error_);
  EXPECT_TRUE(log.off());
  AccessLogBuffer buffer(log);
  buffer.append(typical());
  buffer.flush();
  log.reopen();
  EXPECT_EQ(log.lost_lines(), 0u);
}

TEST_F(AccessLogOnDisk, APathThatCannotBeOpenedIsAnErrorThatNamesIt) {
  config_.output = directory_ + "/no/such/directory/access.log";
  AccessLog log(config_, error_);
  EXPECT_EQ(error_, "cannot open " + config_.output + ": No such file or directory");
  AccessLogBuffer(log).append(typical());
}

TEST(AccessLogMisfortune, AFullDiskCostsItsLinesAndNothingElse) {
  config::AccessLog config;
  config.output = "/dev/full";
  std::string error;
  AccessLog log(config, error);
  ASSERT_EQ(error, "");
  AccessLogBuffer buffer(log);
  for (std::uint64_t round = 1; round <= 3; ++round) {
    for (int i = 0; i < 10; ++i) buffer.append(typical());
    buffer.flush();
    EXPECT_TRUE(eventually([&] { return log.lost_lines() == round * 10; })) << log.lost_lines();
  }
}

class Pipe {
 public:
  Pipe() { EXPECT_EQ(::pipe2(ends_, O_CLOEXEC), 0); }
  ~Pipe() { close_reader(), ::close(ends_[1]); }
  void close_reader() {
    if (ends_[0] >= 0) ::close(std::exchange(ends_[0], -1));
  }
  int reader() const { return ends_[0]; }
  int writer() const { return ends_[1]; }
  std::string path() const { return "/proc/self/fd/" + std::to_string(ends_[1]); }

 private:
  int ends_[2] = {-1, -1};
};

TEST(AccessLogMisfortune, APipeNobodyReadsNeverHoldsUpAWorkerOrTheEnd) {
  Pipe pipe;
  config::AccessLog config;
  config.output = pipe.path();
  std::string error;
  const auto started = Clock::now();
  std::uint64_t lost = 0;
  constexpr std::uint64_t lines = 60'000;  // some 20 MB, more than queue and pipe hold
  {
    AccessLog log(config, error);
    ASSERT_EQ(error, "");
    AccessLogBuffer buffer(log);
    for (std::uint64_t i = 0; i < lines; ++i) buffer.append(typical());
    buffer.flush();
    lost = log.lost_lines();
    EXPECT_GT(lost, lines / 4);
    EXPECT_LT(lost, lines);
  }
  EXPECT_LT(Clock::now() - started, 15s);
}

TEST(AccessLogMisfortune, APipeWithoutAReaderIsNotTheEndOfTheProgram) {
  Pipe pipe;
  config::AccessLog config;
  config.output = pipe.path();
  std::string error;
  AccessLog log(config, error);
  ASSERT_EQ(error, "");
  pipe.close_reader();
  AccessLogBuffer buffer(log);
  buffer.append(typical());
  buffer.flush();
  EXPECT_TRUE(eventually([&] { return log.lost_lines() == 1; }));
}

}  // namespace
}  // namespace frontdoor
