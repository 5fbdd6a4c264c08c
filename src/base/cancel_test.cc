#include "base/cancel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace pilot {
namespace {

using testing::ElementsAre;

TEST(Cancel, CallsInOrderAndOnce) {
  CancelSource source;
  const CancelToken token = source.token();
  std::vector<int> seen;
  token.on_cancel([&] { seen.push_back(1); });
  const auto forgotten = token.on_cancel([&] { seen.push_back(2); });
  token.on_cancel([&] { seen.push_back(3); });
  token.forget(forgotten);
  EXPECT_FALSE(token.cancelled());
  source.cancel();
  source.cancel();
  EXPECT_TRUE(token.cancelled());
  EXPECT_THAT(seen, ElementsAre(1, 3));
}

TEST(Cancel, LateCallersHearAtOnce) {
  CancelSource source;
  source.cancel();
  bool heard = false;
  EXPECT_EQ(source.token().on_cancel([&] { heard = true; }), 0u);
  EXPECT_TRUE(heard);
}

TEST(Cancel, ACallMayAddForgetAndCancel) {
  CancelSource source;
  const CancelToken token = source.token();
  std::vector<int> seen;
  token.on_cancel([&] {
    token.forget(1);
    token.on_cancel([&] { seen.push_back(2); });
    source.cancel();
    seen.push_back(1);
  });
  source.cancel();
  EXPECT_THAT(seen, ElementsAre(2, 1));
}

TEST(Cancel, TheEmptyTokenIsNeverCancelled) {
  const CancelToken token;
  EXPECT_FALSE(token.cancelled());
  EXPECT_EQ(token.on_cancel([] { FAIL(); }), 0u);
  token.forget(0);
}

TEST(Cancel, ATokenOutlivesItsSource) {
  std::optional<CancelSource> source(std::in_place);
  const CancelToken token = source->token();
  bool heard = false;
  token.on_cancel([&] { heard = true; });
  source.reset();
  EXPECT_FALSE(token.cancelled());
  EXPECT_FALSE(heard);
}

}  // namespace
}  // namespace pilot
