// Secrets that the old service kept in clear: none is in Pilot's tables after the take-over, and
// each is a credential.
#include <gmock/gmock.h>

#include "store/postgres/old_database.h"
#include "store/take_over.h"

namespace pilot::store::postgres {
namespace {

using testing::HasSubstr;

constexpr char kStock[] = "aaaaaaaa-0000-4000-8000-000000000001";  // of ada
constexpr char kCrm[] = "aaaaaaaa-0000-4000-8000-000000000003";    // of nobody, made by ben

class TakeOverSecrets : public testing::Test {
 protected:
  static TakeOverOptions with_key() {
    TakeOverOptions options;
    options.can_open = [](std::string_view token) {
      return token.starts_with("opens-") || token.starts_with("sealed-");
    };
    options.seal = [](std::string_view secret) {
      return SealedText{"sealed-" + std::string(secret.rbegin(), secret.rend()), "key-1"};
    };
    return options;
  }
  void config(const std::string& id, const std::string& json) {
    old_.ask(
        "UPDATE custom_integrations SET oauth_config = $2::jsonb WHERE id = $1::uuid"
        " RETURNING id",
        {id, json});
  }
  void credential(const std::string& type, const std::string& token) {
    old_.ask(
        "INSERT INTO custom_integration_credentials (user_id, integration_id, credential_type,"
        " encrypted_value) VALUES ('ada', $1::uuid, $2, $3) RETURNING id",
        {kStock, type, token});
  }
  std::string credentials() {
    return old_.ask(
        "SELECT string_agg(concat_ws(' ', user_id, right(integration_id, 1), credential_type,"
        " key_id, encrypted_value), E'\n' ORDER BY user_id, credential_type)"
        " FROM public.custom_integration_credentials");
  }
  std::string configs() {
    return old_.ask(
        "SELECT string_agg(oauth_config::text, ' ' ORDER BY id) FROM public.custom_integrations");
  }
  // Every row of every table of Pilot's.
  std::string pilots_rows() {
    std::string all;
    const auto tables = old_.session().rows(
        "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relkind = 'r'"
        " AND c.relnamespace = 'public'::regnamespace");
    for (const auto& row : *tables) {
      all += old_.ask("SELECT string_agg(t::text, E'\n') FROM public." + *row[0] + " t");
    }
    return all;
  }

  OldDatabase old_;
  Log log_{LogLevel::off};
};

TEST_F(TakeOverSecrets, AreSealedAndStandNowhereInClear) {
  config(kStock, R"({"client_id": "stock", "client_secret": "in-clear-1",
      "token_url": "https://id.example.org/t", "scope": "read"})");
  config(kCrm, R"("{\"client_secret\": \"in-clear-2\", \"secret\": \"\", \"password\": 7777}")");
  const auto report = take_over_postgres(old_.url(), with_key(), log_);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(credentials(),
            "ada 1 client_secret key-1 sealed-1-raelc-ni\n"
            "ben 3 client_secret key-1 sealed-2-raelc-ni\n"
            "ben 3 password key-1 sealed-7777");
  EXPECT_EQ(configs(),
            R"({"scope": "read", "client_id": "stock", "token_url": "https://id.example.org/t"} )"
            R"({"token_url": "https://old.example.org/token"} {})");
  const std::string all = pilots_rows();
  EXPECT_THAT(all, HasSubstr("sealed-1-raelc-ni"));
  EXPECT_THAT(all, testing::Not(HasSubstr("in-clear")));
  EXPECT_THAT(all, testing::Not(HasSubstr("\"password\"")));
  const auto noted = [&](const TakenTable& table) {
    for (const TakeOverNote& note : table.notes) {
      if (note.reason.find("in clear") != std::string::npos) return note.rows;
    }
    return std::int64_t{0};
  };
  EXPECT_EQ(noted(report->tables[3]), 2);
  EXPECT_EQ(report->tables[3].changed, 3);
  EXPECT_TRUE(report->unreadable.empty()) << "the key that sealed them opens them";
}

TEST_F(TakeOverSecrets, DoNotReplaceWhatTheOldServiceHadSealed) {
  config(kStock, R"({"client_secret": "in-clear-1", "access_token": "in-clear-2"})");
  credential("client_secret", "opens-with-the-key");
  credential("access_token", "of-a-key-that-is-lost");
  ASSERT_TRUE(take_over_postgres(old_.url(), with_key(), log_));
  EXPECT_EQ(credentials(),
            "ada 1 access_token key-1 sealed-2-raelc-ni\n"
            "ada 1 client_secret  opens-with-the-key");
}

TEST_F(TakeOverSecrets, WithoutAKeyNothingIsTakenOver) {
  config(kStock, R"({"client_secret": "in-clear-1"})");
  const std::string before = old_.everything();
  const auto report = take_over_postgres(old_.url(), {}, log_);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, "key_missing");
  EXPECT_THAT(report.error().message, HasSubstr("PILOT_ENCRYPTION_KEY"));
  EXPECT_THAT(report.error().message, testing::Not(HasSubstr("in-clear-1")));
  EXPECT_EQ(old_.everything(), before);
}

}  // namespace
}  // namespace pilot::store::postgres
