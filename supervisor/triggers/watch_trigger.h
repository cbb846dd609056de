// `watch`: rolls the pool when its files have changed. Control thread; the files are watched on another one.

#pragma once

#include <memory>
#include <string>
#include <vector>

#include "supervisor/triggers/file_watch.h"
#include "supervisor/triggers/trigger.h"
#include "supervisor/triggers/watch_rolls.h"

namespace frontdoor {

class WatchTrigger final : public Trigger {
 public:
  WatchTrigger(TriggerContext& context, std::string pool, WatchPatterns patterns, FileTreeOptions options)
      : Trigger(context, "watch", std::move(pool)), patterns_(std::move(patterns)), options_(std::move(options)) {}

  void stop() override;

 private:
  class Listener;

  boost::asio::awaitable<void> run(std::shared_ptr<Trigger> self) override;
  void changed(const std::vector<std::string>& files);
  bool begin_watching(bool told);  // false: there is no thread for it
  void tell_loop(const WatchRolls::Roll& roll);

  const WatchPatterns patterns_;
  const FileTreeOptions options_;
  std::unique_ptr<FileWatch> watch_;
  WatchRolls rolls_;
};

}  // namespace frontdoor
