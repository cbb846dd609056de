#include "service/files/config_watch.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/signals_blocked.h"
#include "base/time.h"
#include "service/files/file_watch.h"

namespace frontdoor {

namespace {

// A look that takes long is the more seldom.
constexpr Duration kConfigLook = std::chrono::milliseconds(500);
constexpr int kConfigShare = 50;

std::string state_of_all(const std::vector<std::string>& files) {
  std::string state;
  for (const std::string& file : files) append_file_state(file, state);
  return state;
}

}  // namespace

void ConfigWatch::start(std::vector<std::string> files, std::function<void()> changed) {
  files_ = std::move(files);
  changed_ = std::move(changed);
  const SignalsBlocked blocked;
  thread_ = std::thread([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), "config watch");
}

void ConfigWatch::set_files(std::vector<std::string> files) {
  const std::lock_guard lock(mutex_);
  files_ = std::move(files);
}

void ConfigWatch::add_files(const std::vector<std::string>& files) {
  const std::lock_guard lock(mutex_);
  for (const std::string& file : files)
    if (std::find(files_.begin(), files_.end(), file) == files_.end()) files_.push_back(file);
}

void ConfigWatch::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  woken_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ConfigWatch::run() {
  std::unique_lock lock(mutex_);
  Settled settled(state_of_all(files_));
  Duration pause = kConfigLook;
  while (!woken_.wait_for(lock, pause, [this] { return stop_; })) {
    const std::vector<std::string> files = files_;
    lock.unlock();
    const TimePoint began = Clock::now();
    const std::string state = state_of_all(files);
    pause = std::max(kConfigLook, (Clock::now() - began) * kConfigShare);
    if (settled.changed(state)) changed_();
    lock.lock();
  }
}

}  // namespace frontdoor
