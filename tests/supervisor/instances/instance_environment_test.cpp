#include "supervisor/instances/instance_environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "supervisor/launcher/why_not_started.h"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "tests/support/temporary_directory.h"

namespace frontdoor {
namespace {

using ::testing::Contains;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

const InstanceVariables kOurs{.port = "24001", .instance = "app.2", .number = 2, .life = "abc"};

TEST(InstanceEnvironment, TheLaterOneWins) {
  config::Launch launch;
  launch.account = config::Account{.uid = 1000, .name = "app", .home = "/home/app", .shell = "/bin/sh"};
  launch.file_env = {{"A", "file"}, {"B", "file"}, {"USER", "file"}, {"PORT", "1"}};
  launch.env = {{"B", "env"}, {"LOGNAME", "env"}, {"PORT", "2"}, {"FRONTDOOR_LIFE", "other"}};
  EXPECT_THAT(instance_environment({"A=own", "B=own", "C=own", "HOME=/root", "USER=root", "PORT=8080", "nonsense", "MAIL=x"},
                                   launch, kOurs),
              UnorderedElementsAre("A=file", "B=env", "C=own", "HOME=/home/app", "USER=file", "LOGNAME=env",
                                   "SHELL=/bin/sh", "PORT=24001", "FRONTDOOR_INSTANCE=app.2", "FRONTDOOR_LIFE=abc",
                                   "NODE_APP_INSTANCE=1"));
}

// An app that found them would report to the service manager in frontdoor's name, or take its sockets.
TEST(InstanceEnvironment, WhatSpeaksOfFrontdoorItselfIsNotPassedOn) {
  const auto environment = instance_environment(
      {"NOTIFY_SOCKET=/run/systemd/notify", "WATCHDOG_USEC=1", "WATCHDOG_PID=1", "LISTEN_FDS=1", "LISTEN_PID=1",
       "LISTEN_FDNAMES=http", "FRONTDOOR_KILL_MODE=process", "PATH=/bin"},
      {}, kOurs);
  EXPECT_THAT(environment, UnorderedElementsAre("PATH=/bin", "PORT=24001", "FRONTDOOR_INSTANCE=app.2",
                                                "FRONTDOOR_LIFE=abc", "NODE_APP_INSTANCE=1"));
}

TEST(InstanceEnvironment, HasWhatWasAskedFor) {
  InstanceVariables ours = kOurs;
  ours.notify_socket = "/run/n";
  ours.socket_names = "app";
  config::Launch launch;
  launch.kill_mode = config::Launch::KillMode::Process;
  const auto environment = instance_environment({"NOTIFY_SOCKET=/run/systemd/notify"}, launch, ours);
  EXPECT_THAT(environment, Contains("NOTIFY_SOCKET=/run/n"));
  EXPECT_THAT(environment, Contains("LISTEN_FDNAMES=app"));
  EXPECT_THAT(environment, Contains("FRONTDOOR_KILL_MODE=process"));
}

// A worker has no port; the caller's would be the same for all of them.
TEST(InstanceEnvironment, WithoutAPortOnlyTheConfigSNamesOne) {
  InstanceVariables ours = kOurs;
  ours.port = "";
  EXPECT_THAT(instance_environment({"PORT=8080"}, {}, ours), Not(Contains(StartsWith("PORT="))));
  config::Launch launch;
  launch.env = {{"PORT", "9"}};
  EXPECT_THAT(instance_environment({"PORT=8080"}, launch, ours), Contains("PORT=9"));
}

// A check of an upstream is told where that is, and what an instance is told where it is one.
TEST(InstanceEnvironment, OfACheckSaysWhomItLooksAt) {
  const InstanceVariables ours{.port = "8080", .life = "abc", .host = "10.0.0.2", .address = "10.0.0.2:8080"};
  EXPECT_THAT(instance_environment({"FRONTDOOR_INSTANCE=outer.1", "NODE_APP_INSTANCE=4", "FRONTDOOR_HOST=x", "FRONTDOOR_ADDRESS=x"},
                                   {}, ours),
              UnorderedElementsAre("PORT=8080", "FRONTDOOR_LIFE=abc", "FRONTDOOR_HOST=10.0.0.2",
                                   "FRONTDOOR_ADDRESS=10.0.0.2:8080"));
}

class WhyNotStarted : public ::testing::Test {
 protected:
  std::string why(const std::string& command, LaunchFailure failure, const std::string& in = "") {
    LaunchRequest request;
    request.command = {command};
    request.directory = in;
    return why_not_started(request, failure);
  }

  const test::TemporaryDirectory temporary_;
  const std::string directory_ = temporary_.path();
};

TEST_F(WhyNotStarted, TellsAMissingCommandFromAMissingInterpreter) {
  const LaunchFailure missing{LaunchStage::Exec, ENOENT};
  const std::string script = directory_ + "/app.sh";
  EXPECT_EQ(why("nod", missing), "command not found: nod");
  EXPECT_EQ(why(script, missing), "command not found: " + script);
  std::ofstream(script) << "#! /usr/bin/nod --flag\n";
  EXPECT_EQ(why(script, missing), "bad interpreter: " + script + " wants /usr/bin/nod, which does not exist");
  EXPECT_EQ(why("./app.sh", missing, directory_), "bad interpreter: ./app.sh wants /usr/bin/nod, which does not exist");
  std::ofstream(script) << "#!/bin/sh\r\n";
  EXPECT_EQ(why(script, missing), "bad interpreter: the first line of " + script +
                                      " ends with a carriage return, as Windows writes it, behind /bin/sh");
  std::ofstream(script) << "\x7f" "ELF";
  EXPECT_EQ(why(script, missing), script + " is there, but not the loader that it was linked for");
}

TEST_F(WhyNotStarted, SaysWhatMayNotBeExecuted) {
  const LaunchFailure denied{LaunchStage::Exec, EACCES};
  EXPECT_EQ(why(directory_, denied), directory_ + " is a directory");
  EXPECT_EQ(why("/etc/hostname", denied), "not executable: /etc/hostname");
  LaunchRequest request;
  request.command = {"/etc/hostname"};
  request.identity = ProcessIdentity{1000, 1000, {}};
  EXPECT_EQ(why_not_started(request, denied), "not executable: /etc/hostname (as user 1000)");
  request.directory = "/root/app";
  EXPECT_EQ(why_not_started(request, {LaunchStage::Directory, EACCES}),
            "directory /root/app: Permission denied (as user 1000)");
}

TEST_F(WhyNotStarted, HasAWordForEachStage) {
  EXPECT_EQ(why("app", {LaunchStage::Exec, E2BIG}), "app: Argument list too long");
  EXPECT_EQ(why("app", {LaunchStage::Exec, ETIMEDOUT}), "app could not be executed in time: its file does not answer");
  EXPECT_EQ(why("app", {LaunchStage::Exec, ETIMEDOUT}, "/net/app"),
            "app could not be executed in time: its file or its directory /net/app does not answer");
  EXPECT_EQ(why("app", {LaunchStage::Directory, ENOENT}, "/none"), "directory /none: No such file or directory");
  EXPECT_EQ(why("app", {LaunchStage::Identity, EPERM}), "cannot become the user: Operation not permitted");
  EXPECT_EQ(why("app", {LaunchStage::Limits, EPERM}),
            "cannot set a resource limit: Operation not permitted (only root may have more than the hard limit)");
  EXPECT_EQ(why("app", {LaunchStage::Fork, EAGAIN}), "no process can be started: Resource temporarily unavailable");
  EXPECT_EQ(why("app", {LaunchStage::Protocol, EPROTO}), "the launcher did not understand the request");
}

}  // namespace
}  // namespace frontdoor
