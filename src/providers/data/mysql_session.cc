#include "providers/data/mysql_session.h"

#include <fmt/format.h>

#include "providers/data/mysql_link.h"
#include "providers/data/mysql_values.h"
#include "providers/data/rows.h"

namespace pilot::providers::data {
namespace {

constexpr Millis kToStop{250};

class Session {
 public:
  Session(const Target& target, const TaskContext& context)
      : target_(target), context_(context), peer_(http::peer_name(target.host, target.port)) {}
  ~Session() {
    // The statement's end would wait for the rows that are left.
    if (!done_) link_.cut();
    if (statement_ != nullptr) mysql_stmt_close(statement_);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  TaskOutcome run(const Statement& statement, bool read_only);

 private:
  using Failed = std::optional<TaskOutcome>;

  Failed dial();
  Failed begin(bool read_only);
  Failed simple(std::string_view sql);
  Failed prepare(const Statement& statement);
  Failed execute(const Statement& statement);
  Failed gather(Rows& rows);
  void stop_on_server();
  template <class GoOn>
  TaskOutcome over(GoOn go_on);
  TaskOutcome failed_link();
  TaskOutcome failed_statement();
  TaskOutcome failed(StepError error, bool from_server);

  const Target& target_;
  const TaskContext& context_;
  const std::string peer_;
  std::string address_;
  MysqlLink link_;
  MYSQL_STMT* statement_ = nullptr;
  bool done_ = false;
  CallStage stage_ = CallStage::not_sent;
};

TaskOutcome Session::failed(StepError error, bool from_server) {
  if (error.code == "stopped" && context_.interrupt.left() < Millis{250}) {
    error.code = "timeout";
    error.message = "the statement did not end within the step's timeout and was stopped";
    error.retryable = true;
    return TaskOutcome::fail(std::move(error), CallStage::not_sent);
  }
  return TaskOutcome::fail(std::move(error), from_server ? CallStage::answered : stage_);
}

TaskOutcome Session::failed_link() {
  const unsigned number = mysql_errno(link_.get());
  return failed(mysql_error(number, mysql_error(link_.get()), mysql_sqlstate(link_.get()), peer_),
                number < 2000 || number >= 3000);
}

TaskOutcome Session::failed_statement() {
  const unsigned number = mysql_stmt_errno(statement_);
  // The library forgets to copy the error of a result that was broken off.
  if (number == 0 && mysql_errno(link_.get()) != 0) return failed_link();
  if (number == 0) {
    return failed({.code = "stopped", .message = "the server broke the result off"}, true);
  }
  return failed(
      mysql_error(number, mysql_stmt_error(statement_), mysql_stmt_sqlstate(statement_), peer_),
      number < 2000 || number >= 3000);
}

Session::Failed Session::dial() {
  auto judged = context_.dialer.addresses(target_.host, target_.port, context_.allowed_hosts,
                                          context_.interrupt);
  if (const auto* refused = std::get_if<http::SendError>(&judged)) {
    return TaskOutcome::fail(*refused);
  }
  const auto& endpoints = std::get<std::vector<http::Endpoint>>(judged);
  address_ = endpoints.front().address;
  // IPv4 first: servers that listen on all addresses of a name listen on that one.
  for (const http::Endpoint& one : endpoints) {
    if (one.address.find(':') == std::string::npos) {
      address_ = one.address;
      break;
    }
  }
  if (link_.open(target_, address_, context_.interrupt)) return std::nullopt;
  if (context_.interrupt.is_set()) {
    return TaskOutcome::fail(http::interrupted(context_.interrupt, peer_, false));
  }
  if (link_.not_encrypted()) {
    return TaskOutcome::fail(
        {.code = "tls_failed", .message = fmt::format("{} does not speak TLS", peer_)},
        CallStage::not_sent);
  }
  TaskOutcome outcome = failed_link();
  outcome.stage = CallStage::not_sent;
  return outcome;
}

// On a connection of its own: this one is busy.
void Session::stop_on_server() {
  const Interrupt moment(std::chrono::steady_clock::now() + kToStop);
  MysqlLink other;
  if (!other.open(target_, address_, moment)) return;
  other.query(fmt::format("KILL QUERY {}", mysql_thread_id(link_.get())), moment);
}

// The interrupt is set while a call is under way. What the server says within a moment counts.
template <class GoOn>
TaskOutcome Session::over(GoOn go_on) {
  stop_on_server();
  const Interrupt moment(std::chrono::steady_clock::now() + kToStop);
  const bool stopped = link_.finish(moment, go_on);
  if (!stopped) {
    link_.cut();
    const Interrupt end(std::chrono::steady_clock::now() + Millis{100});
    link_.finish(end, go_on);
  }
  const bool cancelled = context_.interrupt.cancelled();
  return TaskOutcome::fail(
      {.code = cancelled ? "cancelled" : "timeout",
       .message =
           fmt::format("{}{}", cancelled ? "the call was cancelled" : "the step's timeout was over",
                       stopped ? "; the statement was stopped and nothing was changed" : ""),
       .retryable = !cancelled},
      stopped ? CallStage::not_sent : stage_);
}

Session::Failed Session::simple(std::string_view sql) {
  if (link_.query(sql, context_.interrupt)) return std::nullopt;
  if (!context_.interrupt.is_set()) return failed_link();
  return TaskOutcome::fail(
      http::interrupted(context_.interrupt, peer_, stage_ != CallStage::not_sent));
}

Session::Failed Session::begin(bool read_only) {
  if (Failed failed = simple("SET time_zone = '+00:00'")) return failed;
  const bool mariadb =
      std::string_view(mysql_get_server_info(link_.get())).find("MariaDB") != std::string::npos;
  const auto left = context_.interrupt.left().count();
  const std::string limit =
      mariadb ? fmt::format("SET max_statement_time = {}.{:03}", left / 1000, left % 1000)
              : fmt::format("SET max_execution_time = {}", left);
  if (Failed failed = simple(limit)) return failed;
  return simple(read_only ? "START TRANSACTION READ ONLY" : "START TRANSACTION");
}

Session::Failed Session::prepare(const Statement& statement) {
  statement_ = mysql_stmt_init(link_.get());
  if (statement_ == nullptr) throw std::bad_alloc();
  int failed = 0;
  const auto go_on = [&](int ready) { return mysql_stmt_prepare_cont(&failed, statement_, ready); };
  const bool ended = link_.await(
      context_.interrupt,
      [&] {
        return mysql_stmt_prepare_start(&failed, statement_, statement.sql.data(),
                                        statement.sql.size());
      },
      go_on);
  if (!ended) return over(go_on);
  if (failed != 0) return failed_statement();
  const std::size_t wanted = mysql_stmt_param_count(statement_);
  if (wanted == statement.values.size()) return std::nullopt;
  return TaskOutcome::fail(
      invalid("invalid_value",
              fmt::format("the statement has {} placeholders (?), but {} values were given", wanted,
                          statement.values.size()),
              "/params"));
}

Session::Failed Session::execute(const Statement& statement) {
  MysqlParams params(statement.values);
  if (!statement.values.empty() && mysql_stmt_bind_param(statement_, params.get()) != 0) {
    return failed_statement();
  }
  int failed = 0;
  const auto go_on = [&](int ready) { return mysql_stmt_execute_cont(&failed, statement_, ready); };
  // From here on a statement that commits by itself (CREATE TABLE) may have been done.
  stage_ = CallStage::sent;
  const bool ended = link_.await(
      context_.interrupt, [&] { return mysql_stmt_execute_start(&failed, statement_); }, go_on);
  if (!ended) return over(go_on);
  if (failed != 0) return failed_statement();
  return std::nullopt;
}

Session::Failed Session::gather(Rows& rows) {
  MYSQL_RES* described = mysql_stmt_result_metadata(statement_);
  if (described == nullptr) return std::nullopt;  // it gives no rows
  std::vector<std::string> names;
  std::deque<MysqlColumn> columns;
  for (unsigned i = 0; i < mysql_num_fields(described); ++i) {
    columns.emplace_back(mysql_fetch_fields(described)[i]);
    names.push_back(columns.back().name());
  }
  mysql_free_result(described);
  rows.set_columns(names);
  std::vector<MYSQL_BIND> binds;
  for (MysqlColumn& column : columns) binds.push_back(column.bind());
  if (mysql_stmt_bind_result(statement_, binds.data()) != 0) return failed_statement();
  for (;;) {
    int fetched = 0;
    const auto go_on = [&](int ready) {
      return mysql_stmt_fetch_cont(&fetched, statement_, ready);
    };
    const bool ended = link_.await(
        context_.interrupt, [&] { return mysql_stmt_fetch_start(&fetched, statement_); }, go_on);
    if (!ended) return over(go_on);
    if (fetched == MYSQL_NO_DATA) return std::nullopt;
    if (fetched == 1) return failed_statement();
    std::vector<Json> values;
    for (unsigned i = 0; i < columns.size(); ++i) {
      Result<Json> value = columns[i].value(statement_, i);
      if (!value) return TaskOutcome::fail(value.error());
      values.push_back(std::move(*value));
    }
    if (const Status added = rows.add(std::move(values)); !added) {
      return TaskOutcome::fail(added.error());
    }
  }
}

TaskOutcome Session::run(const Statement& statement, bool read_only) {
  if (Failed failed = dial()) return std::move(*failed);
  if (Failed failed = begin(read_only)) return std::move(*failed);
  if (Failed failed = prepare(statement)) return std::move(*failed);
  if (Failed failed = execute(statement)) return std::move(*failed);
  Rows rows;
  if (Failed failed = gather(rows)) return std::move(*failed);
  const bool has_rows = !rows.columns().empty();
  const auto changed = static_cast<std::int64_t>(mysql_stmt_affected_rows(statement_));
  const auto id = static_cast<std::int64_t>(mysql_stmt_insert_id(statement_));
  if (!read_only) {
    if (Failed failed = simple("COMMIT")) return std::move(*failed);
  }
  done_ = true;
  Json output = rows.take(has_rows ? static_cast<std::int64_t>(rows.size()) : changed);
  if (id != 0) output.get_object()["insert_id"] = id;
  return TaskOutcome::ok(std::move(output));
}

}  // namespace

TaskOutcome run_on_mysql(const Target& target, const Statement& statement, bool read_only,
                         const TaskContext& context) {
  return Session(target, context).run(statement, read_only);
}

}  // namespace pilot::providers::data
