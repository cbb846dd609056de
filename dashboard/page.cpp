#include "dashboard/page.h"

#include <boost/asio/use_awaitable.hpp>
#include <string>

#include "dashboard/assets.h"

namespace frontdoor {

namespace {

namespace asio = boost::asio;

// Nothing but what the program itself serves is loaded, run or asked, and no other page shows this one in a frame.
constexpr std::string_view kPolicy =
    "Content-Security-Policy: default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "Referrer-Policy: no-referrer\r\nVary: Accept-Encoding\r\n";

// A list of codings with weights (RFC 9110 §12.5.3): "gzip;q=0" is a refusal.
bool takes_gzip(std::string_view accepted) {
  for (std::size_t at = accepted.find("gzip"); at != accepted.npos; at = accepted.find("gzip", at + 1)) {
    std::string_view rest = accepted.substr(at + 4);
    rest = rest.substr(0, rest.find(','));
    if (rest.find("q=0") == rest.npos || rest.find_first_of("123456789") != rest.npos) return true;
  }
  return false;
}

asio::awaitable<void> send_asset(const Asset& asset, const AdminRequest& request, AdminReply& reply) {
  AdminBody body;
  body.content_type = asset.type;
  body.may_be_kept = true;
  // Asked for each time, and nearly never sent: another version of the program has another page.
  body.fields = "Cache-Control: no-cache\r\nETag: " + std::string(asset.tag) + "\r\n" + std::string(kPolicy);
  if (request.if_none_match.find(asset.tag) != std::string::npos) {
    body.status = 304;
  } else if (takes_gzip(request.accept_encoding)) {
    body.fields += "Content-Encoding: gzip\r\n";
    body.text = asset.gzip;
  } else {
    body.text = asset.plain;
  }
  co_await reply.answer_with(std::move(body));
}

}  // namespace

void add_page(AdminServer& server) {
  for (const Asset& asset : dashboard_assets()) {
    const AdminHandler handler = [&asset](const AdminRequest& request, AdminReply& reply) {
      return send_asset(asset, request, reply);
    };
    server.route("GET", '/' + std::string(asset.name), handler);
    if (asset.name == "index.html") server.route("GET", "/", handler);
  }
}

}  // namespace frontdoor
