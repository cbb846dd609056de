#include "tls/session.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

#include "tls/server_context.h"

namespace frontdoor::tls {

namespace {

// A record's most. A message's head and the beginning of its body are put together into one.
constexpr std::size_t kRecord = 16 * 1024;
// What is sealed for one system call. More would only be held for a client that does not read.
constexpr std::size_t kAtOnce = 64 * 1024;
// Answers to a peer's key updates, which it does not read.
constexpr std::size_t kMostOwed = 4 * kAtOnce;
// What one call may read from the socket. OpenSSL goes on by itself until it has a byte for its caller: a record or two and
// some tickets are honest, but key updates without end would keep a worker from all others.
constexpr std::size_t kMostPulled = 64 * 1024;
// What is kept of the worker's scratch: a burst must not make it large for ever.
constexpr std::size_t kScratchKept = 128 * 1024;

}  // namespace

// OpenSSL's way to the socket. Writing always succeeds: it is gathered, and sent when OpenSSL has returned.
struct SessionBio {
  static int read(BIO* bio, char* into, int room) {
    BIO_clear_retry_flags(bio);
    bool retry = false;
    const int got = of(bio).pull(into, static_cast<std::size_t>(room), retry);
    if (retry) BIO_set_retry_read(bio);
    return got;
  }
  static int write(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    try {
      of(bio).outgoing().append(from, static_cast<std::size_t>(size));
    } catch (const std::bad_alloc&) {
      return -1;
    }
    return size;
  }
  static long control(BIO* bio, int command, long, void*) {
    switch (command) {
      case BIO_CTRL_FLUSH: return 1;
      case BIO_CTRL_EOF: return of(bio).cut_off_ ? 1 : 0;
      default: return 0;
    }
  }
  static Session& of(BIO* bio) { return *static_cast<Session*>(BIO_get_data(bio)); }

  static BIO_METHOD* make() {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "frontdoor transport");
    BIO_meth_set_read(method, read);
    BIO_meth_set_write(method, write);
    BIO_meth_set_ctrl(method, control);
    return method;
  }
  static const BIO_METHOD* method() {
    static const BIO_METHOD* const only = make();  // a constant; it lives as long as the program
    return only;
  }
};

Session::Session(SslPtr ssl, Transport& transport, std::shared_ptr<const ServerContext> server)
    : transport_(transport), server_(std::move(server)), ssl_(std::move(ssl)) {
  BIO* bio = BIO_new(SessionBio::method());
  if (!bio) throw std::bad_alloc();
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  if (SSL_set_app_data(ssl_.get(), static_cast<void*>(this)) != 1) throw std::bad_alloc();
}

Session::~Session() = default;

Session* Session::of(const SSL* ssl) { return static_cast<Session*>(SSL_get_app_data(ssl)); }

int Session::pull(char* into, std::size_t room, bool& retry) {
  if (!put_back_.empty()) {
    const std::size_t count = std::min(room, put_back_.size());
    std::memcpy(into, put_back_.data(), count);
    put_back_.erase(0, count);
    if (put_back_.empty()) put_back_.shrink_to_fit();
    if (first_byte_ == 0) first_byte_ = static_cast<unsigned char>(*into);
    return static_cast<int>(count);
  }
  if (shaken_ && pulled_ >= kMostPulled) {
    failure_ = "too many messages without data";
    return -1;
  }
  const IoResult result = transport_.read_socket(into, room);
  pulled_ += result.bytes;
  switch (result.status) {
    case IoStatus::Ok:
      if (first_byte_ == 0) first_byte_ = static_cast<unsigned char>(*into);
      return static_cast<int>(result.bytes);
    case IoStatus::WouldBlock: retry = true; return -1;
    case IoStatus::End: cut_off_ = true; return 0;
    case IoStatus::Failed: error_ = result.error; break;
  }
  return -1;
}

void Session::note_input(bool ended) {
  transport_.layer_holds_input(ended || !put_back_.empty() || SSL_has_pending(ssl_.get()) == 1);
}

// Errors of OpenSSL are the thread's, and may be another connection's.
void Session::begin() {
  ERR_clear_error();
  outgoing().clear();
  pulled_ = 0;
}

// Sends what OpenSSL has written; what the kernel does not take is kept.
IoStatus Session::deliver() {
  std::string& sealed = outgoing();
  std::size_t sent = 0;
  IoStatus status = IoStatus::Ok;
  if (owed() == 0) {
    while (sent < sealed.size() && status == IoStatus::Ok) {
      const iovec part{sealed.data() + sent, sealed.size() - sent};
      const IoResult result = transport_.write_socket(&part, 1);
      status = result.status;
      sent += result.bytes;
    }
  } else {
    status = IoStatus::WouldBlock;
  }
  if (status != IoStatus::Failed && sent < sealed.size()) {
    try {
      owed_.append(sealed, sent);
    } catch (const std::bad_alloc&) {
      status = IoStatus::Failed;  // nothing may follow a record of which a part is missing
    }
  }
  if (status == IoStatus::Failed) write_failed_ = true;
  if (sealed.capacity() > kScratchKept) std::string().swap(sealed);
  return status;
}

IoStatus Session::flush() {
  while (owed() != 0) {
    const iovec part{owed_.data() + owed_begin_, owed()};
    const IoResult result = transport_.write_socket(&part, 1);
    if (result.status == IoStatus::Failed) write_failed_ = true;
    if (result.status != IoStatus::Ok) return result.status;
    owed_begin_ += result.bytes;
  }
  if (owed_begin_ != 0) {
    std::string().swap(owed_);
    owed_begin_ = 0;
  }
  return write_failed_ ? IoStatus::Failed : IoStatus::Ok;
}

Session::Step Session::shake_hands() {
  begin();
  const int result = SSL_do_handshake(ssl_.get());
  // Before anything is sent: the thread's errors must be of this call.
  const int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
  if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ) failure_ = reason_of_failure();
  if (deliver() == IoStatus::Failed && *failure_ == 0) failure_ = "the connection ended";
  if (*failure_ != 0) return Step::Failed;
  if (error == SSL_ERROR_WANT_READ) return Step::Pending;
  shaken_ = true;
  note_input(false);
  facts_.version = SSL_get_version(ssl_.get());
  facts_.cipher = SSL_get_cipher_name(ssl_.get());
  facts_.resumed = SSL_session_reused(ssl_.get()) == 1;
  if (server_) failure_ = server_->settle(*this);
  return *failure_ == 0 ? Step::Done : Step::Failed;
}

const char* Session::reason_of_failure() {
  if (untrusted()) {
    ERR_clear_error();
    return X509_verify_cert_error_string(SSL_get_verify_result(ssl_.get()));
  }
  if (const char* reason = take_error(); *reason != 0) return reason;
  return cut_off_ || error_ != 0 ? "the connection ended" : "the handshake failed";
}

bool Session::untrusted() const { return tls::untrusted(ssl_.get()); }

std::string_view Session::protocol() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return {reinterpret_cast<const char*>(name), size};
}

IoResult Session::ended_result() const {
  if (ended_ == Ended::Closed) return {IoStatus::End, 0, 0};
  return {IoStatus::Failed, 0, error_ != 0 ? error_ : ECONNRESET};
}

IoResult Session::read(char* into, std::size_t room) {
  if (ended_ != Ended::No) return ended_result();
  begin();
  std::size_t got = 0;
  const int result = SSL_read_ex(ssl_.get(), into, room, &got);
  if (result == 1) {
    if (!outgoing().empty()) deliver();
    if (owed() > kMostOwed) ended_ = Ended::Failed;  // for the next call: these bytes are good
    note_input(ended_ != Ended::No);
    return {IoStatus::Ok, got, 0};
  }
  return after_failed_read(result);
}

IoResult Session::after_failed_read(int result) {
  const int error = SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_SSL && *failure_ == 0) failure_ = take_error();  // its alert, or our word for what it sent
  ERR_clear_error();
  if (!outgoing().empty()) deliver();
  const bool blocked = error == SSL_ERROR_WANT_READ && owed() <= kMostOwed;
  if (blocked) {
    transport_.layer_holds_input(false);  // part of a record, if anything
    return {};
  }
  // An end that was not announced may be an attacker's, who cuts the connection to make what came look complete.
  ended_ = error == SSL_ERROR_ZERO_RETURN && !cut_off_ ? Ended::Closed : Ended::Failed;
  note_input(true);  // for whoever asks again
  return ended_result();
}

bool Session::input_waits() {
  if (ended_ != Ended::No) return true;
  begin();
  char byte = 0;
  std::size_t got = 0;
  const int result = SSL_peek_ex(ssl_.get(), &byte, 1, &got);
  if (result != 1) return after_failed_read(result).status != IoStatus::WouldBlock;
  transport_.layer_holds_input(true);
  if (!outgoing().empty()) deliver();
  return true;
}

IoResult Session::write(const iovec* parts, std::size_t count) {
  if (write_failed_) return {IoStatus::Failed, 0, EPIPE};
  if (const IoStatus status = flush(); status != IoStatus::Ok) return {status, 0, status == IoStatus::Failed ? EPIPE : 0};
  if (!transport_.may_write()) return {};
  begin();
  std::array<char, kRecord> record;
  std::size_t taken = 0;
  std::size_t in_part = 0;  // of the first part
  while (count != 0 && taken < kAtOnce) {
    const char* from = static_cast<const char*>(parts->iov_base) + in_part;
    std::size_t size = parts->iov_len - in_part;
    std::size_t next = in_part;
    if (size >= kRecord || count == 1) {
      size = std::min(size, kRecord);
      next += size;
      if (next == parts->iov_len) ++parts, --count, next = 0;
    } else {
      // Several small ones make one record.
      size = 0;
      while (count != 0 && size < kRecord) {
        const std::size_t some = std::min(parts->iov_len - next, kRecord - size);
        std::memcpy(record.data() + size, static_cast<const char*>(parts->iov_base) + next, some);
        size += some;
        next += some;
        if (next == parts->iov_len) ++parts, --count, next = 0;
      }
      from = record.data();
    }
    in_part = next;
    if (size == 0) continue;
    std::size_t written = 0;
    if (SSL_write_ex(ssl_.get(), from, size, &written) != 1) {
      ERR_clear_error();
      write_failed_ = true;
      return {IoStatus::Failed, 0, EPIPE};
    }
    taken += written;
  }
  if (deliver() == IoStatus::Failed) return {IoStatus::Failed, 0, EPIPE};
  return {IoStatus::Ok, taken, 0};
}

void Session::finish_writing() {
  if (!shaken_ || write_failed_) return;
  begin();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
  if (!outgoing().empty()) deliver();
}

}  // namespace frontdoor::tls
