#include "model/scope.h"

#include <gtest/gtest.h>

namespace pilot {
namespace {

TEST(Scope, NamesGoBothWays) {
  for (const Scope scope : kAllScopes) EXPECT_EQ(scope_from(to_string(scope)), scope);
  EXPECT_EQ(to_string(Scope::act_as), "act-as");
  for (const std::string_view wrong : {"", "Read", "act_as", "read ", "*", "all"}) {
    EXPECT_FALSE(scope_from(wrong)) << wrong;
  }
}

TEST(Scopes, AreReadAndWritten) {
  const Result<Scopes> some = parse_scopes("write, read,act-as");
  ASSERT_TRUE(some);
  EXPECT_EQ(to_string(*some), "read,write,act-as");
  EXPECT_EQ(to_string(Scopes::all()), "read,run,write,credentials,admin,act-as");
  EXPECT_EQ(*parse_scopes(to_string(Scopes::all())), Scopes::all());
  for (const std::string_view wrong : {"", ",", "read,", "read,,run", "read run", "everything"}) {
    EXPECT_FALSE(parse_scopes(wrong)) << wrong;
  }
}

TEST(Scopes, WithinIsASubset) {
  const Scopes read = *parse_scopes("read");
  const Scopes both = *parse_scopes("read,run");
  EXPECT_TRUE(read.within(both));
  EXPECT_TRUE(both.within(both));
  EXPECT_TRUE(Scopes{}.within(read));
  EXPECT_FALSE(both.within(read));
  EXPECT_FALSE((*parse_scopes("admin")).within(both));
}

}  // namespace
}  // namespace pilot
