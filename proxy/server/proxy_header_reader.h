// The beginning of a connection on a listener with `proxy_protocol`: reads the header, and leaves what came
// behind it in the buffer. Exists until then only. One worker.

#pragma once

#include "base/proxy_protocol.h"
#include "loop/input_buffer.h"
#include "loop/task.h"
#include "loop/waker.h"
#include "proxy/server/prelude.h"

namespace frontdoor {

class ProxyHeaderReader final : public Prelude {
 public:
  ProxyHeaderReader(EventLoop& loop, BufferPool& buffers, Transport& transport);

  // Not Complete: it was malformed, or did not come in time, or the connection ended; problem says what.
  Task<ProxyHeader> read(TimePoint deadline);
  void cut() override;

  InputBuffer take_rest() { return std::move(input_); }
  bool saw_anything() const override { return saw_anything_; }

 private:
  EventLoop& loop_;
  Transport& transport_;
  Waker waker_;
  InputBuffer input_;
  bool saw_anything_ = false;
  bool cut_ = false;
};

}  // namespace frontdoor
