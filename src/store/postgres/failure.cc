#include "store/postgres/failure.h"

#include <fmt/format.h>

namespace pilot::store::postgres {

Error failure_error(const Failure& failure) {
  const std::string_view state = failure.state;
  const std::string_view group = state.substr(0, 2);
  if (state == "23505") return conflict("duplicate_id", "there is already one with this id");
  if (state == "22P05" || state == "22021") {
    return invalid("nul_in_text",
                   "a text holds the character U+0000, which the database cannot store; take it "
                   "out");
  }
  if (state == "53100") {
    return unavailable("database_full",
                       "the database's disk is full, so nothing was recorded; free some space and "
                       "it goes on by itself",
                       std::chrono::seconds{5});
  }
  if (state == "25006") {
    return unavailable("database_read_only",
                       "the database is read-only (a standby, or a failover under way); connect to "
                       "the primary",
                       std::chrono::seconds{5});
  }
  if (is_passing(failure)) {
    return unavailable("database_busy", "the database was too busy with others; try again");
  }
  if (is_shutdown(failure) || group == "53" || group == "57" || group == "58") {
    return database_away();
  }
  if (state == "54000" || state == "54001") {
    return too_large("row_too_large", "a value is larger than the database can hold");
  }
  if (state == "42501") {
    return internal_error(fmt::format(
        "the database refused: {}; is the schema of this version, and may the login use the role "
        "pilot_app? (pilot migrate, pilot doctor)",
        failure.message));
  }
  return internal_error(
      fmt::format("PostgreSQL {}: {} {}", state, failure.message, failure.detail));
}

bool is_passing(const Failure& failure) {
  return failure.state == "40001" || failure.state == "40P01" || failure.state == "55P03";
}

bool is_shutdown(const Failure& failure) {
  const std::string_view state = failure.state;
  return state.substr(0, 2) == "08" || state.substr(0, 4) == "57P0";
}

Error database_away() {
  return unavailable(
      "database_away",
      "the database cannot be reached at the moment; nothing was done. It goes on by "
      "itself when the database is back",
      std::chrono::seconds{2});
}

Error outcome_unknown() {
  return unavailable("database_away",
                     "the connection to the database broke during the commit, so it is not known "
                     "whether it was done; look before you try again",
                     std::chrono::seconds{2});
}

}  // namespace pilot::store::postgres
