// A connection that hides nothing: every value, notice, copied row and word of an error that the
// server gave back. What an attacker with the application's rights would see. For tests only.
#pragma once

#include <fmt/format.h>
#include <libpq-fe.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

namespace pilot::store::postgres {

struct Said {
  std::string state;  // SQLSTATE of what failed; empty: all of it worked
  std::string text;   // all of it, one piece a line
  long rows = 0;
  long affected = 0;

  bool worked() const { return state.empty(); }
  bool names(std::string_view who) const { return text.find(who) != std::string::npos; }
};

class RawSession {
 public:
  explicit RawSession(const std::string& url) : connection_(PQconnectdb(url.c_str())) {
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
      throw std::runtime_error(PQerrorMessage(connection_.get()));
    }
    PQsetNoticeReceiver(connection_.get(), &notice, &notices_);
  }

  // One or several statements, as text.
  Said say(const std::string& sql) {
    Said said;
    if (PQsendQuery(connection_.get(), sql.c_str()) == 0) {
      said.state = "08006";
      return said;
    }
    while (PGresult* result = PQgetResult(connection_.get())) take(result, said);
    said.text += std::exchange(notices_, {});
    return said;
  }

  // One statement in a transaction of its own that leaves nothing behind, with pilot.user_id as
  // `user` says; empty pointer: not set at all.
  Said try_as(const std::string* user, const std::string& sql) {
    static_cast<void>(begin_as(user));
    Said said = say(sql);
    static_cast<void>(say("ROLLBACK"));
    return said;
  }
  Said begin_as(const std::string* user) {
    const Said begun = say("BEGIN");
    return user == nullptr ? begun
                           : say("SELECT set_config('pilot.user_id', " + quoted(*user) + ", true)");
  }

  std::string quoted(const std::string& text) {
    char* escaped = PQescapeLiteral(connection_.get(), text.data(), text.size());
    if (escaped == nullptr) throw std::runtime_error(PQerrorMessage(connection_.get()));
    std::string out = escaped;
    PQfreemem(escaped);
    return out;
  }

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  static void notice(void* notices, const PGresult* result) {
    *static_cast<std::string*>(notices) += PQresultErrorMessage(result);
  }

  void take(PGresult* result, Said& said) {
    const ExecStatusType status = PQresultStatus(result);
    if (status == PGRES_COPY_OUT) {
      char* row = nullptr;
      while (PQgetCopyData(connection_.get(), &row, 0) > 0) {
        ++said.rows;
        said.text += row;
        PQfreemem(row);
      }
    } else if (status == PGRES_COPY_IN) {
      PQputCopyEnd(connection_.get(), nullptr);
    } else if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
      said.rows += PQntuples(result);
      said.affected += std::atol(PQcmdTuples(result));
      for (int row = 0; row < PQntuples(result); ++row) {
        for (int column = 0; column < PQnfields(result); ++column) {
          said.text += fmt::format("{}\n", PQgetvalue(result, row, column));
        }
      }
    } else {
      const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
      said.state = state == nullptr ? "08006" : state;
      // Not the line of the statement: it would echo the attacker's own words.
      for (const int field :
           {PG_DIAG_MESSAGE_PRIMARY, PG_DIAG_MESSAGE_DETAIL, PG_DIAG_MESSAGE_HINT}) {
        const char* words = PQresultErrorField(result, field);
        if (words != nullptr) said.text += fmt::format("{}\n", words);
      }
    }
    PQclear(result);
  }

  std::string notices_;
  std::unique_ptr<PGconn, Finish> connection_;
};

}  // namespace pilot::store::postgres
