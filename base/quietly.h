// The completion token of the control threads' coroutines: an error comes back as a value beside the result, and is not
// thrown. `const auto [error, bytes] = co_await socket.async_read_some(buffer, quietly);`

#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace frontdoor {

inline constexpr auto quietly = boost::asio::as_tuple(boost::asio::use_awaitable);

}  // namespace frontdoor
