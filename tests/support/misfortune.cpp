#include "support/misfortune.h"

#include <algorithm>

#include "loop/task.h"

namespace frontdoor::testing {

namespace {

using namespace std::chrono_literals;

// Short enough that a run is over after a few turns of the clock.
constexpr std::string_view kTimeouts =
    "[timeouts]\nclient_header = \"5s\"\nclient_idle = \"5s\"\nclient_body = \"3s\"\nclient_write = "
    "\"3s\"\nclient_fin = \"2s\"\n"
    "connect = \"1s\"\nresponse_header = \"3s\"\nresponse_body = \"3s\"\n";

}  // namespace

AccessLog& unread_log() {
  static const auto log = [] {
    config::AccessLog settings;
    settings.output = "/dev/null";
    std::string error;
    return std::make_unique<AccessLog>(settings, error);
  }();
  return *log;
}

Scene::Scene(const Setting& setting) : frames_before_(live_frames()) {
  std::vector<ScriptedUpstream*> sockets;
  for (std::size_t i = 0; i < setting.upstreams; ++i) {
    upstreams_.push_back(std::make_unique<PlannedUpstream>());
    if (setting.over == Over::Tls) upstreams_.back()->socket().encrypt();
    sockets.push_back(&upstreams_.back()->socket());
  }
  const std::string head = setting.over == Over::Tls ? "tls = \"self-signed\"\n" : "";
  proxy_ = std::make_unique<TestProxy>(sockets, head + std::string(kTimeouts), setting.pool, &unread_log());
  first_snapshot_ = proxy_->snapshot();
}

Scene::Client& Scene::ask(std::string_view request) {
  clients_.push_back({proxy_->client(), std::string(request)});
  clients_.back().peer->send(request);
  return clients_.back();
}

void Scene::warm_up() {
  // Both at a time, so that neither can have the other's connection.
  for (int i = 0; i < 2; ++i) ask("GET /warm HTTP/1.1\r\nHost: e\r\n\r\n");
  settle();
  for (const Client& client : clients_) EXPECT_TRUE(complete_response(client.peer->received()));
  clients_.clear();
  settle();
}

void Scene::let_connects_hang() {
  deaf_ = std::make_unique<DeafSocket>();
  for (std::size_t i = 0; i < upstreams_.size(); ++i) proxy_->upstream(i).set_endpoints({deaf_->endpoint()});
}

void Scene::take_down(std::size_t i, DownCause cause) {
  Upstream& upstream = proxy_->upstream(i);
  upstream.change(upstream.seen(), UpstreamState::Down, "test", proxy_->time().now(), cause);
}

void Scene::bring_up(std::size_t i) {
  Upstream& upstream = proxy_->upstream(i);
  upstream.change(upstream.seen(), UpstreamState::Up, "test", proxy_->time().now());
}

void Scene::bring_all_up() {
  for (std::size_t i = 0; i < upstreams_.size(); ++i) bring_up(i);
}

void Scene::settle() {
  proxy_->settle_with([&] {
    for (Client& client : clients_) client.peer->poll();
    for (auto& upstream : upstreams_) upstream->act();
  });
}

bool Scene::over() const {
  const bool served = std::all_of(clients_.begin(), clients_.end(), [](const Client& client) {
    return client.left || client.peer->ended() || response_size(client.peer->received()) != 0;
  });
  const bool somebody_left =
      std::any_of(clients_.begin(), clients_.end(), [](const Client& client) { return client.left; });
  // A client that has left is not heard of again: its request is over when nothing of it is left.
  return served &&
         (!somebody_left || (in_flight() == 0 && held() == 0 && proxy_->worker().open_connections() == 0));
}

std::uint64_t Scene::in_flight() const {
  std::uint64_t sum = 0;
  for (const auto& snapshot : {first_snapshot_, proxy_->snapshot()}) {
    for (const Pool& pool : snapshot->pools)
      for (const Member& member : pool.members) sum += member.upstream->in_flight();
    if (snapshot == proxy_->snapshot()) break;
  }
  return sum;
}

std::size_t Scene::posts_delivered() const {
  std::size_t sum = 0;
  for (const auto& upstream : upstreams_) sum += upstream->posts_delivered();
  return sum;
}

std::size_t Scene::still_waiting() const {
  std::size_t sum = 0;
  for (const auto& upstream : upstreams_) sum += upstream->still_waiting();
  return sum;
}

void Scene::expect_answered_or_closed(const std::string& what) const {
  for (const Client& client : clients_) {
    const std::string& got = client.peer->received();
    const std::size_t size = response_size(got);
    EXPECT_TRUE(client.left || client.peer->ended() || size != 0) << what << ": the client was left hanging\n"
                                                                  << got;
    if (size == 0) continue;
    EXPECT_EQ(size, got.size()) << what << ": more than one answer\n" << got;
    EXPECT_TRUE(got.find("HTTP/1.1 200 ") == std::string::npos || body_of(got) == "hello") << what << "\n"
                                                                                           << got;
  }
}

void Scene::expect_posts_sent_once(const std::string& what) const {
  const auto posts =
      std::count_if(clients_.begin(), clients_.end(), [](const Client& c) { return is_post(c.request); });
  EXPECT_LE(posts_delivered(), static_cast<std::size_t>(posts)) << what << ": a POST was sent twice";
}

void Scene::expect_status(const Client& client, int status, const std::string& what) const {
  EXPECT_TRUE(client.peer->saw("HTTP/1.1 " + std::to_string(status) + " ")) << what << "\n"
                                                                            << client.peer->received();
}

void Scene::expect_status_despite(Fault fault, const Client& client, int status, const std::string& what) const {
  if (fault != Fault::WouldBlock || !client.peer->saw("HTTP/1.1 504 ")) expect_status(client, status, what);
}

void Scene::expect_next_request_served(const std::string& what) {
  // A fault on a client's own socket may have cost it its connection, without a word.
  const bool unharmed = !ops().struck() || ops().struck_upstream();
  ops().disarm();
  bring_all_up();
  for (auto& upstream : upstreams_) {
    upstream->plan({Deed::Answer});
    if (!upstream->socket().listens()) upstream->socket().listen_again();
  }
  for (Client& client : clients_) {
    const bool told_so = client.peer->saw("Connection: close");
    EXPECT_TRUE(client.left || !client.peer->ended() || told_so || !unharmed ||
                !complete_response(client.peer->received()))
        << what << ": closed without a word";
    client.peer->forget();
    if (client.left || client.peer->ended() || told_so) continue;
    client.request = "GET /next HTTP/1.1\r\nHost: e\r\n\r\n";
    client.peer->send(client.request);
  }
  play([](Scene&) {});
  expect_answered_or_closed(what + ", the next request");
  for (const Client& client : clients_) {
    const bool asked = client.request.starts_with("GET /next ");
    if (asked && (unharmed || !client.peer->received().empty()))
      expect_status(client, 200, what + ", the next request");
  }
}

bool Scene::nothing_open() {
  return proxy_->worker().open_connections() == 0 && ops().opened() == ops().closed();
}

void Scene::expect_nothing_left(const std::string& what) {
  ops().disarm();
  for (Client& client : clients_) client.peer->close();
  settle();
  for (int i = 0; i < 8 && !nothing_open(); ++i) {  // lingering ends, idle connections are dropped
    proxy_->time().advance(61s);
    settle();
  }
  EXPECT_EQ(in_flight(), 0u) << what << ": a lease is left";
  EXPECT_EQ(held(), 0u) << what << ": a held place is left";
  EXPECT_EQ(memory().held.bytes(), 0u) << what << ": bytes of a held place are left";
  EXPECT_EQ(still_waiting(), 0u) << what << ": a connection in the middle of an exchange is left";
  EXPECT_EQ(proxy_->worker().buffers_in_use(), 0u) << what << ": a buffer is left";
  EXPECT_EQ(proxy_->worker().open_connections(), 0u) << what << ": a client connection is left";
  EXPECT_EQ(ops().closed(), ops().opened()) << what << ": a descriptor is left";
  EXPECT_EQ(live_frames(), frames_before_) << what << ": a coroutine is left";
  for (const Pool& pool : first_snapshot_->pools) {
    for (const Member& member : pool.members) {
      member.upstream->set_max_in_flight(1);
      EXPECT_TRUE(member.upstream->take_slot()) << what << ": a slot is left";
      EXPECT_FALSE(member.upstream->take_slot()) << what << ": a slot was given back twice";
    }
  }
}

}  // namespace frontdoor::testing
