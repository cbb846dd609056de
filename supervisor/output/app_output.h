// The output of all instances: what is read of it, how fast, and where it goes. Tells the operator what is lost and
// what becomes of the files. Owned by whoever wires the supervisor; outlives it. Control thread.
//
//   OutputReader (one for each instance) ─► InstanceLogs          the last lines, in memory
//                                        └► PoolOutput ─► OutputWriter (a thread)   standard output
//                                                      └► OutputWriter (a thread)   the pool's files

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "base/log.h"
#include "config/config.h"
#include "supervisor/output/output_pace.h"
#include "supervisor/output/pool_output.h"

namespace frontdoor {

class AppOutput {
 public:
  // Does not own `fd`, which is standard output but in tests.
  AppOutput(boost::asio::io_context& control, Log& log, int fd, StandardOutput kind);
  ~AppOutput() { close(); }

  void apply(const config::Config& config);
  bool reopen();  // after a log rotation; false: no pool has files
  // Writes what is left, for two seconds at most, and tells the last losses. No line comes after that.
  void close();

  const std::shared_ptr<PoolOutput>& of(const std::string& pool);
  void add_name(const std::string& instance) { names_.add(instance); }
  OutputPace& pace() { return pace_; }  // of all instances together

 private:
  boost::asio::awaitable<void> watch();
  std::string try_to_apply(const std::string& pool, const config::Logs& logs);  // "" or why it could not be
  void let_go();

  boost::asio::io_context& control_;
  Log& log_;
  const StandardOutput kind_;
  NameColumn names_;
  OutputPace pace_;
  ToldWriter standard_output_;
  std::map<std::string, std::shared_ptr<PoolOutput>> pools_;
  std::set<std::string> named_;  // pools of the config
  std::map<std::string, config::Logs> owed_;  // what could not be applied; each second again
};

}  // namespace frontdoor
