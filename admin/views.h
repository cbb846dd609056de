// Totals as the JSON of /api/v1/{listeners,routes,pools,upstreams,certificates}: one object with one list each. Names, units
// and null as in /api/v1/status. Pure.

#pragma once

#include <boost/json/object.hpp>

#include "observe/totals.h"

namespace frontdoor {

boost::json::object listeners_json(const Totals& totals);
boost::json::object routes_json(const Totals& totals);
boost::json::object pools_json(const Totals& totals);
boost::json::object upstreams_json(const Totals& totals);
boost::json::object certificates_json(const Totals& totals);

}  // namespace frontdoor
