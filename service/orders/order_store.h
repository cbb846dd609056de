// Keeps what operators have ordered in a file. It is read once, at the start, and written on a thread of its own: a disk
// that is full or slow costs the program nothing but that the order will not survive a restart, which is told. Owned by
// the Service. Control thread.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <string>

#include "admin/place.h"
#include "balancer/orders.h"
#include "base/log.h"

namespace frontdoor {

// Where it is; "" = nowhere, for `reason`.
struct OrderFilePlace {
  std::string path = {};
  std::string reason = {};
  bool own_directory = false;  // it is one of ours, made when it is needed
};

// `setting`: what the config says: "" = the usual place, "off", or a path. `config_file`: absolute, since each config
// has a file of its own; "" = it was not read from a file. Pure.
OrderFilePlace order_file_place(const AdminSurroundings& surroundings, const std::string& setting,
                                const std::string& config_file);

class OrderStore {
 public:
  OrderStore(boost::asio::io_context& control, Log& log) : control_(control), log_(log) {}

  // What the file holds. One that is broken is told, moved aside and done without. Blocking.
  Orders open(OrderFilePlace place);
  // "" or why it will not survive a restart. Those asked for later are written later.
  boost::asio::awaitable<std::string> save(const Orders& orders);
  // The file is about to be another one: what reads it now may not find what was ordered.
  bool writes() const { return writes_ != 0; }

 private:
  void tell_member(const RunTimeMembers::Key& key, const char* what, const OrderedBy& by);

  boost::asio::io_context& control_;
  Log& log_;
  OrderFilePlace place_;
  std::string last_trouble_;  // told once
  unsigned writes_ = 0;       // under way
  std::unique_ptr<boost::asio::thread_pool> writer_;  // not before it is needed
};

}  // namespace frontdoor
