// [[route]], and the route that stands for all when there is none.

#include <algorithm>

#include "config/patterns.h"
#include "config/reader.h"
#include "config/suggest.h"
#include "config/values.h"

namespace frontdoor::config {
namespace {

using Kind = Value::Kind;

// One that may be called so: the name of another is to be mended first, and no advice.
bool has_good_name(const Pool& pool) { return !pool.name.empty() && name_problem(pool.name).empty(); }

const Pool* find_pool(const Config& config, std::string_view name) {
  const auto found = std::find_if(config.pools.begin(), config.pools.end(),
                                  [&](const Pool& pool) { return pool.name == name; });
  return found == config.pools.end() ? nullptr : &*found;
}

// Workers get no requests, so that nothing has to say which ones.
std::vector<const Pool*> serving_pools(const Config& config) {
  std::vector<const Pool*> pools;
  for (const auto& pool : config.pools)
    if (pool.takes_requests()) pools.push_back(&pool);
  return pools;
}

std::vector<std::string_view> pool_names(const Config& config) {
  std::vector<std::string_view> names;
  for (const auto& pool : config.pools) names.push_back(pool.name);
  return names;
}

// Features to come that answer a route without a pool; they have been reported.
bool answers_without_pool(const Value& route) {
  return route.find("split") != nullptr || route.find("redirect") != nullptr ||
         route.find("respond") != nullptr;
}

void read_pool_name(const Value& value, Route& route, Reader& reader) {
  const auto& config = reader.config;
  const auto* name = value.find("pool");
  if (name == nullptr) {
    const auto serving = serving_pools(config);
    if (serving.size() == 1) route.pool = serving.front()->name;
    if (serving.size() > 1 && !answers_without_pool(value)) {
      const auto named = std::find_if(serving.begin(), serving.end(), [](const Pool* pool) { return has_good_name(*pool); });
      reader.diagnostics.error(value.at, "[[route]] needs a pool, as in pool = " +
                                             quote(named != serving.end() ? std::string_view((*named)->name) : "app"));
    }
    return;
  }
  if (const Pool* pool = find_pool(config, route.pool); pool != nullptr && !pool->takes_requests())
    return reader.diagnostics.error(name->at, "pool: [pool." + toml_key(route.pool) +
                                                  "] gets no requests, since its instances have port = \"none\"");
  if (!name->is(Kind::Text) || !reader.complete || find_pool(config, route.pool) != nullptr) return;
  std::string message = "pool: there is no [pool." + toml_key(route.pool) + "]";
  const auto names = pool_names(config);
  if (const auto meant = nearest(route.pool, names))
    message += ", did you mean " + quote(*meant) + "?";
  else if (!names.empty())
    message += "; the pools are " + quote_list(names, "and");
  reader.diagnostics.error(name->at, std::move(message));
}

void read_route(const Value& value, Reader& reader) {
  if (!is_table(value, "route", "[[route]]", reader)) return;
  Route route;
  read_plain_keys(value, {schema::route, "[[route]]"}, &route, reader);
  route.host = normal_host(route.host);
  read_pool_name(value, route, reader);
  if (const auto* timeouts = value.find("timeouts");
      timeouts != nullptr && is_table(*timeouts, "timeouts", "[route.timeouts]", reader)) {
    const auto* pool = find_pool(reader.config, route.pool);
    route.timeouts = pool != nullptr && pool->timeouts ? *pool->timeouts : reader.config.timeouts;
    read_timeouts(*timeouts, {schema::route_timeouts, "[route.timeouts]"}, schema::Scope::NotInRoute,
                  *route.timeouts, reader);
  }
  reader.config.routes.push_back(std::move(route));
  reader.routes.push_back(value.at);
}

void add_catch_all(Reader& reader) {
  const auto pools = serving_pools(reader.config);
  if (pools.size() > 1 && reader.complete)
    reader.diagnostics.error(
        reader.pools[static_cast<std::size_t>(pools[1] - reader.config.pools.data())].at,
        "with several pools frontdoor needs to know which requests go where: add a [[route]] " +
            (has_good_name(*pools[0]) && has_good_name(*pools[1])
                 ? "with pool = " + quote(pools[0]->name) + " and one with pool = " + quote(pools[1]->name)
                 : std::string("for each of them")));
  if (pools.size() == 1) {
    Route route;
    route.pool = pools.front()->name;
    reader.config.routes.push_back(std::move(route));
    reader.routes.push_back({});
  }
}

}  // namespace

void read_routes(const Value& root, Reader& reader) {
  const auto* list = root.find("route");
  if (list == nullptr || (list->is(Kind::List) && list->items.empty())) return add_catch_all(reader);
  if (list->is(Kind::Table))
    reader.diagnostics.error(list->at, "there may be several routes: write [[route]] with double brackets");
  else if (!list->is(Kind::List))
    wrong_type("route", "tables [[route]]", *list, reader.diagnostics);
  for (const auto& item : list->items) read_route(item, reader);
}

}  // namespace frontdoor::config
