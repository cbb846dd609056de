// The plainest end of an exchange on its stage.

#pragma once

#include <gtest/gtest.h>

#include "support/exchange_stage.h"

namespace frontdoor::testing {

// The upstream answers on this connection: that is what the client gets, and nothing of the exchange is left.
inline void served_by(ExchangeStage& stage, std::size_t connection) {
  stage.conn(connection).respond_whole("hello");
  stage.turn();
  EXPECT_TRUE(stage.left_nothing_behind());
  EXPECT_EQ(stage.client.answer.received(), "hello");
}

// On the one that was asked last.
inline void served_by_last(ExchangeStage& stage) { served_by(stage, stage.dialer.connections.size() - 1); }

}  // namespace frontdoor::testing
