// A client of HTTP/2 in a conversation through the whole proxy: its frames are the test's, what comes back is read.

#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "support/h2_frames.h"
#include "support/test_proxy.h"

namespace frontdoor::testing {

class H2Client {
 public:
  explicit H2Client(TestProxy& proxy, std::string_view hello = h2::hello()) : proxy_(proxy), peer_(proxy.client("h2")) {
    peer_->send(hello);
  }

  void send(std::string_view frames) { peer_->send(frames); }
  bool until(const std::function<bool()>& done) {
    return proxy_.until({peer_.get()}, [&] {
      read();
      return done();
    });
  }
  void settle() {
    proxy_.settle({peer_.get()});
    read();
  }
  bool ended(std::uint32_t stream) {
    return until([&] { return answer(stream).ended || answer(stream).was_reset; });
  }
  h2::Answer answer(std::uint32_t stream) const { return reader_.answer(stream); }
  const h2::Reader& reader() const { return reader_; }
  Peer& peer() { return *peer_; }

 private:
  void read() {
    reader_.feed(peer_->received());
    peer_->forget();
  }

  TestProxy& proxy_;
  std::unique_ptr<Peer> peer_;
  h2::Reader reader_;
};

}  // namespace frontdoor::testing
