#include "support/test_proxy.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "config/load.h"
#include "proxy/server/listen_socket.h"
#include "support/temporary_file.h"
#include "tls/client_context.h"
#include "tls/load.h"
#include "tls/self_signed.h"

namespace frontdoor::testing {

namespace {

constexpr std::chrono::seconds kPatience{5};

// One for all tests: to make it takes as long as a handshake.
std::shared_ptr<const tls::ServerContext> self_signed_context() {
  static const auto context = [] {
    using namespace std::chrono;
    const auto now = duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
    auto made = tls::make_self_signed({"127.0.0.1", "e", "*.wild.example"}, now, 90);
    tls::ServerFiles files;
    files.rules.protocols = {"h2", "http/1.1"};
    files.made.push_back({"self-signed", std::move(made.cert), std::move(made.key), ""});
    return tls::load_server(files, std::make_shared<tls::TicketKeys>(hours(12)), now).context;
  }();
  return context;
}

}  // namespace

TestProxy::TestProxy(const std::vector<ScriptedUpstream*>& upstreams, std::string_view extra,
                     std::string_view pool, AccessLog* log)
    : upstreams_(upstreams) {
  std::string tls_error;
  trusting_ = tls::ClientContext::load({.verify = false}, tls_error);
  // After a reset it waits, and here nobody moves the clock for it: a test that wants it says so.
  const bool contained = pool.find("containment") != std::string_view::npos;
  const std::string pool_keys = (contained ? "" : "retry.containment = false\n") + std::string(pool);
  std::string toml = "listen = \"127.0.0.1:0\"\n" + std::string(extra) + "\n[pool.app]\n" + pool_keys +
                     "\nupstreams = [";
  for (const auto* upstream : upstreams) toml += "\"" + upstream->address() + "\", ";
  toml += "]\n";
  snapshot_ = snapshot_of(toml);

  if (!log) {
    config::AccessLog own;
    own.output = log_path_ = temporary_file();
    std::string error;
    access_log_ = std::make_unique<AccessLog>(own, error);
    log = access_log_.get();
  }
  const http::LoopMark mark(reinterpret_cast<std::uintptr_t>(this));
  const WorkerEnvironment environment{time_, ops_, *this, log, nullptr, &malformed_, mark};
  worker_ = std::make_unique<Worker>(environment, 0, snapshot_);
  const config::Listener& listener = snapshot_->config.listeners.back();
  const auto sockets = open_listen_sockets(listener.address, 1);
  endpoint_ = sockets.bound;
  auto settings = Listener::Settings::of(listener, listener.max_connections ? listener.max_connections : 1'000);
  encrypted_ = listener.tls.has_value();
  if (encrypted_) settings.tls = std::make_shared<tls::Server>(self_signed_context());
  worker_->order({.id = kListener,
                  .fd = sockets.fds.front(),
                  .settings = std::make_shared<const Listener::Settings>(std::move(settings))});
  worker_->run_once(Millis{0});
}

TestProxy::~TestProxy() {
  worker_.reset();
  access_log_.reset();
  if (!log_path_.empty()) ::unlink(log_path_.c_str());
}

std::shared_ptr<const Snapshot> TestProxy::snapshot_of(const std::string& toml) {
  const auto loaded = config::load(toml, "test.toml");
  for (const auto& diagnostic : loaded.diagnostics)
    if (!loaded.ok()) ADD_FAILURE() << diagnostic.to_string() << "\n" << toml;
  auto snapshot = registry_.build(loaded.config);
  for (const auto& pool : snapshot->pools)
    for (const auto& member : pool.members) {
      auto& upstream = *member.upstream;
      if (upstream.seen().state == UpstreamState::Unknown) {
        const auto endpoint = Endpoint::numeric(upstream.address().host, upstream.address().port);
        upstream.set_endpoints(endpoint ? std::vector{*endpoint} : std::vector<Endpoint>{});
        upstream.change(upstream.seen(), UpstreamState::Up, "test", time_.now());
      }
    }
  return snapshot;
}

void TestProxy::publish(std::string_view toml) {
  snapshot_ = snapshot_of(std::string(toml));
  worker_->publish(snapshot_);
}

bool TestProxy::until(const std::vector<Peer*>& peers, const std::function<bool()>& done) {
  const auto latest = Clock::now() + kPatience;
  while (!done()) {
    if (Clock::now() > latest) return false;
    for (Peer* peer : peers) peer->poll();
    for (ScriptedUpstream* upstream : upstreams_) upstream->poll();
    if (done()) return true;
    worker_->run_once(Millis{1});
  }
  return true;
}

void TestProxy::settle(const std::vector<Peer*>& peers) {
  settle_with([&] {
    for (Peer* peer : peers) peer->poll();
    for (ScriptedUpstream* upstream : upstreams_) upstream->poll();
  });
}

// The worker's turns are cheap beside asking every socket of the others, and byte by byte it takes hundreds.
void TestProxy::settle_with(const std::function<void()>& act) {
  constexpr int kTurns = 20'000;
  int turn = 0;
  const auto moves = [&](auto&& happen) {
    const std::uint64_t before = ops_.operations();
    happen();
    return ops_.operations() != before;
  };
  const auto worker_turns = [&] {
    for (int quiet = 0; quiet < 2 && turn < kTurns; ++turn)
      quiet = moves([&] { worker_->run_once(Millis{0}); }) ? 0 : quiet + 1;
  };
  do act();
  while (moves(worker_turns) && turn < kTurns);
  EXPECT_LT(turn, kTurns) << "it never stands still";
}

std::string TestProxy::converse(std::string_view request) {
  const auto peer = client();
  peer->send(request);
  until({peer.get()}, [&] { return peer->ended() || complete_response(peer->received()); });
  return peer->received();
}

std::string TestProxy::log(std::ptrdiff_t lines) {
  time_.advance(Millis{300});
  worker_->run_once(Millis{0});  // housekeeping hands the lines to the writer
  const auto latest = Clock::now() + kPatience;
  std::string text;
  while (std::count(text.begin(), text.end(), '\n') < lines && Clock::now() < latest) {
    std::ostringstream all;
    all << std::ifstream(log_path_).rdbuf();
    text = all.str();
  }
  return text;
}

namespace {

// -1: not complete. Otherwise where the first response ends; the body, decoded, is put into `body`.
std::ptrdiff_t parse_response(std::string_view text, std::string& body) {
  const auto head_end = text.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return -1;
  std::string head(text.substr(0, head_end + 2));
  for (auto& c : head) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  const std::size_t start = head_end + 4;
  if (head.compare(9, 1, "1") == 0) {  // informational: the final one follows
    const auto rest = parse_response(text.substr(start), body);
    return rest < 0 ? -1 : static_cast<std::ptrdiff_t>(start) + rest;
  }
  if (const auto at = head.find("\r\ncontent-length: "); at != std::string::npos) {
    const std::size_t length = std::strtoull(head.c_str() + at + 18, nullptr, 10);
    if (text.size() < start + length) return -1;
    body = text.substr(start, length);
    return static_cast<std::ptrdiff_t>(start + length);
  }
  if (head.find("\r\ntransfer-encoding: chunked") != std::string::npos) {
    std::size_t at = start;
    for (;;) {
      const auto line_end = text.find("\r\n", at);
      if (line_end == std::string_view::npos) return -1;
      const std::size_t size =
          std::strtoull(std::string(text.substr(at, line_end - at)).c_str(), nullptr, 16);
      at = line_end + 2;
      if (size == 0) {
        if (text.substr(at, 2) == "\r\n") return static_cast<std::ptrdiff_t>(at + 2);
        const auto end = text.find("\r\n\r\n", at);
        return end == std::string_view::npos ? -1 : static_cast<std::ptrdiff_t>(end + 4);
      }
      if (text.size() < at + size + 2) return -1;
      body += text.substr(at, size);
      at += size + 2;
    }
  }
  if (head.compare(9, 3, "204") == 0 || head.compare(9, 3, "304") == 0)
    return static_cast<std::ptrdiff_t>(start);
  body = text.substr(start);
  return -1;  // delimited by the end of the connection
}

}  // namespace

bool complete_response(std::string_view text) {
  std::string body;
  return parse_response(text, body) >= 0;
}

std::size_t response_size(std::string_view text) {
  std::string body;
  return static_cast<std::size_t>(std::max<std::ptrdiff_t>(parse_response(text, body), 0));
}

std::string body_of(std::string_view text) {
  std::string body;
  parse_response(text, body);
  return body;
}

}  // namespace frontdoor::testing
