// Tells when the files of the config have changed (--watch): for Kubernetes' ConfigMaps, where nobody sends a signal, and while
// a config is being written. A thread of its own looks twice a second, because a file system may keep it waiting. Made, told and
// ended on the control thread.

#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace frontdoor {

class ConfigWatch {
 public:
  ConfigWatch() = default;
  ~ConfigWatch() { stop(); }
  ConfigWatch(const ConfigWatch&) = delete;
  ConfigWatch& operator=(const ConfigWatch&) = delete;

  // `changed` is called on the watch's thread, once for each change that has come to rest. Other files are a change, too: one
  // reload too many does no harm, a change that was missed between reading and looking would.
  void start(std::vector<std::string> files, std::function<void()> changed);
  void set_files(std::vector<std::string> files);  // those that the last load has read; nothing when it does not run
  // Of a load that was refused: what it has read may be where the mistake is, and what is in use is read again as well.
  void add_files(const std::vector<std::string>& files);
  void stop();

 private:
  void run();

  std::function<void()> changed_;
  std::mutex mutex_;  // of all that follows
  std::condition_variable woken_;
  std::vector<std::string> files_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace frontdoor
