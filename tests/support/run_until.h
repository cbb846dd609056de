// Waiting for a condition instead of sleeping for a time.

#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>

namespace frontdoor::test {

// Runs the loop until `reached`, or for a time that only a broken program needs.
template <class Condition>
bool run_until(boost::asio::io_context& io, Condition&& reached) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!reached()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    if (io.stopped()) io.restart();
    io.run_one_for(std::chrono::milliseconds(20));
  }
  return true;
}

}  // namespace frontdoor::test
