// Plans, their versions, credentials; and that nobody sees what is another user's.
#include "store/store_conformance.h"

namespace pilot::store {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

StoredPlan make_plan(const std::string& id, const UserId& user = kAda) {
  StoredPlan plan;
  plan.user = user;
  plan.id = {id};
  plan.name = "Plan " + id;
  plan.original_prompt = "every day at nine";
  plan.document = JsonObject{{"steps", JsonArray{JsonObject{{"provider", "logic"}}}}};
  plan.plain_english_steps = {"fetch", "tell \"me\""};
  plan.required_providers = {"slack"};
  plan.trigger = JsonObject{{"type", "manual"}};
  plan.status = "active";
  plan.created_at = kStart;
  plan.updated_at = kStart;
  return plan;
}

void expect_same_plan(const StoredPlan& a, const StoredPlan& b) {
  EXPECT_EQ(a.user, b.user);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.original_prompt, b.original_prompt);
  EXPECT_EQ(a.document, b.document);
  EXPECT_EQ(a.plain_english_steps, b.plain_english_steps);
  EXPECT_EQ(a.required_providers, b.required_providers);
  EXPECT_EQ(a.trigger, b.trigger);
  EXPECT_EQ(a.status, b.status);
  EXPECT_EQ(a.version, b.version);
  EXPECT_EQ(a.created_at, b.created_at);
  EXPECT_EQ(a.updated_at, b.updated_at);
}

SealedCredential make_credential(const std::string& provider, const std::string& type,
                                 const UserId& user = kAda) {
  SealedCredential credential;
  credential.user = user;
  credential.provider = provider;
  credential.type = type;
  credential.encrypted_value = "sealed-" + provider + "-" + type;
  credential.created_at = kStart;
  credential.updated_at = kStart;
  return credential;
}

std::vector<std::string> names(const Result<std::vector<SealedCredential>>& found) {
  std::vector<std::string> list;
  if (!found) return {found.error().message};
  for (const auto& one : *found)
    list.push_back(one.provider + "/" + one.connection + "/" + one.type);
  return list;
}

}  // namespace

TEST_P(StoreConformance, PlanComesBackAsWritten) {
  const StoredPlan plan = make_plan("p");
  ASSERT_TRUE(wait(store().create_plan(plan)));
  const auto found = wait(store().find_plan(kAda, {"p"}));
  ASSERT_TRUE(found);
  expect_same_plan(*found, plan);
  const auto version = wait(store().find_version(kAda, {"p"}, 1));
  ASSERT_TRUE(version);
  EXPECT_EQ(version->plan, plan.id);
  EXPECT_EQ(version->version, 1);
  EXPECT_EQ(version->name, plan.name);
  EXPECT_EQ(version->document, plan.document);
  EXPECT_EQ(version->created_at, kStart);
}

// jsonb writes them all out, 1e300 with three hundred zeros.
TEST_P(StoreConformance, NumbersOfAnySizeInAPlanAndItsTriggerComeBack) {
  StoredPlan plan = make_plan("p");
  plan.trigger = *parse_json(R"({"type":"manual","far":[1e300,-1.7976931348623157e308,5e-324,
                                 18446744073709551616.0,18446744073709551615]})");
  plan.document = JsonObject{{"steps", JsonArray{plan.trigger}}};
  ASSERT_TRUE(wait(store().create_plan(plan)));
  const auto found = wait(store().find_plan(kAda, {"p"}));
  ASSERT_TRUE(found) << found.error().message;
  expect_same_plan(*found, plan);
  const auto listed = wait(store().list_plans(kAda, "", {}));
  ASSERT_TRUE(listed) << listed.error().message;
}

TEST_P(StoreConformance, PlanWithoutAnythingComesBack) {
  StoredPlan plan;
  plan.user = kAda;
  plan.id = {"p"};
  ASSERT_TRUE(wait(store().create_plan(plan)));
  expect_same_plan(*wait(store().find_plan(kAda, {"p"})), plan);
}

TEST_P(StoreConformance, PlanIdIsTakenOnce) {
  ASSERT_TRUE(wait(store().create_plan(make_plan("p"))));
  StoredPlan second = make_plan("p");
  second.name = "other";
  const Status again = wait(store().create_plan(second));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::conflict);
  expect_same_plan(*wait(store().find_plan(kAda, {"p"})), make_plan("p"));
}

TEST_P(StoreConformance, EverySaveMakesAVersion) {
  ASSERT_TRUE(wait(store().create_plan(make_plan("p"))));
  StoredPlan change = make_plan("p");
  change.name = "Second";
  change.document = JsonObject{{"steps", JsonArray{}}};
  change.status = "archived";
  change.created_at = kStart + 9s;  // is not changed by a save
  change.updated_at = kStart + 1s;
  const auto version = wait(store().update_plan(change, 1));
  ASSERT_TRUE(version);
  EXPECT_EQ(*version, 2);
  EXPECT_EQ(*wait(store().update_plan(change, 0)), 3);

  const auto found = wait(store().find_plan(kAda, {"p"}));
  change.version = 3;
  change.created_at = kStart;
  expect_same_plan(*found, change);
  EXPECT_EQ(wait(store().find_version(kAda, {"p"}, 1))->document, make_plan("p").document);
  EXPECT_EQ(wait(store().find_version(kAda, {"p"}, 2))->document, change.document);
  EXPECT_EQ(wait(store().find_version(kAda, {"p"}, 2))->created_at, kStart + 1s);
  const auto all = wait(store().list_versions(kAda, {"p"}));
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ((*all)[0].version, 3);
  EXPECT_EQ((*all)[2].version, 1);
  EXPECT_EQ(wait(store().find_version(kAda, {"p"}, 4)).error().kind, ErrorKind::not_found);
}

TEST_P(StoreConformance, StaleVersionIsAConflictAndChangesNothing) {
  ASSERT_TRUE(wait(store().create_plan(make_plan("p"))));
  const auto stale = wait(store().update_plan(make_plan("p"), 2));
  ASSERT_FALSE(stale);
  EXPECT_EQ(stale.error().kind, ErrorKind::conflict);
  EXPECT_EQ(stale.error().code, "version_conflict");
  EXPECT_EQ(wait(store().list_versions(kAda, {"p"}))->size(), 1u);
  const auto missing = wait(store().update_plan(make_plan("q"), 0));
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
}

TEST_P(StoreConformance, SavesAtOnceGetDifferentVersions) {
  ASSERT_TRUE(wait(store().create_plan(make_plan("p"))));
  std::vector<std::shared_ptr<std::optional<Result<int>>>> answers;
  for (int i = 0; i < 20; ++i)
    answers.push_back(shard_.start(store().update_plan(make_plan("p"), 0)));
  for (int i = 0; i < 5; ++i)
    answers.push_back(shard_.start(store().update_plan(make_plan("p"), 1)));
  shard_.run();
  std::set<int> versions;
  for (std::size_t i = 0; i < 20; ++i) versions.insert(answers[i]->value().value());
  EXPECT_EQ(versions.size(), 20u);
  EXPECT_EQ(*versions.rbegin(), 21);
  for (std::size_t i = 20; i < 25; ++i) EXPECT_FALSE(answers[i]->value());
}

TEST_P(StoreConformance, RemovedPlanLeavesItsVersions) {
  ASSERT_TRUE(wait(store().create_plan(make_plan("p"))));
  ASSERT_TRUE(wait(store().remove_plan(kAda, {"p"})));
  EXPECT_EQ(wait(store().find_plan(kAda, {"p"})).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(wait(store().find_version(kAda, {"p"}, 1)));
  EXPECT_TRUE(wait(store().list_plans(kAda, "", {}))->items.empty());
  const Status again = wait(store().remove_plan(kAda, {"p"}));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().kind, ErrorKind::not_found);
}

TEST_P(StoreConformance, PlansAreListedNewestFirstInPages) {
  for (int i = 0; i < 5; ++i) {
    StoredPlan plan = make_plan("plan-" + std::to_string(i));
    if (i == 2) plan.status = "draft";
    ASSERT_TRUE(wait(store().create_plan(plan)));
  }
  const auto pages = [&](const std::string& status) {
    std::vector<std::string> ids;
    PageRequest page{.limit = 2, .cursor = {}};
    do {
      const auto got = wait(store().list_plans(kAda, status, page));
      EXPECT_TRUE(got);
      if (!got) break;
      for (const StoredPlan& plan : got->items) ids.push_back(plan.id.text);
      page.cursor = got->next_cursor;
    } while (!page.cursor.empty());
    return ids;
  };
  EXPECT_THAT(pages(""), ElementsAre("plan-4", "plan-3", "plan-2", "plan-1", "plan-0"));
  EXPECT_THAT(pages("draft"), ElementsAre("plan-2"));
  EXPECT_THAT(pages("archived"), IsEmpty());
}

TEST_P(StoreConformance, CredentialIsPutReplacedAndRead) {
  EXPECT_FALSE(*wait(store().any_encrypted_rows()));
  SealedCredential credential = make_credential("openai", "api_key");
  credential.expires_at = kStart + 1h;
  ASSERT_TRUE(wait(store().put_credential(credential)));
  credential.encrypted_value = "sealed-again";
  credential.expires_at.reset();
  credential.created_at = kStart + 5s;  // stays that of the first
  credential.updated_at = kStart + 5s;
  ASSERT_TRUE(wait(store().put_credential(credential)));
  const auto found = wait(store().connection_credentials(kAda, "openai", "default"));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ((*found)[0].user, kAda);
  EXPECT_EQ((*found)[0].type, "api_key");
  EXPECT_EQ((*found)[0].encrypted_value, "sealed-again");
  EXPECT_EQ((*found)[0].expires_at, std::nullopt);
  EXPECT_EQ((*found)[0].created_at, kStart);
  EXPECT_EQ((*found)[0].updated_at, kStart + 5s);
  EXPECT_TRUE(*wait(store().any_encrypted_rows()));
}

TEST_P(StoreConformance, CredentialsAreListedWithoutValuesAndRemoved) {
  SealedCredential work = make_credential("smtp", "password");
  work.connection = "office";
  for (const auto& one : {make_credential("smtp", "user"), make_credential("smtp", "password"),
                          make_credential("openai", "api_key"), work}) {
    ASSERT_TRUE(wait(store().put_credential(one)));
  }
  const auto all = wait(store().list_credentials(kAda, ""));
  EXPECT_THAT(names(all), ElementsAre("openai/default/api_key", "smtp/default/password",
                                      "smtp/default/user", "smtp/office/password"));
  for (const auto& one : *all) EXPECT_EQ(one.encrypted_value, "");
  EXPECT_THAT(names(wait(store().list_credentials(kAda, "openai"))),
              ElementsAre("openai/default/api_key"));
  EXPECT_THAT(names(wait(store().connection_credentials(kAda, "smtp", "default"))),
              ElementsAre("smtp/default/password", "smtp/default/user"));
  EXPECT_THAT(names(wait(store().connection_credentials(kAda, "smtp", "none"))), IsEmpty());

  EXPECT_EQ(*wait(store().remove_credentials(kAda, "smtp", "default", "user")), 1);
  EXPECT_EQ(*wait(store().remove_credentials(kAda, "smtp", "default", "user")), 0);
  EXPECT_EQ(*wait(store().remove_credentials(kAda, "smtp", "default", "")), 1);
  EXPECT_THAT(names(wait(store().list_credentials(kAda, "smtp"))),
              ElementsAre("smtp/office/password"));
}

TEST_P(StoreConformance, CredentialGenerationRisesWithEveryChange) {
  std::uint64_t before = store().credential_generation();
  const auto risen = [&] {
    const std::uint64_t now = store().credential_generation();
    return now > std::exchange(before, now);
  };
  ASSERT_TRUE(wait(store().put_credential(make_credential("openai", "api_key"))));
  EXPECT_TRUE(risen());
  ASSERT_TRUE(wait(store().connection_credentials(kAda, "openai", "default")));
  EXPECT_FALSE(risen());
  ASSERT_TRUE(wait(store().remove_credentials(kAda, "openai", "default", "")));
  EXPECT_TRUE(risen());
}

TEST_P(StoreConformance, OtherUsersSeeAndChangeNothing) {
  const Run run = make_run("r");
  put_all(InsertRun{run}, put(run, make_attempt(run, 1)), InsertRun{make_idle_run("idle")});
  ASSERT_TRUE(wait(store().create_plan(make_plan("p"))));
  ASSERT_TRUE(wait(store().put_credential(make_credential("openai", "api_key"))));

  for (const UserId& user : {kBob, UserId{""}, UserId{"ADA"}, UserId{"ada "}, UserId{"ad%"}}) {
    const auto gone = [](const auto& result) {
      return !result && result.error().kind == ErrorKind::not_found;
    };
    EXPECT_TRUE(gone(wait(store().find_plan(user, {"p"}))));
    EXPECT_TRUE(gone(wait(store().find_version(user, {"p"}, 1))));
    EXPECT_TRUE(gone(wait(store().list_versions(user, {"p"}))));
    EXPECT_TRUE(gone(wait(store().update_plan(make_plan("p", user), 0))));
    EXPECT_TRUE(gone(wait(store().remove_plan(user, {"p"}))));
    EXPECT_TRUE(gone(wait(store().find_run(user, {"r"}))));
    EXPECT_TRUE(gone(wait(store().cancel_idle_run(user, {"idle"}, kStart))));
    EXPECT_THAT(wait(store().list_plans(user, "", {}))->items, IsEmpty());
    EXPECT_THAT(wait(store().list_runs(user, {}, {}))->items, IsEmpty());
    EXPECT_THAT(wait(store().list_attempts(user, {}, {}))->items, IsEmpty());
    EXPECT_THAT(wait(store().list_attempts(user, {.plan = {}, .run = run.id}, {}))->items,
                IsEmpty());
    EXPECT_THAT(*wait(store().run_attempts(user, run.id, 0)), IsEmpty());
    EXPECT_THAT(names(wait(store().list_credentials(user, ""))), IsEmpty());
    EXPECT_THAT(names(wait(store().connection_credentials(user, "openai", "default"))), IsEmpty());
    EXPECT_EQ(*wait(store().remove_credentials(user, "openai", "default", "")), 0);
    Run theirs = ended(make_run("r", user));
    EXPECT_THAT(fenced_by(write(update(theirs), put(theirs, make_attempt(theirs, 1)))),
                ElementsAre(RunId{"r"}));
  }
  expect_same(stored("r"), run);
  EXPECT_EQ(attempts("r").size(), 1u);
  EXPECT_EQ(stored("idle").state, RunState::queued);
  EXPECT_EQ(wait(store().list_credentials(kAda, ""))->size(), 1u);
}

TEST_P(StoreConformance, TwoUsersMayHaveTheSameIds) {
  const Run theirs = ended(make_run("r", kBob));
  put_all(InsertRun{make_run("r")}, InsertRun{theirs}, put(theirs, make_attempt(theirs, 1)));
  ASSERT_TRUE(wait(store().create_plan(make_plan("p"))));
  StoredPlan bobs = make_plan("p", kBob);
  bobs.name = "Bob's";
  ASSERT_TRUE(wait(store().create_plan(bobs)));
  expect_same(stored("r"), make_run("r"));
  expect_same(stored("r", kBob), theirs);
  EXPECT_THAT(attempts("r"), IsEmpty());
  ASSERT_TRUE(wait(store().remove_plan(kAda, {"p"})));
  EXPECT_EQ(wait(store().find_plan(kBob, {"p"}))->name, "Bob's");
}

TEST_P(StoreConformance, ForeignCursorShowsOnlyOnesOwnRows) {
  for (int i = 0; i < 4; ++i) {
    put_all(InsertRun{make_run("run-" + std::to_string(i), kBob)});
    put_all(InsertRun{make_run("run-" + std::to_string(i))});
  }
  const auto bobs = wait(store().list_runs(kBob, {}, {.limit = 2, .cursor = {}}));
  ASSERT_TRUE(bobs);
  const auto mine = wait(store().list_runs(kAda, {}, {.limit = 9, .cursor = bobs->next_cursor}));
  ASSERT_TRUE(mine);
  for (const Run& run : mine->items) EXPECT_EQ(run.user, kAda);
  EXPECT_EQ(mine->items.size(), 2u);
}

}  // namespace pilot::store
