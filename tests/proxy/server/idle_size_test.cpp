// What an idle client connection costs: its object, its share of a page, and its entry in the loop's table (docs/performance.md).

#include <gtest/gtest.h>

#include "loop/object_pages.h"
#include "proxy/server/client_connection.h"

namespace frontdoor {
namespace {

// Ten thousand idle clients pay for each byte here, and for eight at a time. A member that only some connections need belongs to
// what they have then (Prelude, H1Session, H2Session); what is the same for many belongs to their owner, the Listener.
TEST(IdleConnection, IsTwoHundredBytes) {
  EXPECT_LE(sizeof(Transport), 48u);
  EXPECT_LE(sizeof(ClientConnection), 200u);
  EXPECT_GE(ObjectPages(sizeof(ClientConnection)).objects_in_page(), 20u);
}

}  // namespace
}  // namespace frontdoor
