// The event log's two formats, and what happens when its destination takes no more.

#include "base/log.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace frontdoor {
namespace {

using ::testing::MatchesRegex;

class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe2(fds_, O_CLOEXEC), 0); }
  ~Pipe() {
    close_reader();
    close(fds_[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  int writer() const { return fds_[1]; }
  void close_reader() {
    if (fds_[0] >= 0) close(fds_[0]);
    fds_[0] = -1;
  }
  // What one read returns: one write, as long as nothing else was written.
  std::string read_some() {
    std::string text(1 << 20, '\0');
    fcntl(fds_[0], F_SETFL, O_NONBLOCK);
    const auto got = read(fds_[0], text.data(), text.size());
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }

 private:
  int fds_[2] = {-1, -1};
};

TEST(Log, LevelAndFormatCanChangeWhileItRuns) {
  Pipe pipe;
  Log log(pipe.writer(), LogLevel::Warn, LogFormat::Text);
  log.info("not yet");
  EXPECT_EQ(pipe.read_some(), "");
  log.set_level(LogLevel::Info);
  log.info("told");
  EXPECT_THAT(pipe.read_some(), MatchesRegex("[0-9:.]+ info  told\n"));
  log.set_format(LogFormat::Json);
  log.info("told");
  EXPECT_THAT(pipe.read_some(), MatchesRegex("\\{\"time\".*\"event\":\"told\"\\}\n"));
}

TEST(Log, TextIsForPeople) {
  Pipe pipe;
  Log log(pipe.writer(), LogLevel::Info, LogFormat::Text);
  log.info("upstream down",
           {{"pool", "app"}, {"upstream", "127.0.0.1:3001"}, {"reason", "connection refused"}});
  const auto line = pipe.read_some();
  EXPECT_THAT(line.substr(0, 12), MatchesRegex("[0-9]+:[0-9]+:[0-9]+\\.[0-9]+"));
  EXPECT_EQ(line.substr(12),
            " info  upstream down  pool=app upstream=127.0.0.1:3001 reason=\"connection refused\"\n");
  log.error("gone");
  EXPECT_EQ(pipe.read_some().substr(12), " error gone\n");
}

TEST(Log, TextQuotesWhatCouldBeMisread) {
  Pipe pipe;
  Log log(pipe.writer(), LogLevel::Info, LogFormat::Text);
  log.info("e",
           {{"a", ""}, {"b", "x=y"}, {"c", "two words"}, {"d", "\x1B[2J"}, {"e", "say \"hi\""}, {"n", 7}});
  EXPECT_EQ(pipe.read_some().substr(12),
            " info  e  a=\"\" b=\"x=y\" c=\"two words\" d=\"\\u001b[2J\" e=\"say \\\"hi\\\"\" n=7\n");
}

TEST(Log, TextShowsSeveralLinesAsLines) {
  Pipe pipe;
  Log log(pipe.writer(), LogLevel::Info, LogFormat::Text);
  log.warn("instance ended", {{"last_words", "Error: no\n    at read (a.js:1)\n\x1B[2Jgone\n"}, {"lives", 3}});
  EXPECT_EQ(pipe.read_some().substr(12),
            " warn  instance ended  lives=3\n"
            "    last_words:\n"
            "    | Error: no\n"
            "    |     at read (a.js:1)\n"
            "    | ^[[2Jgone\n");
}

TEST(Log, JsonIsForPrograms) {
  Pipe pipe;
  Log log(pipe.writer(), LogLevel::Info, LogFormat::Json);
  log.warn("slow", {{"pool", "a\"b"}, {"attempts", 3}, {"bytes", std::uint64_t{1} << 63}});
  const auto line = pipe.read_some();
  EXPECT_THAT(line, ::testing::StartsWith("{\"time\":\"20"));
  EXPECT_THAT(line.substr(0, 38), ::testing::EndsWith("Z\","));
  EXPECT_EQ(line.substr(38),
            R"("level":"warn","event":"slow","pool":"a\"b","attempts":3,"bytes":9223372036854775808})"
            "\n");
}

TEST(Log, AutoMeansJsonWhenNobodyLooks) {
  Pipe pipe;
  Log(pipe.writer(), LogLevel::Info, LogFormat::Auto).info("e");
  EXPECT_THAT(pipe.read_some(), ::testing::StartsWith("{"));
}

TEST(Log, LevelsCanChangeWhileRunning) {
  Pipe pipe;
  Log log(pipe.writer(), LogLevel::Warn, LogFormat::Text);
  log.info("hidden");
  EXPECT_EQ(pipe.read_some(), "");
  log.set_level(LogLevel::Debug);
  log.debug("shown");
  EXPECT_THAT(pipe.read_some(), ::testing::HasSubstr("debug shown"));
  EXPECT_EQ(log.lost_lines(), 0u);
}

TEST(Log, AFullPipeLosesLinesInsteadOfWaiting) {
  Pipe pipe;  // a blocking descriptor, as stderr is: a plain write would hang here
  Log log(pipe.writer(), LogLevel::Info, LogFormat::Json);
  for (int i = 0; i < 2000; ++i) log.info("filling the pipe with lines that nobody reads", {{"i", i}});
  EXPECT_GT(log.lost_lines(), 0u);
  const auto lost = log.lost_lines();
  EXPECT_THAT(pipe.read_some(), ::testing::EndsWith("}\n"));  // whole lines only
  log.info("room again");
  EXPECT_THAT(pipe.read_some(), ::testing::HasSubstr("room again"));
  EXPECT_EQ(log.lost_lines(), lost);
}

TEST(Log, ABrokenDestinationCountsAsLost) {
  signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  pipe.close_reader();
  Log log(pipe.writer(), LogLevel::Info, LogFormat::Json);
  log.info("nobody");
  Log closed(-1, LogLevel::Info, LogFormat::Json);
  closed.info("nowhere");
  EXPECT_EQ(log.lost_lines(), 1u);
  EXPECT_EQ(closed.lost_lines(), 1u);
}

TEST(Log, AFullDiskCountsAsLost) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  Log log(full, LogLevel::Info, LogFormat::Json);
  log.info("e");
  EXPECT_EQ(log.lost_lines(), 1u);
  close(full);
}

TEST(Log, LongValuesAreCutRatherThanTheLineTorn) {
  Pipe pipe;
  Log log(pipe.writer(), LogLevel::Info, LogFormat::Json);
  log.info("e", {{"long", std::string(100'000, 'x')}, {"next", "kept"}});
  const auto line = pipe.read_some();
  EXPECT_LE(line.size(), 4096u);
  EXPECT_THAT(line, ::testing::EndsWith("\",\"next\":\"kept\"}\n"));
  EXPECT_EQ(log.lost_lines(), 0u);
}

}  // namespace
}  // namespace frontdoor
