// One connected, non-blocking socket of the data path: try to read or write, and be told when trying is worth while
// again. It remembers what epoll said, so a call that would only return EAGAIN is not made: a short read means
// drained, a short write means full, until the next edge. Room to write is asked for when there was none for the first
// time: few connections ever fill their socket, and the others are spared the events. With a TlsLayer, what is read and
// written is what the connection carries, decrypted.
// One worker.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/ip_address.h"
#include "loop/event_loop.h"
#include "loop/io_result.h"
#include "loop/tls_layer.h"

namespace frontdoor {

class Transport final : private EpollHandler {
 public:
  explicit Transport(EventLoop& loop) : loop_(loop) {}
  ~Transport() { close(); }
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // Takes a connected socket. False: it could not be watched (errno), and the descriptor is closed.
  bool adopt(int fd);
  // Opens a socket and starts to connect: 0, or errno. EINPROGRESS: wait until connected() is no longer Pending.
  int start_connect(const Endpoint& to);
  enum class Connecting : std::uint8_t { Pending, Connected, Failed };
  Connecting connected(int& error);  // without waiting

  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  IpEndpoint local_address() const;  // asks the kernel

  // `listener` is put on the ready list when anything changes; null = nothing is.
  void notify(Runnable* listener) { listener_ = listener; }

  IoResult read(char* into, std::size_t room);
  IoResult write(const iovec* parts, std::size_t count);
  // Encrypted bytes that were written and the kernel has not taken yet; Ok: there are none. Until then nothing that was
  // written last counts as sent, and the connection must not be closed.
  IoStatus flush() { return tls_ ? tls_->flush() : IoStatus::Ok; }

  // From now on the connection is encrypted; without a layer, plain again.
  void encrypt(std::unique_ptr<TlsLayer> layer) { tls_ = std::move(layer); }
  TlsLayer* tls() const { return tls_.get(); }
  // Below it, for the layer itself.
  IoResult read_socket(char* into, std::size_t room);
  IoResult write_socket(const iovec* parts, std::size_t count);
  void layer_holds_input(bool holds) { decrypted_ = holds; }  // a read would return something without asking the socket
  EventLoop& loop() const { return loop_; }

  // Whether an idle connection is still silent and open: one MSG_PEEK. False: bytes, EOF or an error wait.
  bool quiet();
  // May_read(), less what a TLS connection says that is no byte of the application's.
  bool input_waits() { return tls_ ? decrypted_input_waits() : readable_; }
  // Whether bytes wait to be read: one MSG_PEEK.
  bool bytes_wait();
  // May_read() only says that trying is worth while. This knows: one MSG_PEEK, where that is not plain already.
  bool unread() { return decrypted_ || (readable_ && bytes_wait()); }

  // What was written and its receiver's kernel has not yet confirmed: one ioctl. 0 where the kernel does not say.
  std::size_t unacknowledged() const;

  bool may_read() const { return readable_ || decrypted_; }
  bool may_write() const { return writable_; }
  bool peer_finished() const { return peer_finished_; }  // its FIN has arrived, maybe behind unread bytes
  bool peer_gone() const { return peer_gone_; }          // reset, or closed in both directions

  void shutdown_write();
  void close();
  // Closes with a RST: what we had to say is void (a response that was cut must not look complete).
  void abort();

 private:
  void on_events(std::uint32_t events) override;
  bool watch(int fd, std::uint32_t events);
  void full();
  IoResult read_decrypted(char* into, std::size_t room);
  bool decrypted_input_waits();

  // Every idle connection has one: in an order that leaves no gaps.
  int fd_ = -1;
  EventLoop& loop_;
  Runnable* listener_ = nullptr;
  std::unique_ptr<TlsLayer> tls_;  // null: plain
  std::uint16_t connecting_to_ = 0;  // port; 0 for a unix socket
  bool readable_ = false;
  bool decrypted_ = false;  // the layer has something for a reader
  bool writable_ = false;
  bool room_is_told_ = false;  // epoll has been asked for it
  bool peer_finished_ = false;
  bool peer_gone_ : 1 = false;
  bool write_shut_ : 1 = false;
};

}  // namespace frontdoor
