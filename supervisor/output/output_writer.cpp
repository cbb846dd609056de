#include "supervisor/output/output_writer.h"

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "base/signals_blocked.h"

namespace frontdoor {

namespace {

constexpr std::size_t kWriteBlock = 64 * 1024;  // smaller ones for the same file are joined
constexpr auto kDrain = std::chrono::seconds{2};
constexpr auto kStuck = std::chrono::seconds{1};  // beyond that

}  // namespace

// Shared with the thread, which may outlive the writer when its destination never returns.
struct OutputWriter::State {
  struct Block {
    std::string name;
    std::string lines;
    std::uint64_t count = 0;
  };
  const std::unique_ptr<OutputDestination> destination;
  const Millis look_every;

  std::mutex mutex;
  std::condition_variable wake;
  std::condition_variable done;
  std::deque<Block> queue;
  std::atomic<std::size_t> bytes{0};  // queued or being written
  std::atomic<std::uint64_t> lost{0};
  std::string loss;
  std::vector<OutputNews> news;
  bool asked = false;
  bool closing = false;
  bool ended = false;

  State(std::unique_ptr<OutputDestination> where, Millis every)
      : destination(std::move(where)), look_every(every) {}
};

OutputWriter::OutputWriter(std::string what, std::unique_ptr<OutputDestination> destination, Millis look_every)
    : what_(std::move(what)), state_(std::make_shared<State>(std::move(destination), look_every)) {
  const SignalsBlocked blocked;  // SIGPIPE too: a pipe without a reader must be an EPIPE here
  thread_ = std::thread([state = state_] { run(state); });
  ::pthread_setname_np(thread_.native_handle(), "app-output");
}

void OutputWriter::hand_over(const std::string& name, std::string_view lines, std::uint64_t count) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->bytes + lines.size() > kMostBytes) {
      state_->lost += count;
      state_->loss = "it takes less than the instances write";
      return;
    }
    auto& queue = state_->queue;
    if (queue.empty() || queue.back().name != name || queue.back().lines.size() + lines.size() > kWriteBlock) {
      queue.push_back({name, {}, 0});
    }
    queue.back().lines += lines;
    queue.back().count += count;
    state_->bytes += lines.size();
  }
  state_->wake.notify_one();
}

bool OutputWriter::behind() const { return state_->bytes > kMostBytes / 2; }

void OutputWriter::look_now() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->asked = true;
  }
  state_->wake.notify_one();
}

void OutputWriter::begin_close() {
  state_->destination->finish_by(Clock::now() + kDrain);
  {
    const std::lock_guard lock(state_->mutex);
    state_->closing = true;
  }
  state_->wake.notify_one();
}

bool OutputWriter::ended() const {
  const std::lock_guard lock(state_->mutex);
  return state_->ended;
}

void OutputWriter::close() {
  if (!thread_.joinable()) return;
  begin_close();
  std::unique_lock lock(state_->mutex);
  const bool ended = state_->done.wait_for(lock, kDrain + kStuck, [&] { return state_->ended; });
  if (!ended) {  // within a write that does not return, on a dead network file system
    for (const State::Block& block : state_->queue) state_->lost += block.count;
    state_->queue.clear();
    state_->loss = "it does not return from a write";
  }
  lock.unlock();
  if (ended)
    thread_.join();
  else
    thread_.detach();
}

std::uint64_t OutputWriter::lost() const { return state_->lost; }

std::string OutputWriter::last_loss() const {
  const std::lock_guard lock(state_->mutex);
  return state_->loss;
}

std::vector<OutputNews> OutputWriter::take_news() {
  const std::lock_guard lock(state_->mutex);
  return std::exchange(state_->news, {});
}

void OutputWriter::run(const std::shared_ptr<State>& state) {
  OutputDestination& destination = *state->destination;
  TimePoint next_look = Clock::now();
  std::unique_lock lock(state->mutex);
  for (;;) {
    state->wake.wait_until(lock, next_look,
                           [&] { return state->closing || state->asked || !state->queue.empty(); });
    if (state->queue.empty() && state->closing) break;
    State::Block block;
    if (!state->queue.empty()) {
      block = std::move(state->queue.front());
      state->queue.pop_front();
    }
    const bool asked = std::exchange(state->asked, false);
    lock.unlock();

    if (asked || Clock::now() >= next_look) {
      destination.look(asked);
      next_look = Clock::now() + state->look_every;
    }
    const std::uint64_t lost = block.lines.empty() ? 0 : destination.write(block.name, block.lines);
    auto news = destination.take_news();

    lock.lock();
    if (lost != 0) {
      state->loss = destination.last_error();
      state->lost += lost;
    }
    for (OutputNews& one : news) state->news.push_back(std::move(one));
    state->bytes -= block.lines.size();
  }
  state->ended = true;
  state->done.notify_all();
}

}  // namespace frontdoor
