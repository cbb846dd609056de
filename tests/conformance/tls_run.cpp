// A client made of OpenSSL over memory, so that what is between it and the proxy can be cut, split and changed.

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <cstdlib>
#include <map>
#include <optional>
#include <sstream>

#include "conformance/case_file.h"
#include "conformance/tls_case.h"
#include "support/test_proxy.h"
#include "tls/openssl.h"

namespace frontdoor::conformance {

namespace {

using testing::Peer;
using testing::ScriptedUpstream;
using testing::TestProxy;

constexpr int kAlertRecord = 21;

std::vector<std::string> words_of(const std::string& line) {
  std::istringstream in(line);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

class TlsConversation {
 public:
  explicit TlsConversation(const TlsCase& row)
      : row_(row), proxy_({&upstream_}, "tls = \"self-signed\"\n" + row.config), wire_(proxy_.plain_client()) {
    upstream_.always_reply("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  }

  std::vector<std::string> run() {
    for (const std::string& line : row_.script) {
      carry_out(line);
      settle();
    }
    judge();
    return std::move(failures_);
  }

 private:
  void carry_out(const std::string& line) {
    const auto words = words_of(line);
    const std::string rest = line.size() > words[0].size() ? line.substr(words[0].size() + 1) : "";
    if (line.front() == '>') say(line);
    else if (words[0] == "tls") begin(words);
    else if (words[0] == "hello") hello(words);
    else if (words[0] == "shake") shake_hands();
    else if (words[0] == "raw") wire_->send(unescape(rest));
    else if (words[0] == "corrupt") corrupt_ = true;
    else if (words[0] == "renegotiate") SSL_renegotiate(ssl_.get()), SSL_do_handshake(ssl_.get());
    else if (words[0] == "key-update") key_updates(std::atoi(words.at(1).c_str()));
    else if (words[0] == "no-early-data") no_early_data();
    else if (words[0] == "early") early(unescape(rest));
    else if (words[0] == "early-refused") early_refused();
    else if (words[0] == "resumed") expect(SSL_session_reused(ssl_.get()) == 1, "the session was not resumed");
    else if (words[0] == "close-notify") SSL_shutdown(ssl_.get());
    else if (words[0] == "client-ends") settle(), wire_->finish();
    else if (words[0] == "time") proxy_.time().advance(std::chrono::milliseconds(std::atoi(words.at(1).c_str())));
    else failures_.push_back("what is \"" + line + "\"?");
  }

  // "> text" is a line with its CRLF, ">| text" exactly those bytes.
  void say(const std::string& line) {
    const bool exact = line.starts_with(">|");
    const std::size_t skip = exact ? 2 : 1;
    std::string text = unescape(std::string_view(line).substr(std::min(line.size(), skip + 1)));
    if (!exact) text += "\r\n";
    if (!ssl_) return wire_->send(text);
    SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
  }

  // tls version=1.2 name=a.example offer=http/1.1,foo ciphers=… groups=… sigalgs=… resume max-early=BYTES
  void begin(const std::vector<std::string>& words) {
    std::map<std::string, std::string> wishes;
    for (std::size_t i = 1; i < words.size(); ++i)
      wishes[words[i].substr(0, words[i].find('='))] = words[i].find('=') == std::string::npos ? "" : words[i].substr(words[i].find('=') + 1);
    const bool again = wishes.contains("resume");
    if (again) {
      session_.reset(SSL_get1_session(ssl_.get()));
      if (last_ticket_) session_ = std::move(last_ticket_);
      SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);  // else OpenSSL does not resume it
      wire_ = proxy_.plain_client();
    }
    if (!context_) make_context();
    ssl_.reset(SSL_new(context_.get()));
    SSL* const ssl = ssl_.get();
    SSL_set_connect_state(ssl);
    SSL_set_ex_data(ssl, 0, this);
    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    BIO_set_mem_eof_return(SSL_get_rbio(ssl), -1);
    static const std::map<std::string, int> versions = {
        {"1.0", TLS1_VERSION}, {"1.1", TLS1_1_VERSION}, {"1.2", TLS1_2_VERSION}, {"1.3", TLS1_3_VERSION}};
    if (const auto version = versions.find(wishes["version"]); version != versions.end()) {
      SSL_set_security_level(ssl, 0);
      SSL_set_min_proto_version(ssl, version->second);
      SSL_set_max_proto_version(ssl, version->second);
    }
    if (!wishes["name"].empty())
      SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, wishes["name"].data());
    if (!wishes["ciphers"].empty()) expect(SSL_set_cipher_list(ssl, wishes["ciphers"].c_str()) == 1, "no such ciphers");
    if (!wishes["groups"].empty()) expect(SSL_set1_groups_list(ssl, wishes["groups"].c_str()) == 1, "no such groups");
    if (!wishes["sigalgs"].empty()) expect(SSL_set1_sigalgs_list(ssl, wishes["sigalgs"].c_str()) == 1, "no such sigalgs");
    if (!wishes["offer"].empty()) offer(wishes["offer"]);
    if (wishes.contains("max-early")) {
      expect(session_ != nullptr, "there is no session");
      const auto most = static_cast<std::uint32_t>(std::atoi(wishes["max-early"].c_str()));
      if (session_) SSL_SESSION_set_max_early_data(session_.get(), most);  // as no ticket of ours has said
    }
    if (session_) SSL_set_session(ssl, session_.get());
    SSL_set_info_callback(ssl, [](const SSL* of, int where, int what) {
      auto* self = static_cast<TlsConversation*>(SSL_get_ex_data(of, 0));
      if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT && !self->alert_) self->alert_ = what & 0xff;
    });
  }

  void make_context() {
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context_.get(), [](SSL* of, SSL_SESSION* session) {
      static_cast<TlsConversation*>(SSL_get_ex_data(of, 0))->last_ticket_.reset(session);
      return 1;
    });
  }

  void offer(const std::string& list) {
    std::string wire;
    std::istringstream in(list);
    for (std::string name; std::getline(in, name, ',');) wire += static_cast<char>(name.size()) + name;
    SSL_set_alpn_protos(ssl_.get(), reinterpret_cast<const unsigned char*>(wire.data()), static_cast<unsigned>(wire.size()));
  }

  // hello [first=20] [split=1] [byte=OFFSET:HEX] [slowly]: the client's first flight, changed.
  void hello(const std::vector<std::string>& words) {
    SSL_do_handshake(ssl_.get());
    std::string flight = take_outgoing();
    bool slowly = false;
    for (std::size_t i = 1; i < words.size(); ++i) {
      const std::string& word = words[i];
      if (word.starts_with("first=")) flight.resize(static_cast<std::size_t>(std::atoi(word.c_str() + 6)));
      else if (word.starts_with("split=")) flight = fragments(flight, static_cast<std::size_t>(std::atoi(word.c_str() + 6)));
      else if (word.starts_with("byte=")) change_byte(flight, word.substr(5));
      else if (word == "slowly") slowly = true;
      else failures_.push_back("what is \"" + word + "\"?");
    }
    if (!slowly) return wire_->send(flight);
    for (const char byte : flight) {
      wire_->send({&byte, 1});
      proxy_.settle({wire_.get()});
    }
  }

  void change_byte(std::string& flight, const std::string& where) {
    const auto offset = static_cast<std::size_t>(std::atoi(where.c_str()));
    flight.at(offset) = static_cast<char>(std::strtol(where.substr(where.find(':') + 1).c_str(), nullptr, 16));
  }

  // RFC 8446 §5.1: a handshake message may lie in several records.
  static std::string fragments(const std::string& record, std::size_t size) {
    std::string out;
    for (std::size_t at = 5; at < record.size(); at += size) {
      const std::string part = record.substr(at, size);
      out += record.substr(0, 3);
      out += static_cast<char>(part.size() >> 8);
      out += static_cast<char>(part.size() & 0xff);
      out += part;
    }
    return out;
  }

  void shake_hands() {
    SSL_do_handshake(ssl_.get());
    settle();
    expect(SSL_is_init_finished(ssl_.get()) == 1, "the handshake is not done");
  }

  // Each asks for one back.
  void key_updates(int count) {
    for (int i = 0; i < count; ++i) {
      SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED);
      SSL_do_handshake(ssl_.get());
    }
  }

  // A client only sends them when the ticket of its session says that it may.
  void no_early_data() {
    if (!last_ticket_) return failures_.push_back("no ticket has come");
    expect(SSL_SESSION_get_max_early_data(last_ticket_.get()) == 0, "early data were offered");
  }

  // A client that sends early data though no ticket has offered them (RFC 8446 §4.2.10), together with its hello.
  void early(const std::string& text) {
    if (!session_) return failures_.push_back("early data belong to a session that is resumed");
    std::size_t written = 0;
    for (std::size_t at = 0; at < text.size(); at += written) {
      const std::size_t size = std::min<std::size_t>(text.size() - at, 4096);
      if (SSL_write_early_data(ssl_.get(), text.data() + at, size, &written) != 1)
        return failures_.push_back("the client can not send early data: " + std::to_string(ERR_get_error()));
    }
  }

  void early_refused() {
    expect(SSL_get_early_data_status(ssl_.get()) == SSL_EARLY_DATA_REJECTED, "early data were not refused");
  }

  std::string take_outgoing() {
    char* data = nullptr;
    BIO* const outgoing = SSL_get_wbio(ssl_.get());
    const long size = BIO_get_mem_data(outgoing, &data);
    std::string taken(data, static_cast<std::size_t>(size));
    static_cast<void>(BIO_reset(outgoing));
    if (!taken.empty() && std::exchange(corrupt_, false)) taken.back() = static_cast<char>(taken.back() ^ 1);
    return taken;
  }

  void settle() {
    for (int turns = 0; turns < 50; ++turns) {
      const bool sent = move_out();
      proxy_.settle({wire_.get()});
      if (!move_in() && !sent) return;
    }
    failures_.push_back("it never stands still");
  }

  bool move_out() {
    if (!ssl_) return false;
    const std::string out = take_outgoing();
    if (!out.empty()) wire_->send(out);
    return !out.empty();
  }

  bool move_in() {
    const std::string came = wire_->received();
    if (came.empty()) return false;
    if (!ssl_) {
      heard_ += came;
    } else {
      if (!alert_ && !SSL_is_init_finished(ssl_.get()) && came.size() == 7 && came[0] == kAlertRecord) alert_ = static_cast<unsigned char>(came[6]);
      BIO_write(SSL_get_rbio(ssl_.get()), came.data(), static_cast<int>(came.size()));
      read_all();
    }
    wire_->forget();
    return true;
  }

  void read_all() {
    ERR_clear_error();
    if (!SSL_is_init_finished(ssl_.get()) && BIO_pending(SSL_get_rbio(ssl_.get())) > 0) SSL_do_handshake(ssl_.get());
    if (!SSL_is_init_finished(ssl_.get())) return;
    std::array<char, 16384> room;
    for (int got = 0; (got = SSL_read(ssl_.get(), room.data(), static_cast<int>(room.size()))) > 0;)
      heard_.append(room.data(), static_cast<std::size_t>(got));
    ERR_clear_error();
  }

  // ---- What has been seen

  void expect(bool holds, const std::string& what) {
    if (!holds) failures_.push_back(what);
  }

  void judge() {
    std::string seen;
    for (auto at = heard_.find("HTTP/1.1 "); at != std::string::npos; at = heard_.find("HTTP/1.1 ", at + 1))
      seen += heard_.substr(at + 9, 3) + " ";
    seen += wire_->ended() ? "close" : "keep";
    expect(seen == row_.client, "client: " + seen + " instead of " + row_.client);
    if (!ssl_ && heard_.size() >= 7 && heard_[0] == kAlertRecord) alert_ = static_cast<unsigned char>(heard_[6]);
    const std::string alert = alert_ ? std::to_string(*alert_) : "none";
    expect(row_.alert.empty() || alert == row_.alert, "alert: " + alert + " instead of " + row_.alert);
    const std::string requests = std::to_string(upstream_.requests());
    expect(requests == row_.upstream, "upstream: " + requests + " requests instead of " + row_.upstream);
    if (row_.upstream == "0")
      for (std::size_t i = 0; i < upstream_.connections(); ++i)
        expect(upstream_.connection(i).received().empty(), "upstream: has seen bytes of it");
    for (const auto& text : row_.client_has) expect(heard_.find(text) != std::string::npos, "client: lacks " + text);
  }

  const TlsCase& row_;
  ScriptedUpstream upstream_;
  TestProxy proxy_;
  std::unique_ptr<Peer> wire_;
  tls::SslCtxPtr context_;
  tls::SslPtr ssl_;  // null: the client speaks no TLS
  tls::SessionPtr session_, last_ticket_;
  std::optional<int> alert_;
  bool corrupt_ = false;
  std::string heard_;
  std::vector<std::string> failures_;
};

}  // namespace

std::vector<std::string> run_tls_case(const TlsCase& row) { return TlsConversation(row).run(); }

}  // namespace frontdoor::conformance
