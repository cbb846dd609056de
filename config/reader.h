// What all parts of a load share: where to report, what has been read so far and where it stood, and the walk
// over one table by its rows in the schema. Used by load.cpp and read_*.cpp only.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/document.h"
#include "config/load.h"
#include "config/schema.h"

namespace frontdoor::config {

struct PoolPlace {
  Position at;
  std::vector<Position> upstreams = {};  // as many as the pool has
};

// Where a listener was written, and the certificates of its TLS.
struct ListenerPlace {
  Position at;
  Position tls = {};
  std::vector<Position> certificates = {};  // as many as it has
};

struct Reader {
  Diagnostics& diagnostics;
  const LoadOptions& options;
  Config config = {};
  // False when a part of the document is missing: then what is not there is no mistake.
  bool complete = true;
  Position drain_delay = {};  // where it is set
  // As many as config has of each; for messages about more than one place.
  std::vector<ListenerPlace> listeners = {};
  std::vector<Position> routes = {};
  std::vector<PoolPlace> pools = {};
  std::vector<std::string> profiles = {};  // names, of all pools
  FilesRead read = {};
};

// Which table is being read: its rows, and its name as the person wrote it ("[pool.app.retry]").
struct Place {
  const schema::Table& table;
  std::string heading;
  std::string_view pool = "";  // the pool's name where there is one
};

// Reads the plain values of a table into `object` and reports keys that do not belong here.
void read_plain_keys(const Value& value, const Place& place, schema::Object object, Reader& reader);

// The same, for timeouts that override those already in `timeouts`.
void read_timeouts(const Value& value, const Place& place, schema::Scope not_here, Timeouts& timeouts,
                   Reader& reader);

// False, and reported, when the value is not a table; `form` is how to write one: "[timeouts]".
bool is_table(const Value& value, std::string_view key, std::string_view form, Reader& reader);

void read_listeners(const Value& root, Reader& reader);
// `value` is of the key `tls`, in a table or beside `listen`.
void read_tls(const Value& value, Listener& listener, ListenerPlace& place, Reader& reader);
void read_pools(const Value& root, Reader& reader);
// What [pool.NAME] says of its instances, once its plain keys have been read.
// `at`: the pool's place, for what is missing.
void read_process(const Value& value, Pool& pool, Position at, Reader& reader);
void check_profile(Reader& reader);  // the one that was chosen; after the pools
void read_routes(const Value& root, Reader& reader);  // after the pools

// Mistakes that take more than one value to see, and settings that do not do what they seem to.
void check(const Value& root, const LoadOptions& options, Reader& reader);
void check_tls(const LoadOptions& options, Reader& reader);  // of the listeners

// What to say about a key that the table does not have.
std::string unknown_key(std::string_view key, const Place& place);

}  // namespace frontdoor::config
