// A DNS server on loopback for look-ups to meet, in the test's own io_context: answers from its records, says
// that a name does not exist, or stays silent.

#pragma once

#include <boost/asio.hpp>
#include <map>
#include <string>
#include <vector>

#include "base/address.h"

namespace frontdoor::test {

namespace asio = boost::asio;

class ScriptedDns {
 public:
  struct Records {
    std::vector<std::string> addresses = {};
    std::uint32_t ttl = 60;
    bool silent = false;
  };

  explicit ScriptedDns(asio::io_context& io)
      : socket_(io, asio::ip::udp::endpoint(asio::ip::address_v4::loopback(), 0)) {
    receive();
  }

  std::string address() const { return "127.0.0.1:" + std::to_string(socket_.local_endpoint().port()); }
  std::map<std::string, Records> zone;  // names that are not in there do not exist
  int questions = 0;

 private:
  void receive() {
    socket_.async_receive_from(asio::buffer(buffer_), from_, [this](const auto& error, std::size_t size) {
      if (error) return;
      ++questions;
      if (const std::string reply = answer(std::string(buffer_, size)); !reply.empty())
        socket_.send_to(asio::buffer(reply), from_);
      receive();
    });
  }

  static void put16(std::string& out, unsigned value) {
    out += static_cast<char>(value >> 8);
    out += static_cast<char>(value);
  }

  // RFC 1035 §4: header, the question again, and a record for each address of the family that was asked for.
  std::string answer(const std::string& query) {
    std::string name;
    std::size_t at = 12;
    while (at < query.size() && query[at] != 0) {
      const auto length = static_cast<unsigned char>(query[at]);
      name += (name.empty() ? "" : ".") + query.substr(at + 1, length);
      at += length + 1;
    }
    const bool v6 = query.at(at + 2) == 28;
    const auto found = zone.find(name);
    if (found != zone.end() && found->second.silent) return "";
    std::string records;
    unsigned count = 0;
    for (const std::string& text :
         found == zone.end() ? std::vector<std::string>{} : found->second.addresses) {
      const auto address = asio::ip::make_address(text);
      if (address.is_v6() != v6) continue;
      ++count;
      put16(records, 0xC00C);  // the name of the question
      put16(records, v6 ? 28 : 1);
      put16(records, 1);
      put16(records, found->second.ttl >> 16);
      put16(records, found->second.ttl & 0xFFFF);
      put16(records, v6 ? 16 : 4);
      if (v6)
        for (const auto byte : address.to_v6().to_bytes()) records += static_cast<char>(byte);
      else
        for (const auto byte : address.to_v4().to_bytes()) records += static_cast<char>(byte);
    }
    std::string reply = query.substr(0, 2);
    put16(reply, found == zone.end() ? 0x8183 : 0x8180);  // NXDOMAIN, or no error
    for (const unsigned each : {1U, count, 0U, 0U}) put16(reply, each);
    return reply + query.substr(12, at + 5 - 12) + records;
  }

  asio::ip::udp::socket socket_;
  asio::ip::udp::endpoint from_;
  char buffer_[1500];
};

}  // namespace frontdoor::test
