// Migration 10 makes the table of custom integrations anew: nothing of it is lost.
#include <gmock/gmock.h>

#include "base/log.h"
#include "store/migrations.h"
#include "store/sqlite/migrate.h"
#include "store/sqlite/sqlite_under_test.h"

namespace pilot::store::sqlite {
namespace {

TEST(CustomMigration, RowsStayAsTheyWere) {
  const TemporaryFolder folder;
  Log log{LogLevel::off};
  const std::filesystem::path file = folder.path() / "pilot.db";
  {
    auto db = Connection::open({.file = file});
    ASSERT_TRUE(db) << db.error().message;
    std::vector<Migration> before = sqlite_migrations();
    std::erase_if(before, [](const Migration& one) { return one.number > 9; });
    ASSERT_TRUE(migrate(**db, before, log));
    ASSERT_TRUE((*db)->execute(
        "INSERT INTO custom_integrations VALUES ('ada', 'i1', 'acme', 'Acme', 'Ours', 'oauth',"
        " 'https://a.example', 'X-Key', '', 1, 5, 6, 'ada', 'bob', '{\"client_id\":\"me\"}',"
        " '{\"x\":1}', '{\"base\":\"https://a.example\"}');"
        "INSERT INTO custom_integration_actions VALUES ('ada', 'i1', 'a', 'r', 'A', '', 'GET',"
        " '/a', 5, 6, NULL, NULL)"));
  }
  Shard shard;
  auto store = open_sqlite({.file = file}, log);
  ASSERT_TRUE(store) << store.error().message;
  const auto found = shard.wait((*store)->find_integration({"ada"}, {"i1"}));
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->name + found->display_name + found->description + found->auth_type +
                found->base_url + found->auth_header + found->created_by + found->updated_by,
            "acmeAcmeOursoauthhttps://a.exampleX-Keyadabob");
  EXPECT_EQ(found->auth_prefix, "");
  EXPECT_TRUE(found->is_active);
  EXPECT_EQ(found->updated_at, from_unix_micros(6));
  EXPECT_EQ(to_json(found->oauth_config), R"({"client_id":"me"})");
  EXPECT_EQ(to_json(found->manifest), R"({"base":"https://a.example"})");
  EXPECT_TRUE(found->summary.is_null());
  EXPECT_EQ(found->actions.size(), 1u);
  CustomIntegration second = *found;
  second.id = {"i2"};
  const Status taken = shard.wait((*store)->create_integration(second));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, "name_taken");
}

}  // namespace
}  // namespace pilot::store::sqlite
