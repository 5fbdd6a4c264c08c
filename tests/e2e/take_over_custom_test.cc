// Custom integrations of the old service after pilot migrate --from-old: plans call them as they
// did, by name and by custom_<id>, on a real server, with the credentials that they had.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_service.h"
#include "pilot.h"
#include "store/postgres/old_database.h"
#include "vault/key_ring.h"

namespace pilot::e2e {
namespace {

using store::postgres::OldDatabase;
using testing::HasSubstr;
using testing::Not;

const std::string kStock = "aaaaaaaa-0000-4000-8000-000000000001";  // of ada; its header: X-Api-Key
const std::string kCrm = "aaaaaaaa-0000-4000-8000-000000000003";    // of nobody; ben made it

class TakenOverIntegrations : public testing::Test {
 protected:
  TakenOverIntegrations() {
    const std::string url = service_.url();
    old_.sql("UPDATE custom_integrations SET base_url = '" + url + "/v1' WHERE id = '" + kStock +
             "'; UPDATE custom_integrations SET base_url = '" + url + "/crm' WHERE id = '" + kCrm +
             "'");
    old_.integration_credential(
        "ada", key_.encrypt("sealed-by-the-old-service", make_system_clock()->now(), *random_));
    plan("by-name", "ada", "warehouse", "list_stock", R"({"sku": "a7"})");
    plan("by-id", "ada", "custom_" + kStock, "list_stock", R"({"sku": "a8"})");
    plan("crm", "ben", "crm", "find", "{}");
  }
  // As the old service wrote it.
  void plan(const std::string& id, const std::string& user, const std::string& provider,
            const std::string& action, const std::string& params) {
    old_.ask(
        "INSERT INTO execution_plans (id, user_id, name, plan_json, status) VALUES ($1, $2, $1,"
        " $3::jsonb, 'active') RETURNING id",
        {id, user,
         fmt::format(R"([{{"provider": "{}", "action_id": "{}", "parameters": {}}},
                         {{"provider": "logic", "action": "set",
                           "params": {{"left": "{{{{step_1.output.left}}}}"}}}}])",
                     provider, action, params)});
  }
  Arguments environment() const {
    return {"/usr/bin/env", "PILOT_ENCRYPTION_KEY=" + std::string(key_.to_text().reveal()),
            "PILOT_DATABASE_URL=" + old_.url()};
  }
  Finished run(const Arguments& more) const {
    Arguments all = environment();
    all.insert(all.end(), {PILOT_BINARY, "--data-dir", data().string()});
    all.insert(all.end(), more.begin(), more.end());
    return Process(all).wait();
  }
  Json json(Arguments more) const {
    more.emplace_back("--json");
    const Finished done = run(more);
    EXPECT_EQ(done.code, 0) << done.err;
    return parsed(done.out);
  }
  std::filesystem::path data() const { return dir_.path() / "data"; }

  TempDir dir_;
  std::unique_ptr<Random> random_ = make_system_random();
  vault::FernetKey key_ = vault::FernetKey::generate(*random_);
  FakeService service_{answer(200, R"({"left":3})")};
  OldDatabase old_;
};

TEST_F(TakenOverIntegrations, AreCalledByPlansByNameAndByIdWithTheirCredentials) {
  ASSERT_EQ(run({"migrate", "--from-old"}).code, 0);
  const Server server(data(), {}, environment());
  ASSERT_TRUE(server.up());
  for (const std::string& plan : {std::string("by-name"), std::string("by-id")}) {
    const Json ran = json({"plans", "run", plan, "--user", "ada"});
    EXPECT_EQ(text_at(ran, "status"), "success") << to_json(ran);
    EXPECT_EQ(to_json(at(ran, "steps/1/output/left")), "3");
  }
  const auto seen = service_.seen("/v1/stock");
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].query("sku"), "a7");
  EXPECT_EQ(seen[1].query("sku"), "a8");
  for (const Seen& one : seen) EXPECT_EQ(one.header("x-api-key"), "sealed-by-the-old-service");
  const std::string plan = dir_.write(
      "plan.json", R"([{"provider":"warehouse","action":"list_stock","params":{"sku":"a9"}}])");
  EXPECT_EQ(run({"run", plan, "--user", "ada"}).code, 0);
  EXPECT_EQ(service_.count("/v1/stock"), 3u);
  const Finished theirs = run({"run", plan, "--user", "ben"});
  EXPECT_NE(theirs.code, 0);
  EXPECT_THAT(theirs.err, HasSubstr("there is no provider"));
}

TEST_F(TakenOverIntegrations, SecretsInClearWorkWithoutBeingSetAgain) {
  old_.ask(
      "UPDATE custom_integrations SET auth_type = 'oauth', oauth_config = $1::jsonb"
      " WHERE id = '" +
          kCrm + "'::uuid RETURNING id",
      {R"({"client_id": "ours", "client_secret": "clear-client-secret",
                "access_token": "clear-access-token"})"});
  const Finished done = run({"migrate", "--from-old"});
  ASSERT_EQ(done.code, 0) << done.err;
  EXPECT_THAT(done.out, HasSubstr("stood in clear in its oauth_config"));
  EXPECT_THAT(done.out + done.err, Not(HasSubstr("clear-")));
  const auto kept = old_.session().rows(
      "SELECT credential_type, encrypted_value FROM custom_integration_credentials"
      " WHERE integration_id = '" +
      kCrm + "' ORDER BY credential_type");
  ASSERT_TRUE(kept);
  ASSERT_EQ(kept->size(), 2u);
  EXPECT_EQ(key_.decrypt(*(*kept)[0][1])->reveal(), "clear-access-token");
  EXPECT_EQ(key_.decrypt(*(*kept)[1][1])->reveal(), "clear-client-secret");
  EXPECT_EQ(old_.ask("SELECT oauth_config::text FROM public.custom_integrations WHERE id = '" +
                     kCrm + "'"),
            R"({"client_id": "ours"})");

  const Json ran = json({"plans", "run", "crm", "--user", "ben"});
  EXPECT_EQ(text_at(ran, "status"), "success") << to_json(ran);
  ASSERT_EQ(service_.count("/crm/find"), 1u);
  EXPECT_EQ(service_.seen("/crm/find")[0].header("authorization"), "Bearer clear-access-token");
  EXPECT_THAT(to_json(ran), Not(HasSubstr("clear-access-token")));
}

}  // namespace
}  // namespace pilot::e2e
