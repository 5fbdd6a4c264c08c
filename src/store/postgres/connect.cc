#include "store/postgres/connect.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "store/postgres/failure.h"

namespace pilot::store::postgres {
namespace {

struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultPtr = std::unique_ptr<PGresult, FreeResult>;

// libpq's own words end in a newline and may go over several lines.
std::string words(const char* text) {
  std::string out(text == nullptr ? "" : text);
  while (!out.empty() && out.back() == '\n') out.pop_back();
  std::replace(out.begin(), out.end(), '\n', ' ');
  return out;
}

struct Setting {
  const char* name;
  const char* value;
};
// A dead network must be noticed within seconds, in both directions.
constexpr Setting kDefaults[] = {{"connect_timeout", "5"},      {"keepalives", "1"},
                                 {"keepalives_idle", "5"},      {"keepalives_interval", "3"},
                                 {"keepalives_count", "3"},     {"tcp_user_timeout", "10000"},
                                 {"application_name", "pilot"}, {"client_encoding", "UTF8"}};

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// How long a server that took the connection may say nothing.
constexpr std::chrono::seconds kPatience{5};

// The plans of our statements are index look-ups whatever the statistics say of a young table and
// whatever the values are, and too small to be worth compiling. A plan made for the values goes
// over all runs of a tenant when the batch is large, and making it takes longer than the look-ups,
// since each month is a table. Behind a pooler each transaction says so for itself (segment.cc).
constexpr char kPlanner[] =
    "SET jit = off; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = "
    "off;"
    " SET plan_cache_mode = force_generic_plan; SET timezone = 'UTC'";

// Codes for what callers react to; the server's words may be in any language.
Error failure_of(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (state == nullptr) return database_away();
  Error error = internal_error(words(PQresultErrorMessage(result)));
  const std::string_view code = state;
  if (code == "42501") {  // insufficient_privilege
    error.kind = ErrorKind::permission_denied;
    error.code = "database_permission";
  } else if (code == "55P03") {  // lock_not_available
    error.kind = ErrorKind::conflict;
    error.code = "database_locked";
  } else if (code == "2BP01") {  // dependent_objects_still_exist
    error.kind = ErrorKind::conflict;
    error.code = "database_in_use";
  }
  return error;
}

}  // namespace

void Session::Finish::operator()(pg_conn* connection) const { PQfinish(connection); }

Result<Session> Session::open(const std::string& url) {
  char* complaint = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> given(
      PQconninfoParse(url.c_str(), &complaint));
  if (given == nullptr) {
    // libpq's complaint may quote the URL, and so the password.
    PQfreemem(complaint);
    return invalid("invalid_database_url",
                   "the database URL cannot be read; it looks like "
                   "postgresql://user:password@host:5432/database");
  }
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const PQconninfoOption* option = given.get(); option->keyword != nullptr; ++option) {
    if (option->val == nullptr) continue;
    names.push_back(option->keyword);
    values.push_back(option->val);
  }
  for (const Setting& setting : kDefaults) {
    const bool known = std::any_of(names.begin(), names.end(), [&](const char* name) {
      return std::string_view(name) == setting.name;
    });
    if (known) continue;
    names.push_back(setting.name);
    values.push_back(setting.value);
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  Session session(PQconnectdbParams(names.data(), values.data(), 0));
  if (PQstatus(session.connection_.get()) != CONNECTION_OK) {
    Error away = database_away();
    away.message = words(PQerrorMessage(session.connection_.get()));
    return away;
  }
  PQsetNoticeProcessor(
      session.connection_.get(), [](void*, const char*) {}, nullptr);
  return session;
}

Status Session::execute(const std::string& sql) {
  const ResultPtr result(PQexec(connection_.get(), sql.c_str()));
  const ExecStatusType status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return ok();
  return failure_of(result.get());
}

Result<std::optional<std::string>> Session::value(const std::string& sql,
                                                  std::vector<std::string> params) {
  std::vector<const char*> values;
  for (const std::string& param : params) values.push_back(param.c_str());
  const ResultPtr result(PQexecParams(connection_.get(), sql.c_str(),
                                      static_cast<int>(params.size()), nullptr, values.data(),
                                      nullptr, nullptr, 0));
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) return failure_of(result.get());
  if (PQntuples(result.get()) == 0 || PQgetisnull(result.get(), 0, 0) != 0) {
    return std::optional<std::string>();
  }
  return std::optional<std::string>(PQgetvalue(result.get(), 0, 0));
}

// The results of what was sent are all there, or the connection has broken.
bool Session::finished_by(std::chrono::steady_clock::time_point end) {
  for (;;) {
    if (PQisBusy(connection_.get()) == 0) return true;
    const auto left = std::chrono::ceil<Millis>(end - std::chrono::steady_clock::now());
    pollfd look{PQsocket(connection_.get()), POLLIN, 0};
    if (left <= Millis{0} || ::poll(&look, 1, static_cast<int>(left.count())) == 0) return false;
    if (PQconsumeInput(connection_.get()) == 0) return true;
  }
}

Result<std::vector<Session::Row>> Session::rows(const std::string& sql,
                                                std::vector<std::string> params) {
  std::vector<const char*> values;
  for (const std::string& param : params) values.push_back(param.c_str());
  const ResultPtr result(PQexecParams(connection_.get(), sql.c_str(),
                                      static_cast<int>(params.size()), nullptr, values.data(),
                                      nullptr, nullptr, 0));
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK) return failure_of(result.get());
  std::vector<Row> all(static_cast<std::size_t>(PQntuples(result.get())));
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      auto& cell = all[static_cast<std::size_t>(row)].emplace_back();
      if (PQgetisnull(result.get(), row, column) != 0) continue;
      cell.emplace(PQgetvalue(result.get(), row, column),
                   static_cast<std::size_t>(PQgetlength(result.get(), row, column)));
    }
  }
  return all;
}

// A pooler answers with a backend's number that is none.
Result<LinkTraits> Session::traits(Millis patience) {
  static constexpr auto kAsk =
      SqlText("SELECT pg_backend_pid()::text, current_user::text, ") + kIncarnation;
  const auto end = std::chrono::steady_clock::now() + patience;
  LinkTraits traits;
  bool answered = false;
  const auto ask = [&](const char* sql, auto read) {
    answered = PQsendQuery(connection_.get(), sql) != 0;
    while (answered) {
      if (!finished_by(end)) answered = false;
      if (!answered) break;
      const ResultPtr result(PQgetResult(connection_.get()));
      if (result == nullptr) break;
      answered = PQresultStatus(result.get()) != PGRES_FATAL_ERROR;
      if (PQresultStatus(result.get()) == PGRES_TUPLES_OK) read(result.get());
    }
    return answered;
  };
  const bool told = ask(kAsk.text, [&](const PGresult* row) {
    traits.prepared = std::to_string(PQbackendPID(connection_.get())) == PQgetvalue(row, 0, 0);
    traits.set_role = std::string_view(PQgetvalue(row, 0, 1)) != "pilot_app";
    traits.incarnation = PQgetvalue(row, 0, 2);
  });
  if (!told) return database_away();
  if (traits.prepared && !ask(kPlanner, [](const PGresult*) {})) return database_away();
  return traits;
}

int Session::socket() const { return PQsocket(connection_.get()); }

std::optional<bool> Session::take_news() {
  if (PQconsumeInput(connection_.get()) == 0) return std::nullopt;
  bool heard = false;
  while (PGnotify* news = PQnotifies(connection_.get())) {
    heard = true;
    PQfreemem(news);
  }
  if (PQstatus(connection_.get()) != CONNECTION_OK) return std::nullopt;
  return heard;
}

Result<Session> Connector::attempt(LinkTraits& traits) {
  Result<Session> session = Session::open(url_);
  if (session) {
    Result<LinkTraits> asked = session->traits(std::min<Millis>(silence_, kPatience));
    if (asked) {
      traits = *asked;
      traits.silence = silence_;
    } else {
      session = asked.error();
    }
  }
  if (!session) {
    if (!away_) log_.error("database: {}", session.error().message);
    away_ = true;
    ++failures_;
    return database_away();
  }
  if (away_) log_.info("database: connected again");
  away_ = false;
  return session;
}

void Connector::open(boost::asio::any_io_executor executor, Ready ready) {
  pool_.post([this, guard = boost::asio::make_work_guard(executor), ready = std::move(ready),
              failures = failures_.load()] {
    LinkTraits traits;
    auto session = std::make_shared<Result<Session>>(
        failures == failures_ ? attempt(traits) : Result<Session>(database_away()));
    boost::asio::post(guard.get_executor(), [session, traits, ready, guard] {
      if (!*session) return ready(session->error());
      ready(make_link((*session)->release(), traits, guard.get_executor()));
    });
  });
}

}  // namespace pilot::store::postgres
