#include "store/postgres/link.h"

#include <libpq-fe.h>
#include <poll.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <unordered_map>

namespace pilot::store::postgres {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// A half-open connection says nothing for ever; the slowest statement takes far less.
constexpr std::chrono::seconds kSilence{30};

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
using Connection = std::unique_ptr<PGconn, Finish>;

// Segments on their way. A statement's preparing is a segment of its own, for nobody.
struct Pending {
  std::size_t commands = 0;  // still to be answered
  bool in_command = false;   // its result is there, its end is not
  std::size_t answered = 0;
  Reply reply;
  Link::Done done;  // empty: nobody waits
};

class PqLink final : public Link, public std::enable_shared_from_this<PqLink> {
 public:
  PqLink(PGconn* connection, LinkTraits traits, asio::any_io_executor executor)
      : connection_(connection),
        traits_(traits),
        executor_(executor),
        socket_(executor, PQsocket(connection)),
        silence_(executor) {}
  ~PqLink() override { PqLink::close(); }

  void send(const std::vector<const Command*>& commands, Done done) override;
  bool usable() override;
  void close() override;
  std::size_t on_their_way() const override { return pending_.size(); }
  const LinkTraits& traits() const override { return traits_; }

 private:
  bool put(const Command& command);
  bool prepare(const char* sql, const std::vector<Oid>& types);
  void sync(std::size_t commands, Done done);
  void flush();
  void wait_to_read();
  void wait_to_write();
  void readable();
  void take_result(pg_result* result);
  void finish_front();
  void lose();
  void answer(Done done, Reply reply);
  void watch_silence();

  Connection connection_;
  LinkTraits traits_;
  asio::any_io_executor executor_;
  asio::posix::stream_descriptor socket_;
  asio::steady_timer silence_;
  std::deque<Pending> pending_;
  std::unordered_map<const char*, std::string> prepared_;
  bool reading_ = false;
  bool writing_ = false;
  bool lost_ = false;
};

bool PqLink::prepare(const char* sql, const std::vector<Oid>& types) {
  const auto [known, fresh] = prepared_.try_emplace(sql);
  if (!fresh) return true;
  known->second = "p" + std::to_string(prepared_.size());
  if (PQsendPrepare(connection_.get(), known->second.c_str(), sql, static_cast<int>(types.size()),
                    types.data()) == 0) {
    return false;
  }
  sync(1, {});
  return true;
}

bool PqLink::put(const Command& command) {
  const Params& params = command.params;
  const std::vector<const char*> values = params.values();
  const std::vector<int> lengths = params.lengths();
  const std::vector<int> binary(params.size(), 1);
  const int count = static_cast<int>(params.size());
  if (traits_.prepared) {
    return PQsendQueryPrepared(connection_.get(), prepared_[command.sql].c_str(), count,
                               values.data(), lengths.data(), binary.data(), 1) != 0;
  }
  return PQsendQueryParams(connection_.get(), command.sql, count, params.types().data(),
                           values.data(), lengths.data(), binary.data(), 1) != 0;
}

void PqLink::sync(std::size_t commands, Done done) {
  Pending& one = pending_.emplace_back();
  one.commands = commands;
  one.done = std::move(done);
  PQpipelineSync(connection_.get());
}

void PqLink::send(const std::vector<const Command*>& commands, Done done) {
  if (lost_) return answer(std::move(done), Reply{.rows = {}, .failure = {}, .lost = true});
  const bool idle = pending_.empty();
  bool sent = true;
  for (const Command* command : commands) {
    if (sent && traits_.prepared) sent = prepare(command->sql, command->params.types());
  }
  for (const Command* command : commands) {
    if (sent) sent = put(*command);
  }
  sync(commands.size(), std::move(done));
  if (!sent) return lose();
  if (idle) watch_silence();
  flush();
}

bool PqLink::usable() {
  if (lost_) return false;
  if (!pending_.empty()) return true;
  // The server may have said goodbye while nobody listened.
  for (;;) {
    pollfd look{PQsocket(connection_.get()), POLLIN, 0};
    if (::poll(&look, 1, 0) == 0) return true;
    // Last words may come before the end of the input.
    lost_ = PQconsumeInput(connection_.get()) == 0 || PQstatus(connection_.get()) != CONNECTION_OK;
    if (lost_) return false;
  }
}

void PqLink::flush() {
  const int left = PQflush(connection_.get());
  if (left < 0) return lose();
  if (left > 0) wait_to_write();
  wait_to_read();
}

void PqLink::wait_to_read() {
  if (reading_ || lost_ || pending_.empty()) return;
  reading_ = true;
  socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const error_code& ec) {
                       self->reading_ = false;
                       if (!ec && !self->lost_) self->readable();
                     });
}

void PqLink::wait_to_write() {
  if (writing_ || lost_) return;
  writing_ = true;
  socket_.async_wait(asio::posix::stream_descriptor::wait_write,
                     [self = shared_from_this()](const error_code& ec) {
                       self->writing_ = false;
                       if (!ec && !self->lost_) self->flush();
                     });
}

void PqLink::readable() {
  if (PQconsumeInput(connection_.get()) == 0) return lose();
  while (!pending_.empty() && PQisBusy(connection_.get()) == 0) {
    take_result(PQgetResult(connection_.get()));
    if (lost_) return;
  }
  if (PQstatus(connection_.get()) == CONNECTION_BAD) return lose();
  if (pending_.empty()) {
    silence_.cancel();
  } else {
    watch_silence();
  }
  flush();
}

void PqLink::take_result(pg_result* result) {
  Pending& front = pending_.front();
  if (result == nullptr) {
    // The end of a command. Out of turn it means that nothing more comes.
    if (!front.in_command) return lose();
    front.in_command = false;
    return;
  }
  const ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_PIPELINE_SYNC) {
    PQclear(result);
    return finish_front();
  }
  front.in_command = true;
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
    if (!front.reply.failure) front.reply.rows.emplace_back(result);
  } else {
    const auto field = [result](int code) {
      const char* text = PQresultErrorField(result, code);
      return std::string(text == nullptr ? "" : text);
    };
    if (status == PGRES_FATAL_ERROR && !front.reply.failure) {
      front.reply.failure = Failure{field(PG_DIAG_SQLSTATE), field(PG_DIAG_MESSAGE_PRIMARY),
                                    field(PG_DIAG_MESSAGE_DETAIL), front.answered};
    }
    PQclear(result);
    if (PQstatus(connection_.get()) == CONNECTION_BAD) return lose();
  }
  ++front.answered;
}

void PqLink::finish_front() {
  Pending done = std::move(pending_.front());
  pending_.pop_front();
  if (done.done) answer(std::move(done.done), std::move(done.reply));
}

void PqLink::lose() {
  if (lost_) return;
  lost_ = true;
  error_code ignored;
  socket_.cancel(ignored);
  silence_.cancel();
  for (Pending& one : pending_) {
    one.reply.lost = true;
    if (one.done) answer(std::move(one.done), std::move(one.reply));
  }
  pending_.clear();
}

void PqLink::close() {
  lost_ = true;
  pending_.clear();
  if (connection_ == nullptr) return;
  silence_.cancel();
  socket_.release();  // libpq closes it
  connection_.reset();
}

void PqLink::answer(Done done, Reply reply) {
  asio::post(executor_,
             [done = std::move(done), kept = std::make_shared<Reply>(std::move(reply))]() mutable {
               done(std::move(*kept));
             });
}

void PqLink::watch_silence() {
  silence_.expires_after(kSilence);
  silence_.async_wait([self = shared_from_this()](const error_code& ec) {
    if (!ec && !self->pending_.empty()) self->lose();
  });
}

}  // namespace

std::shared_ptr<Link> make_link(pg_conn* connection, LinkTraits traits,
                                asio::any_io_executor executor) {
  PQsetnonblocking(connection, 1);
  PQenterPipelineMode(connection);
  return std::make_shared<PqLink>(connection, traits, std::move(executor));
}

}  // namespace pilot::store::postgres
