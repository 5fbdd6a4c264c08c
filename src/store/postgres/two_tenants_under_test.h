// A database in which two tenants have rows in every table there is, found in the catalogue, so
// that a new table is covered without a word about it; and a login that can do what the application
// can. Every text of a tenant's row names the tenant. For tests only.
#pragma once

#include <map>

#include "store/postgres/postgres_under_test.h"
#include "store/postgres/raw_session_under_test.h"

namespace pilot::store::postgres {

inline const std::string kVictim = "tenant-victim";
inline const std::string kAttacker = "tenant-attacker";

// A member of pilot_app and nothing else, as docs/security.md says to make it.
class PlainLogin {
 public:
  PlainLogin() {
    static int made = 0;
    name_ = fmt::format("pilot_test_login_{}_{}", getpid(), ++made);
    must(session_.execute("CREATE ROLE " + name_ + " LOGIN; GRANT pilot_app TO " + name_));
  }
  ~PlainLogin() { static_cast<void>(session_.execute("DROP ROLE " + name_)); }
  PlainLogin(const PlainLogin&) = delete;
  PlainLogin& operator=(const PlainLogin&) = delete;

  const std::string& name() const { return name_; }
  std::string url_of(std::string url) const {
    return url.replace(url.find("//"), url.find('@') - url.find("//"), "//" + name_);
  }

 private:
  Session session_ = admin();
  std::string name_;
};

class TwoTenants {
 public:
  TwoTenants() {
    for (const std::string& table : names("NOT relispartition")) {
      for (const std::string& tenant : {kVictim, kAttacker}) {
        must(admin_.execute(insert_into(table, tenant, tenant + "-old")));
        // Into the partition of this month, if there are any.
        const std::string now = ask(admin_, "SELECT uuid_at(now())") + "-7000-8000-";
        must(admin_.execute(insert_into(table, tenant, now + tenant) + " ON CONFLICT DO NOTHING"));
      }
    }
    must(admin_.execute("ANALYZE"));
  }

  Session& superuser() { return admin_; }
  std::string url() const { return login_.url_of(database_.url()); }
  const std::string& login() const { return login_.name(); }

  std::vector<std::string> tables() { return names("NOT relispartition"); }
  std::vector<std::string> tables_and_partitions() { return names("true"); }
  bool is_partition(const std::string& table) {
    return ask(admin_, "SELECT relispartition::text FROM pg_class WHERE oid = $1::regclass",
               {table}) == "true";
  }

  // A row of that tenant in words of SQL: `key` where the table is divided by.
  std::string insert_into(const std::string& table, const std::string& tenant,
                          const std::string& key) {
    static constexpr char kInsert[] = R"(
      SELECT format('INSERT INTO public.%I (%s) VALUES (%s)', $1::text,
        string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum),
        string_agg(CASE
          WHEN a.attname = 'user_id' THEN quote_literal($2::text)
          WHEN a.attnum = d.partattrs[0] THEN quote_literal($3::text)
          WHEN a.atttypid IN ('text'::regtype, 'varchar'::regtype)
            THEN quote_literal($3::text || ' ' || a.attname)
          WHEN a.atttypid IN ('json'::regtype, 'jsonb'::regtype)
            THEN quote_literal(jsonb_build_object('of', $2::text))
          WHEN a.atttypid IN ('text[]'::regtype, 'varchar[]'::regtype)
            THEN quote_literal(ARRAY[$2::text])
          WHEN a.atttypid = 'bytea'::regtype THEN quote_literal($2::text::bytea)
          WHEN a.atttypid = 'timestamptz'::regtype AND NOT a.attnotnull THEN 'NULL'
          WHEN a.atttypid = 'boolean'::regtype THEN 'false'
          WHEN a.atttypid = 'uuid'::regtype THEN 'gen_random_uuid()'
          WHEN a.atttypid IN ('timestamptz'::regtype, 'date'::regtype) THEN 'now()'
          ELSE '1' END, ', ' ORDER BY a.attnum))
      FROM pg_attribute a LEFT JOIN pg_partitioned_table d ON d.partrelid = a.attrelid
      WHERE a.attrelid = ('public.' || quote_ident($1))::regclass AND a.attnum > 0
        AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity = ''
    )";
    return ask(admin_, kInsert, {table, tenant, key});
  }

  long rows(const std::string& table, const std::string& tenant) {
    return std::stol(ask(admin_,
                         "SELECT count(*)::text FROM " + table + " t WHERE strpos(t::text, $1) > 0",
                         {tenant}));
  }
  // Changes when any of the victim's rows does.
  std::map<std::string, std::string> state_of_victim() {
    std::map<std::string, std::string> state;
    for (const std::string& table : tables()) {
      state[table] = ask(admin_,
                         "SELECT count(*) || md5(string_agg(t::text, '' ORDER BY t::text)) FROM " +
                             table + " t WHERE strpos(t::text, $1) > 0",
                         {kVictim});
    }
    return state;
  }

 private:
  std::vector<std::string> names(const std::string& condition) {
    const std::string all = ask(
        admin_,
        "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind IN ('r', 'p')"
        " AND relnamespace = 'public'::regnamespace AND relname <> 'pilot_schema' AND " +
            condition);
    std::vector<std::string> found;
    for (std::size_t at = 0; at < all.size();) {
      const std::size_t end = std::min(all.find(' ', at), all.size());
      found.push_back(all.substr(at, end - at));
      at = end + 1;
    }
    return found;
  }

  PlainLogin login_;
  Database database_;
  Session admin_ = admin(database_.url());
};

}  // namespace pilot::store::postgres
