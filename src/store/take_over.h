// Taking over a PostgreSQL database of the old service, in place: its tables move into the schema
// old_service, Pilot's schema is made, the rows are copied; all of it in one transaction, so that
// nothing has happened or everything. Schedules are made afterwards by who knows cron expressions.
// Blocking; for a command, with nothing else running.
#pragma once

#include <functional>

#include "store/store.h"

namespace pilot::store {

struct TakeOverNote {
  std::string outcome;  // changed, left, remark
  std::string reason;
  std::int64_t rows = 0;
};

// One of the old service's tables. rows = taken + left; changed ones are among the taken.
struct TakenTable {
  std::string name;
  bool there = false;
  std::int64_t rows = 0;
  std::int64_t taken = 0;
  std::int64_t changed = 0;
  std::int64_t left = 0;
  std::vector<TakeOverNote> notes;
};

struct CredentialName {
  std::string user;
  std::string provider;  // or the custom integration's name
  std::string type;
};

struct SealedText {
  std::string token;
  std::string key_id;
};

struct TakeOverOptions {
  // What a provider of the old service is called today. Empty function: as it was.
  std::function<std::string(const std::string&)> provider_name;
  // Whether one of the keys opens the token. Empty function: there is no key to try.
  std::function<bool(std::string_view token)> can_open;
  // Seals with the first of them what the old service kept in clear. Empty function: as above.
  std::function<SealedText(std::string_view secret)> seal = {};
  Millis lock_wait{10'000};  // for who uses the old tables
};

struct TakeOverReport {
  bool already = false;            // it was before: nothing was changed
  std::optional<WallTime> at;      // none: there is nothing of the old service (any more)
  bool schedules_made = false;     // finish_take_over() has been called
  std::vector<TakenTable> tables;  // always all six
  bool keys_tried = false;
  std::vector<CredentialName> unreadable;
};

// Codes: not_old_service, name_taken (a table that Pilot needs is somebody else's), database_locked
// (the old service still runs), key_missing (secrets in clear, and nothing to seal them with),
// database_permission, database_away, invalid_database_url.
Result<TakeOverReport> take_over_postgres(const std::string& url, const TakeOverOptions& options,
                                          Log& log);

struct PlanKey {
  UserId user;
  PlanId id;
};
// All that the old service had, taken or not.
Result<std::vector<PlanKey>> old_plans(const std::string& url);
// Notes that the schedules have been made.
Status finish_take_over(const std::string& url);

// Removes the schema old_service; answers what tables were in it. Codes: not_found,
// take_over_unfinished, database_in_use (something else is built on the old tables).
Result<std::vector<std::string>> drop_old_tables(const std::string& url);

}  // namespace pilot::store
