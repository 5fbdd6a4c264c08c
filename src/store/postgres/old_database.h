// For tests: a database of the old service, from tests/fixtures/old_service.sql.
#pragma once

#include <fstream>
#include <sstream>

#include "store/postgres/postgres_under_test.h"

namespace pilot::store::postgres {

// Lives in a database of its own.
class OldDatabase {
 public:
  OldDatabase() {
    std::ifstream file(PILOT_SOURCE_DIR "/tests/fixtures/old_service.sql");
    std::stringstream sql;
    sql << file.rdbuf();
    if (!file) throw std::runtime_error("tests/fixtures/old_service.sql cannot be read");
    must(session_.execute(sql.str()));
  }

  std::string url() const { return database_.url(); }
  Session& session() { return session_; }
  std::string ask(const std::string& sql, std::vector<std::string> params = {}) {
    return postgres::ask(session_, sql, std::move(params));
  }
  void sql(const std::string& text) { must(session_.execute(text)); }

  void credential(const std::string& user, const std::string& provider, const std::string& type,
                  const std::string& token, const std::string& updated_at = "2023-01-01") {
    ask("INSERT INTO provider_credentials (user_id, provider, type, encrypted_value, created_at,"
        " updated_at) VALUES ($1, $2, $3, $4, '2022-12-31Z', ($5 || 'Z')::timestamptz)"
        " RETURNING id",
        {user, provider, type, token, updated_at});
  }
  void integration_credential(const std::string& user, const std::string& token) {
    ask("INSERT INTO custom_integration_credentials (user_id, integration_id, credential_type,"
        " encrypted_value) VALUES ($1, 'aaaaaaaa-0000-4000-8000-000000000001', 'api_key', $2)"
        " RETURNING id",
        {user, token});
  }

  // All that can be seen of it, to be compared: every row of every table, and every definition.
  std::string everything() {
    std::string all = ask(
        "SELECT string_agg(concat_ws(' ', n.nspname, c.relname, c.relkind, c.relrowsecurity,"
        " c.relforcerowsecurity), E'\\n' ORDER BY n.nspname, c.relname) FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname !~ '^(pg_|information_)'");
    all +=
        ask("SELECT string_agg(concat_ws(' ', n.nspname, p.proname, p.prosrc), E'\\n'"
            " ORDER BY n.nspname, p.proname) FROM pg_proc p JOIN pg_namespace n"
            " ON n.oid = p.pronamespace WHERE n.nspname !~ '^(pg_|information_)'");
    const auto tables = session_.rows(
        "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid ="
        " c.relnamespace WHERE n.nspname !~ '^(pg_|information_)' AND c.relkind = 'r' ORDER BY 1");
    if (!tables) throw std::runtime_error(tables.error().message);
    for (const auto& row : *tables) {
      all += '\n' + *row[0] + ": " +
             ask("SELECT string_agg(t::text, E'\\n' ORDER BY t::text) FROM " + *row[0] + " t");
    }
    return all;
  }

 private:
  Database database_{Database::Kind::empty};
  Session session_ = admin(database_.url());
};

}  // namespace pilot::store::postgres
