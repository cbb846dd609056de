// Prints the size of each coroutine frame that the data path asks for, in bytes, with the address of the frame's destroy
// function; bench/frames puts names to those. It replaces loop/task.cpp: what is measured is what the compiler asks
// for while a whole worker serves requests, good ones and bad ones.

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <new>

#include "loop/task.h"
#include "support/test_proxy.h"

namespace frontdoor {

namespace {

std::map<std::uintptr_t, std::size_t>& sizes() {
  static std::map<std::uintptr_t, std::size_t> by_destroy_function;
  return by_destroy_function;
}

std::size_t live = 0;

// Every C++ compiler begins a frame with the addresses of its resume and its destroy function.
std::uintptr_t destroy_function(const void* frame) {
  std::uintptr_t address = 0;
  std::memcpy(&address, static_cast<const char*>(frame) + sizeof address, sizeof address);
  return address;
}

}  // namespace

void* allocate_frame(std::size_t size) {
  ++live;
  return ::operator new(size);
}

void free_frame(void* frame, std::size_t size) noexcept {
  --live;
  sizes()[destroy_function(frame)] = size;
  ::operator delete(frame);
}

std::size_t live_frames() { return live; }
void drop_free_frames() {}

}  // namespace frontdoor

namespace {

using frontdoor::testing::Peer;
using frontdoor::testing::ScriptedUpstream;
using frontdoor::testing::TestProxy;

// Every way through the data path's coroutines.
void serve_requests() {
  ScriptedUpstream upstream;
  upstream.always_reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  TestProxy proxy({&upstream});
  proxy.converse("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  proxy.converse("GET / HTTP/1.1\r\n\r\n");  // refused by the gate, and lingers
  proxy.converse("GET /../up HTTP/1.1\r\nHost: a\r\n\r\n");  // refused by the exchange
  upstream.stop_listening();
  proxy.converse("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  proxy.time().advance(frontdoor::Millis{5'000});  // idle upstream connections end
  proxy.converse("GET / HTTP/1.1\r\nHost: a\r\n\r\n");  // held
}

}  // namespace

int main() {
  serve_requests();
  if (frontdoor::live_frames() != 0 || frontdoor::sizes().empty()) return 1;
  // Addresses as they stand in the file, wherever this process was loaded.
  extern const char __executable_start;
  const auto base = reinterpret_cast<std::uintptr_t>(&__executable_start);
  for (const auto& [address, size] : frontdoor::sizes()) std::printf("%zx %zu\n", address - base, size);
}
