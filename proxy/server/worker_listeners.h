// The listeners of one worker: opened, changed and closed while it runs, by orders from the control thread. What changes
// holds for connections that come from then on: those that are open stay with the Listener that accepted them, which has
// no socket any more and goes with its last connection. So a connection needs no terms of its own.
//
//   open ──► accepts ── change ──► another one has the socket ──┐
//               └────── close ───► takes the rest, then drains ─┴─► gone with its last connection
//
// Changed on the worker's thread only; its counts are read by any.

#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "proxy/server/listener.h"
#include "proxy/server/open_listeners.h"
#include "proxy/upstreams/drain.h"

namespace frontdoor {

struct ListenerOrder {
  enum class Kind : std::uint8_t { Open, Change, Close };
  Kind kind = Kind::Open;
  ListenerId id = 0;
  int fd = -1;          // Open
  bool shared = false;  // Open
  std::shared_ptr<const Listener::Settings> settings = {};  // Open, Change
  DrainWindow window = {};                                  // Close
};

class WorkerListeners {
 public:
  WorkerListeners(ExchangeContext& context, BufferPool& buffers, WorkerRoom& room, Handshakes& handshakes,
                  LocalSnapshot::Known& upstreams)
      : context_(context), buffers_(buffers), room_(room), handshakes_(handshakes), upstreams_(upstreams) {}
  ~WorkerListeners();  // orders that were not carried out: their sockets are closed

  // One in a list of its own, so that here it takes no memory to keep it.
  using Orders = std::list<ListenerOrder>;
  void take(Orders order);
  // What found no memory is tried again; what is over is cut, and what is empty destroyed.
  void look(TimePoint now);

  // The whole worker ends.
  bool accept_rest();  // false: once more
  void stop_accepting();
  // Another process of ours accepts from now on, but for these. Idle connections stay until close_idle().
  void hand_over(const std::vector<ListenerId>& ending);
  void close_idle();
  void drain_begins();
  void cut_all();
  void clear();  // what is left is destroyed; nothing turns any more
  std::uint64_t idle_connections();

  // Any thread.
  std::uint64_t connections() const;
  std::size_t count() const;  // with those that have only connections left
  std::uint64_t turned_away(Unwelcome why) const;

 private:
  struct Entry {
    ListenerId id;
    std::shared_ptr<Listener> listener;  // shared with a last post, see let_go()
    TimePoint cut_at = TimePoint::max();  // it is being closed
  };

  void carry_out();
  void carry_out(const ListenerOrder& order);
  void add(ListenerId id, int fd, bool shared, const Listener::Settings& settings);
  void change(ListenerId id, const Listener::Settings& settings);
  void close(ListenerId id, const DrainWindow& window);
  void close_streams(ListenerId id, const DrainWindow& window);
  bool let_go(const std::shared_ptr<Listener>& listener);  // false: there is no memory for it

  ExchangeContext& context_;
  BufferPool& buffers_;
  WorkerRoom& room_;
  Handshakes& handshakes_;
  LocalSnapshot::Known& upstreams_;
  static_assert(alignof(ClientConnection) <= alignof(void*), "as ObjectPages align");
  ObjectPages connections_{sizeof(ClientConnection)};
  bool draining_ = false;
  bool stopped_ = false;  // accepts no more
  Orders orders_;         // in their order; the first one may have found no memory
  mutable std::mutex mutex_;  // entries_ when they are changed, or read by another thread
  std::vector<Entry> entries_;
  std::array<SingleWriterCount, kUnwelcomeKinds> turned_away_before_{};  // by those that have gone
};

}  // namespace frontdoor
