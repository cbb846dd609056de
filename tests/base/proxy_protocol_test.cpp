// What a proxy may say about for whom it connects, byte for byte.

#include "base/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>

namespace frontdoor {
namespace {

using Status = ProxyHeader::Status;
using namespace std::string_literals;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string big_endian(std::size_t number) {
  return {static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
}

std::string v2(char command, char family, const std::string& rest) {
  return kSignature + command + family + big_endian(rest.size()) + rest;
}

std::string tlv(char type, const std::string& value) { return type + big_endian(value.size()) + value; }

const std::string kTcp4 = "\xc0\0\x02\x01\x0a\0\0\x01\x30\x39\0\x50"s;  // 192.0.2.1:12345 to 10.0.0.1:80
const std::string kTcp6 = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"s +
                          "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x02"s + "\x30\x39\0\x50"s;

// "192.0.2.1:12345", "-" when the proxy names nobody, or what is wrong.
std::string judged(std::string_view bytes) {
  const auto header = parse_proxy_header(bytes);
  if (header.status == Status::Incomplete) return "incomplete";
  if (header.status == Status::Malformed) return header.problem;
  if (!header.source.address.known()) return "-";
  return std::string(header.source.address.text().view()) + ' ' + std::to_string(header.source.port);
}

TEST(ProxyHeader, NamesTheClient) {
  struct {
    std::string header, client;
  } cases[] = {
      {"PROXY TCP4 192.0.2.1 10.0.0.1 12345 80\r\n", "192.0.2.1 12345"},
      {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255 65535"},
      {"PROXY TCP4 192.0.2.1 10.0.0.1 0 0\r\n", "192.0.2.1 0"},
      {"PROXY TCP6 2001:db8::1 2001:db8::2 12345 80\r\n", "2001:db8::1 12345"},
      {"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 "
       "65535\r\n",
       "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535"},
      {"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", "192.0.2.1 1"},
      {"PROXY UNKNOWN\r\n", "-"},
      {"PROXY UNKNOWN ffff::1 ffff::2 1 whatever\r\n", "-"},
      {v2('\x21', '\x11', kTcp4), "192.0.2.1 12345"},
      {v2('\x21', '\x21', kTcp6), "2001:db8::1 12345"},
      {v2('\x21', '\x11', kTcp4 + tlv('\x02', "host.example") + tlv('\xe0', "")), "192.0.2.1 12345"},
      {v2('\x21', '\x11', kTcp4 + tlv('\x04', std::string(4096, '\0'))), "192.0.2.1 12345"},
      {v2('\x21', '\x31', std::string(216, 'x')), "-"},
      {v2('\x21', '\0', ""), "-"},
      {v2('\x21', '\0', "of no known form"), "-"},
      {v2('\x20', '\0', ""), "-"},
      {v2('\x20', '\x11', kTcp4), "-"},       // LOCAL: addresses are to be discarded
      {v2('\x20', '\x7f', "anything"), "-"},  // and the family with them
  };
  for (const auto& c : cases) {
    EXPECT_EQ(judged(c.header), c.client) << c.header;
    EXPECT_EQ(judged(c.header + "GET / HTTP/1.1\r\n"), c.client) << c.header;
    EXPECT_EQ(parse_proxy_header(c.header + "GET /").size, c.header.size()) << c.header;
    for (std::size_t size = 0; size < c.header.size(); ++size)
      EXPECT_EQ(judged(c.header.substr(0, size)), "incomplete") << c.header << " cut at " << size;
  }
}

TEST(ProxyHeader, OfVersion1IsExact) {
  const char* family = "neither TCP4 nor TCP6 nor UNKNOWN";
  const char* words = "not two addresses and two ports";
  const char* address = "not an address of its family";
  const char* port = "not a port";
  const char* line = "the line ends without CR";
  struct {
    std::string header;
    const char* problem;
  } cases[] = {
      {"GET / HTTP/1.1\r\n", "not a PROXY header"},
      {"PUT / HTTP/1.1\r\n", "not a PROXY header"},
      {"PROXYTCP4 1.1.1.1 2.2.2.2 1 2\r\n", "not a PROXY header"},
      {"proxy TCP4 1.1.1.1 2.2.2.2 1 2\r\n", "not a PROXY header"},
      {" PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n", "not a PROXY header"},
      {"\nPROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n", "not a PROXY header"},
      {"PROXY \r\n", family},
      {"PROXY  TCP4 1.1.1.1 2.2.2.2 1 2\r\n", family},
      {"PROXY tcp4 1.1.1.1 2.2.2.2 1 2\r\n", family},
      {"PROXY TCP 1.1.1.1 2.2.2.2 1 2\r\n", family},
      {"PROXY TCP5 1.1.1.1 2.2.2.2 1 2\r\n", family},
      {"PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n", family},
      {"PROXY UNKNOWN2\r\n", family},
      {"PROXY unknown\r\n", family},
      {"PROXY TCP4\r\n", words},
      {"PROXY TCP4 1.1.1.1 2.2.2.2 1\r\n", words},
      {"PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3\r\n", words},
      {"PROXY TCP4 1.1.1.1 2.2.2.2 1 2 \r\n", words},
      {"PROXY TCP4 1.1.1.1  2.2.2.2 1 2\r\n", words},
      {"PROXY TCP4 1.1.1.1\t2.2.2.2 1 2\r\n", words},
      {"PROXY TCP4 1.1.1 2.2.2.2 1 2\r\n", address},
      {"PROXY TCP4 1.1.1.256 2.2.2.2 1 2\r\n", address},
      {"PROXY TCP4 01.1.1.1 2.2.2.2 1 2\r\n", address},
      {"PROXY TCP4 1.1.1.1 localhost 1 2\r\n", address},
      {"PROXY TCP4 ::1 ::1 1 2\r\n", address},
      {"PROXY TCP4 1.1.1.1 ::1 1 2\r\n", address},
      {"PROXY TCP6 1.1.1.1 2.2.2.2 1 2\r\n", address},
      {"PROXY TCP6 [::1] ::1 1 2\r\n", address},
      {"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", address},
      {"PROXY TCP6 12345::1 ::1 1 2\r\n", address},
      {"PROXY TCP4 1.1.1.1 2.2.2.2 65536 2\r\n", port},
      {"PROXY TCP4 1.1.1.1 2.2.2.2 -1 2\r\n", port},
      {"PROXY TCP4 1.1.1.1 2.2.2.2 +1 2\r\n", port},
      {"PROXY TCP4 1.1.1.1 2.2.2.2 080 2\r\n", port},
      {"PROXY TCP4 1.1.1.1 2.2.2.2 1 0x50\r\n", port},
      {"PROXY TCP4 1.1.1.1 2.2.2.2 1 999999\r\n", port},
      {"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n", line},
      {"PROXY TCP4 1.1.1.1\n 2.2.2.2 1 2\r\n", line},
      {"PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r \n", "a CR inside of the line"},
      {"PROXY UNKNOWN\rx\r\n", "a CR inside of the line"},
      {"PROXY UNKNOWN " + std::string(200, 'x') + "\r\n", "longer than 107 bytes"},
      {"PROXY UNKNOWN " + std::string(92, 'x') + "\r\n", "longer than 107 bytes"},  // 108
  };
  for (const auto& c : cases) EXPECT_EQ(judged(c.header), c.problem) << c.header;
  EXPECT_EQ(judged("PROXY UNKNOWN " + std::string(91, 'x') + "\r\n"), "-") << "107 bytes are allowed";
}

TEST(ProxyHeader, OfVersion2IsExact) {
  const char* command = "neither version 2's PROXY nor its LOCAL";
  const char* family = "not a family of streams";
  struct {
    std::string header;
    const char* problem;
  } cases[] = {
      {"\r\n\r\n\r\n", "not a PROXY header"},
      {"\r\nGET / HTTP/1.1\r\n", "not a PROXY header"},
      {std::string(16, '\0'), "not a PROXY header"},
      {"\x16\x03\x01", "not a PROXY header"},  // TLS
      {v2('\x11', '\x11', kTcp4), command},    // version 1 in the form of version 2
      {v2('\x01', '\x11', kTcp4), command},
      {v2('\x31', '\x11', kTcp4), command},
      {v2('\x22', '\x11', kTcp4), command},
      {v2('\x2f', '\x11', kTcp4), command},
      {v2('\x21', '\x12', kTcp4), family},  // datagrams
      {v2('\x21', '\x22', kTcp6), family},
      {v2('\x21', '\x32', std::string(216, 'x')), family},
      {v2('\x21', '\x10', kTcp4), family},
      {v2('\x21', '\x01', kTcp4), family},
      {v2('\x21', '\x13', kTcp4), family},
      {v2('\x21', '\x41', kTcp4), family},
      {v2('\x21', '\xff', kTcp4), family},
      {v2('\x21', '\x11', ""), "too short for its addresses"},
      {v2('\x21', '\x11', kTcp4.substr(1)), "too short for its addresses"},
      {v2('\x21', '\x21', kTcp4), "too short for its addresses"},
      {v2('\x21', '\x31', std::string(215, 'x')), "too short for its addresses"},
      {v2('\x21', '\x11', kTcp4 + "\x04"), "a TLV is cut off"},
      {v2('\x21', '\x11', kTcp4 + "\x04\0"s), "a TLV is cut off"},
      {v2('\x21', '\x11',
          kTcp4 + "\x04\0\x05"
                  "four"s),
       "a TLV is longer than the header"},
      {v2('\x21', '\x11', kTcp4 + "\x04\xff\xff"s), "a TLV is longer than the header"},
      {v2('\x21', '\x11', kTcp4 + tlv('\x03', "\0\0\0\0"s)), "the checksum does not fit"},
      {v2('\x21', '\x11', kTcp4 + tlv('\x03', "")), "the checksum does not fit"},
      {v2('\x21', '\x11', kTcp4 + tlv('\x03', "12345")), "the checksum does not fit"},
      {v2('\x21', '\x11', kTcp4 + std::string(20'000, '\0')), "longer than 16 KiB"},
  };
  for (const auto& c : cases) EXPECT_EQ(judged(c.header), c.problem) << testing::PrintToString(c.header);
}

// The check value of CRC32c is that of "123456789": 0xe3069283. This one was made by another implementation.
TEST(ProxyHeader, ChecksumThatFitsIsTaken) {
  auto header = v2('\x21', '\x11', kTcp4 + tlv('\x03', "\x76\x66\xb7\x38"s) + tlv('\x04', "x"));
  EXPECT_EQ(judged(header), "192.0.2.1 12345");
  header.back() = 'y';
  EXPECT_EQ(judged(header), "the checksum does not fit");
}

TEST(ProxyHeader, WhatIsMalformedIsSoFromItsFirstWrongByte) {
  EXPECT_EQ(judged("G"), "not a PROXY header");
  EXPECT_EQ(judged("PO"), "not a PROXY header");
  EXPECT_EQ(judged("\r\nX"), "not a PROXY header");
  EXPECT_EQ(judged(v2('\x25', '\x11', kTcp4).substr(0, 16)), "neither version 2's PROXY nor its LOCAL");
  EXPECT_EQ(judged(v2('\x21', '\x11', std::string(60'000, 'x')).substr(0, 16)), "longer than 16 KiB");
  EXPECT_EQ(judged("PROXY UNKNOWN " + std::string(93, 'x')), "longer than 107 bytes");
}

IpEndpoint at(std::string_view address, std::uint16_t port) {
  return {IpAddress::parse(address).value(), port};
}

std::string written(ProxyVersion version, const ProxiedConnection& connection) {
  ProxyHeaderBytes room;
  return std::string(write_proxy_header(version, connection, room));
}

TEST(ProxyHeader, IsWrittenInBothVersions) {
  const ProxiedConnection v4{at("192.0.2.1", 12345), at("10.0.0.1", 80)};
  const ProxiedConnection v6{at("2001:db8::1", 12345), at("2001:db8::2", 80)};
  EXPECT_EQ(written(ProxyVersion::V1, v4), "PROXY TCP4 192.0.2.1 10.0.0.1 12345 80\r\n");
  EXPECT_EQ(written(ProxyVersion::V1, v6), "PROXY TCP6 2001:db8::1 2001:db8::2 12345 80\r\n");
  EXPECT_EQ(written(ProxyVersion::V2, v4), v2('\x21', '\x11', kTcp4));
  EXPECT_EQ(written(ProxyVersion::V2, v6), v2('\x21', '\x21', kTcp6));
  EXPECT_EQ(written(ProxyVersion::None, v4), "");
}

TEST(ProxyHeader, HasOneFamilyForBothEnds) {
  const ProxiedConnection mixed{at("192.0.2.1", 1), at("2001:db8::2", 2)};
  EXPECT_EQ(written(ProxyVersion::V1, mixed), "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 1 2\r\n");
  for (const auto version : {ProxyVersion::V1, ProxyVersion::V2})
    EXPECT_EQ(judged(written(version, mixed)), "192.0.2.1 1");
}

TEST(ProxyHeader, OfTheLongestAddressesFits) {
  const auto longest = at("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 65535);
  for (const auto version : {ProxyVersion::V1, ProxyVersion::V2})
    EXPECT_EQ(judged(written(version, {longest, longest})), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535");
}

TEST(ProxyHeader, NamesNobodyWhereNobodyIsKnown) {
  const ProxiedConnection local{{}, at("10.0.0.1", 80)};
  EXPECT_EQ(written(ProxyVersion::V1, local), "PROXY UNKNOWN\r\n");
  EXPECT_EQ(written(ProxyVersion::V2, local), v2('\x21', '\0', ""));
  ProxyHeaderBytes room;
  EXPECT_EQ(write_local_proxy_header(ProxyVersion::V1, room), "PROXY UNKNOWN\r\n");
  EXPECT_EQ(write_local_proxy_header(ProxyVersion::V2, room), v2('\x20', '\0', ""));
  EXPECT_EQ(write_local_proxy_header(ProxyVersion::None, room), "");
}

}  // namespace
}  // namespace frontdoor
