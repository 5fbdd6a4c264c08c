#include "base/shared_json.h"

#include <gtest/gtest.h>

namespace pilot {
namespace {

TEST(SharedJson, NothingIsNull) {
  EXPECT_TRUE(SharedJson().is_null());
  EXPECT_TRUE(SharedJson(nullptr).is_null());
  EXPECT_TRUE(SharedJson(Json()).is_null());
  EXPECT_EQ(*SharedJson(), Json());
  EXPECT_FALSE(SharedJson(false).is_null());
}

TEST(SharedJson, CopiesAreOneValue) {
  const SharedJson one = JsonObject{{"a", JsonArray{1, 2}}};
  const SharedJson other = one;
  EXPECT_EQ(&*one, &*other);
  EXPECT_EQ(one, other);
  EXPECT_EQ(one, SharedJson(*parse_json(R"({"a":[1,2]})")));
  EXPECT_FALSE(one == SharedJson());
}

TEST(SharedJson, OnlyTheLastHolderTakesTheValueItself) {
  SharedJson one = JsonArray{"text"};
  SharedJson other = one;
  const Json* held = &*one;
  EXPECT_EQ(std::move(one).take(), *other);
  EXPECT_EQ(&*other, held);
  one = {};
  const void* item = &other->get_array()[0];
  const Json taken = std::move(other).take();
  EXPECT_EQ(&taken.get_array()[0], item);
  EXPECT_TRUE(other.is_null());
  EXPECT_TRUE(SharedJson().take().is_null());
}

}  // namespace
}  // namespace pilot
