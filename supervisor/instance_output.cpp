// What an instance writes: read line by line until the last process that holds its pipes has ended.

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

#include "supervisor/instance.h"
#include "supervisor/line_splitter.h"

namespace frontdoor {

namespace asio = boost::asio;

namespace {

constexpr auto quietly = asio::as_tuple(asio::use_awaitable);

std::int64_t unix_millis() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<Millis>(since).count();
}

}  // namespace

asio::awaitable<void> Instance::follow([[maybe_unused]] std::shared_ptr<Instance> self, OwnedFd pipe,
                                       OutputStream stream, std::shared_ptr<int> open_pipes) {
  asio::posix::stream_descriptor reading(context_.control, pipe.release());
  LineSplitter splitter;
  std::array<char, 8192> block;
  const auto take = [this, stream, pid = pid_](std::string_view line, bool goes_on) {
    add_line(stream, pid, line, goes_on);
  };
  for (;;) {
    co_await context_.output.room();  // an app that writes faster than anybody reads waits for its reader
    auto [error, size] = co_await reading.async_read_some(asio::buffer(block), quietly);
    if (error) break;
    splitter.feed({block.data(), size}, take);
  }
  splitter.finish(take);
  --*open_pipes;
}

void Instance::add_line(OutputStream stream, pid_t pid, std::string_view line, bool goes_on) {
  context_.logs.add(*lines_, {.unix_millis = unix_millis(), .pid = pid, .stream = stream, .goes_on = goes_on}, line);
  context_.output.write(address_.instance, line);
}

}  // namespace frontdoor
