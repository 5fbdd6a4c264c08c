#include "providers/data/postgres_session.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/ioctl.h>

#include <array>
#include <cstdlib>

#include "providers/data/postgres_errors.h"
#include "providers/data/postgres_values.h"
#include "providers/data/rows.h"

namespace pilot::providers::data {
namespace {

using ResultPtr = std::unique_ptr<PGresult, decltype(&PQclear)>;

// How long the server may take to say that it has stopped.
constexpr Millis kToStop{400};
// What one row may have beyond the limit, on the wire: its lengths, and a server's padding.
constexpr std::size_t kRowSlack = 1u << 20;

class Session {
 public:
  Session(const Target& target, const TaskContext& context)
      : target_(target), context_(context), peer_(http::peer_name(target.host, target.port)) {}
  ~Session() {
    if (connection_ != nullptr) PQfinish(connection_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  TaskOutcome run(const Statement& statement, Access access);

 private:
  using Failed = std::optional<TaskOutcome>;  // none: it went well

  Failed dial();
  Failed start(const std::vector<http::Endpoint>& endpoints);
  Failed shake_hands();
  Failed begin(Access access);
  Failed bind(const Statement& statement, std::vector<std::optional<std::string>>& texts);
  Failed gather(Rows& rows, std::int64_t& count);
  Failed add_row(Rows& rows, const PGresult* row);
  Failed commit();
  Failed simple(const char* sql);
  Failed drain();
  Failed flush();
  Failed next(ResultPtr& result);
  TaskOutcome over();
  TaskOutcome lost() const;
  TaskOutcome refused(const PGresult* result);

  const Target& target_;
  const TaskContext& context_;
  const std::string peer_;
  PGconn* connection_ = nullptr;
  std::size_t unread_ = 0;  // bytes since the last row
  // Until COMMIT is on its way the server takes everything back when the connection ends.
  CallStage stage_ = CallStage::not_sent;
};

const char* root_certificates() {
  const char* file = std::getenv("SSL_CERT_FILE");
  return file != nullptr ? file : "/etc/ssl/certs/ca-certificates.crt";
}

Session::Failed Session::start(const std::vector<http::Endpoint>& endpoints) {
  std::string hosts;
  std::string addresses;
  for (const http::Endpoint& endpoint : endpoints) {
    hosts += (hosts.empty() ? "" : ",") + target_.host;  // checked against the certificate
    addresses += (addresses.empty() ? "" : ",") + endpoint.address;
  }
  const std::string port = std::to_string(target_.port);
  const std::string user = target_.username.empty() ? "postgres" : target_.username;
  const std::string mode = target_.tls.empty() ? "prefer" : target_.tls;
  // Empty would mean: look into the environment and the home folder.
  const char* const nowhere = "/dev/null/none";
  const char* const password = target_.password.empty() ? "none" : target_.password.c_str();
  const std::array<const char*, 15> names{"host",
                                          "hostaddr",
                                          "port",
                                          "dbname",
                                          "user",
                                          "password",
                                          "sslmode",
                                          "passfile",
                                          "sslcert",
                                          "sslkey",
                                          "sslrootcert",
                                          "gssencmode",
                                          "tcp_user_timeout",
                                          "application_name",
                                          nullptr};
  const std::array<const char*, 15> values{
      hosts.c_str(),
      addresses.c_str(),
      port.c_str(),
      target_.database.empty() ? user.c_str() : target_.database.c_str(),
      user.c_str(),
      password,
      mode.c_str(),
      nowhere,
      nowhere,
      nowhere,
      mode.starts_with("verify") ? root_certificates() : nowhere,
      "disable",
      "30000",
      "pilot",
      nullptr};
  connection_ = PQconnectStartParams(names.data(), values.data(), 0);
  if (connection_ == nullptr) throw std::bad_alloc();
  PQsetErrorVerbosity(connection_, PQERRORS_VERBOSE);  // with the SQLSTATE of a refused log-in
  PQsetNoticeProcessor(
      connection_, [](void*, const char*) {}, nullptr);
  return std::nullopt;
}

Session::Failed Session::shake_hands() {
  PostgresPollingStatusType wanted = PGRES_POLLING_WRITING;
  while (PQstatus(connection_) != CONNECTION_BAD && wanted != PGRES_POLLING_OK) {
    if (wanted == PGRES_POLLING_FAILED) break;
    const short events = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (context_.interrupt.wait(PQsocket(connection_), events) != Interrupt::Wake::ready) {
      return TaskOutcome::fail(http::interrupted(context_.interrupt, peer_, false));
    }
    wanted = PQconnectPoll(connection_);
  }
  if (PQstatus(connection_) == CONNECTION_OK) return std::nullopt;
  return TaskOutcome::fail(connect_error(PQerrorMessage(connection_), peer_), CallStage::not_sent);
}

Session::Failed Session::dial() {
  auto judged = context_.dialer.addresses(target_.host, target_.port, context_.allowed_hosts,
                                          context_.interrupt);
  if (const auto* refused = std::get_if<http::SendError>(&judged)) {
    return TaskOutcome::fail(*refused);
  }
  if (Failed failed = start(std::get<std::vector<http::Endpoint>>(judged))) return failed;
  if (Failed failed = shake_hands()) return failed;
  PQsetnonblocking(connection_, 1);
  return std::nullopt;
}

TaskOutcome Session::lost() const {
  return TaskOutcome::fail({.code = "connection_lost",
                            .message = fmt::format("the connection to {} was lost", peer_),
                            .retryable = true},
                           stage_);
}

// The interrupt is set. The server is asked to stop, and has a moment to say so.
TaskOutcome Session::over() {
  std::array<char, 256> ignored{};
  if (PGcancel* cancel = PQgetCancel(connection_)) {
    PQcancel(cancel, ignored.data(), static_cast<int>(ignored.size()));
    PQfreeCancel(cancel);
  }
  const Interrupt moment(std::chrono::steady_clock::now() + kToStop);
  while (PQisBusy(connection_) != 0 &&
         moment.wait(PQsocket(connection_), POLLIN) == Interrupt::Wake::ready) {
    if (PQconsumeInput(connection_) == 0) break;
  }
  const bool cancelled = context_.interrupt.cancelled();
  const std::string_view why = cancelled ? "the call was cancelled" : "the step's timeout was over";
  return TaskOutcome::fail(
      {.code = cancelled ? "cancelled" : "timeout",
       .message = stage_ == CallStage::not_sent
                      ? fmt::format("{}; the statement was stopped and nothing was changed", why)
                      : fmt::format("{} while {} was committing", why, peer_),
       .retryable = !cancelled},
      stage_);
}

TaskOutcome Session::refused(const PGresult* result) {
  StepError error = statement_error(result);
  // Its statement_timeout is ours.
  if (error.code == "stopped" &&
      (context_.interrupt.cancelled() || context_.interrupt.left() < Millis{250})) {
    error.code = context_.interrupt.cancelled() ? "cancelled" : "timeout";
    error.message = "the statement did not end within the step's timeout; nothing was changed";
    error.retryable = !context_.interrupt.cancelled();
    return TaskOutcome::fail(std::move(error), CallStage::not_sent);
  }
  return TaskOutcome::fail(std::move(error), CallStage::answered);
}

Session::Failed Session::flush() {
  for (;;) {
    const int state = PQflush(connection_);
    if (state == 0) return std::nullopt;
    if (state < 0) return lost();
    if (context_.interrupt.wait(PQsocket(connection_), POLLOUT | POLLIN) !=
        Interrupt::Wake::ready) {
      return over();
    }
    if (PQconsumeInput(connection_) == 0) return lost();
  }
}

// The next result, null when there is no more.
Session::Failed Session::next(ResultPtr& result) {
  while (PQisBusy(connection_) != 0) {
    if (context_.interrupt.wait(PQsocket(connection_), POLLIN) != Interrupt::Wake::ready) {
      return over();
    }
    int waiting = 0;
    if (::ioctl(PQsocket(connection_), FIONREAD, &waiting) == 0 && waiting > 0) {
      unread_ += static_cast<std::size_t>(waiting);
    }
    // libpq would gather a row of a gigabyte before it gives it to us.
    if (unread_ > limits::kStepOutput * 2 + kRowSlack) return TaskOutcome::fail(too_many_bytes());
    if (PQconsumeInput(connection_) == 0) return lost();
  }
  result.reset(PQgetResult(connection_));
  unread_ = 0;
  return std::nullopt;
}

// Until the server is ready for more; the first error counts.
Session::Failed Session::drain() {
  Failed failed;
  for (;;) {
    ResultPtr result(nullptr, &PQclear);
    if (Failed now = next(result)) return failed ? std::move(failed) : std::move(now);
    if (!result) return failed;
    if (PQresultStatus(result.get()) == PGRES_FATAL_ERROR && !failed) {
      if (PQstatus(connection_) == CONNECTION_BAD) return lost();
      failed = refused(result.get());
    }
  }
}

Session::Failed Session::simple(const char* sql) {
  if (PQsendQuery(connection_, sql) == 0) return lost();
  if (Failed failed = flush()) return failed;
  return drain();
}

Session::Failed Session::begin(Access access) {
  const auto timeout = std::max<std::int64_t>(context_.interrupt.left().count(), 1);
  return simple(fmt::format("BEGIN {}; SET LOCAL timezone = 'UTC'; SET LOCAL datestyle = 'ISO'; "
                            "SET LOCAL intervalstyle = 'iso_8601'; SET LOCAL bytea_output = 'hex'; "
                            "SET LOCAL extra_float_digits = 1; SET LOCAL statement_timeout = {}",
                            access == Access::read_only ? "READ ONLY" : "READ WRITE", timeout)
                    .c_str());
}

// The server says what types the placeholders have, so that lists become its arrays.
Session::Failed Session::bind(const Statement& statement,
                              std::vector<std::optional<std::string>>& texts) {
  if (PQsendPrepare(connection_, "", statement.sql.c_str(), 0, nullptr) == 0) return lost();
  if (Failed failed = flush()) return failed;
  if (Failed failed = drain()) return failed;
  if (PQsendDescribePrepared(connection_, "") == 0) return lost();
  if (Failed failed = flush()) return failed;
  ResultPtr described(nullptr, &PQclear);
  if (Failed failed = next(described)) return failed;
  const int wanted = PQnparams(described.get());
  if (static_cast<std::size_t>(wanted) != statement.values.size()) {
    return TaskOutcome::fail(
        invalid("invalid_value",
                fmt::format("the statement has {} placeholders ($1...), but {} values were given",
                            wanted, statement.values.size()),
                "/params"));
  }
  for (int i = 0; i < wanted; ++i) {
    const Oid type = PQparamtype(described.get(), i);
    auto text = to_postgres(type, *statement.values[static_cast<std::size_t>(i)]);
    if (!text) return TaskOutcome::fail(text.error());
    texts.push_back(std::move(*text));
  }
  return drain();
}

Session::Failed Session::add_row(Rows& rows, const PGresult* row) {
  const int width = PQnfields(row);
  if (rows.columns().empty()) {
    std::vector<std::string> names;
    for (int i = 0; i < width; ++i) names.emplace_back(PQfname(row, i));
    rows.set_columns(names);
  }
  for (int n = 0; n < PQntuples(row); ++n) {
    std::vector<Json> values;
    for (int i = 0; i < width; ++i) {
      const auto size = static_cast<std::size_t>(PQgetlength(row, n, i));
      values.push_back(PQgetisnull(row, n, i) != 0
                           ? Json(nullptr)
                           : from_postgres(PQftype(row, i), {PQgetvalue(row, n, i), size}));
    }
    if (const Status added = rows.add(std::move(values)); !added) {
      return TaskOutcome::fail(added.error());
    }
  }
  return std::nullopt;
}

Session::Failed Session::gather(Rows& rows, std::int64_t& count) {
  for (;;) {
    ResultPtr result(nullptr, &PQclear);
    if (Failed failed = next(result)) return failed;
    if (!result) return std::nullopt;
    switch (PQresultStatus(result.get())) {
      case PGRES_SINGLE_TUPLE:
      case PGRES_TUPLES_OK:
        if (Failed failed = add_row(rows, result.get())) return failed;
        [[fallthrough]];
      case PGRES_COMMAND_OK:
      case PGRES_EMPTY_QUERY:
        if (const char* changed = PQcmdTuples(result.get()); *changed != '\0') {
          count = std::strtoll(changed, nullptr, 10);
        }
        break;
      case PGRES_COPY_IN:
      case PGRES_COPY_OUT:
      case PGRES_COPY_BOTH:
        return TaskOutcome::fail(
            invalid("invalid_value", "COPY has no place in a step; use insert or a query", "/sql"));
      default:
        if (PQstatus(connection_) == CONNECTION_BAD) return lost();
        return refused(result.get());
    }
  }
}

Session::Failed Session::commit() {
  stage_ = CallStage::sent;
  return simple("COMMIT");
}

TaskOutcome Session::run(const Statement& statement, Access access) {
  if (Failed failed = dial()) return std::move(*failed);
  if (Failed failed = begin(access)) return std::move(*failed);
  std::vector<std::optional<std::string>> texts;
  if (Failed failed = bind(statement, texts)) return std::move(*failed);
  std::vector<const char*> values;
  for (const auto& text : texts) values.push_back(text ? text->c_str() : nullptr);
  if (PQsendQueryPrepared(connection_, "", static_cast<int>(values.size()), values.data(), nullptr,
                          nullptr, 0) == 0) {
    return lost();
  }
  PQsetSingleRowMode(connection_);
  if (Failed failed = flush()) return std::move(*failed);
  Rows rows;
  std::int64_t count = 0;
  if (Failed failed = gather(rows, count)) return std::move(*failed);
  if (access == Access::read_write) {
    if (Failed failed = commit()) return std::move(*failed);
  }
  return TaskOutcome::ok(rows.take(count));
}

}  // namespace

TaskOutcome run_on_postgres(const Target& target, const Statement& statement, Access access,
                            const TaskContext& context) {
  return Session(target, context).run(statement, access);
}

}  // namespace pilot::providers::data
