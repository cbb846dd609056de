// Where the output of a frontdoor goes that runs detached: a file that is bounded. When it has grown, it is renamed to
// FILE.1 (which replaces the one before) and a new one takes its place, under the descriptors that everything writes
// to. Control thread; the launcher opens it anew before it writes.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <string>

namespace frontdoor {

inline constexpr const char* kOutputFileVariable = "FRONTDOOR_OUTPUT_FILE";
inline constexpr std::uint64_t kMostOutputBytes = 10 * 1024 * 1024;  // of each of the two files

// Opens it, for appending, as standard output and error of this process. "" or why not. Whoever writes there is known by a lock.
std::string redirect_output(const std::string& path);
// Whether a process that runs writes there.
bool is_written(const std::string& path);

// Whether it was too large and is another one now. One that can not be renamed is emptied: it stays bounded.
bool rotate_output(const std::string& path, std::uint64_t most_bytes);

// Rotates it for as long as the loop runs.
boost::asio::awaitable<void> keep_output_small(boost::asio::io_context& control, std::string path,
                                               std::uint64_t most_bytes);

}  // namespace frontdoor
