#include "store/postgres/writer.h"

#include <boost/asio/post.hpp>

#include "base/log.h"
#include "store/postgres/failure.h"

namespace pilot::store::postgres {
namespace {

constexpr std::size_t kMostWeight = 2'000;
constexpr int kMostTries = 3;
// A commit whose connection broke may still be under way: asked 50 times, 100 ms apart.
constexpr int kMostAsked = 50;
constexpr std::chrono::milliseconds kAskAgain{100};

constexpr char kBegin[] = "BEGIN";
constexpr char kTransaction[] = "SELECT pg_current_xact_id()::text";
constexpr char kNotify[] = "NOTIFY pilot";
constexpr char kCommit[] = "COMMIT";
constexpr char kRollback[] = "ROLLBACK";
constexpr char kFate[] = "SELECT pg_xact_status($1::text::xid8)";
constexpr std::size_t kTransactionAt = 1;

const Command kRollbackCommand{kRollback, {}};

}  // namespace

Writer::Writer(Connector& connector, boost::asio::any_io_executor executor, Log& log)
    : log_(log), lane_(connector, executor), pause_(executor) {}

Writer::~Writer() { *alive_ = false; }

void Writer::enqueue(std::unique_ptr<Job> job) {
  queue_.push_back(std::move(job));
  if (!busy_) start();
}

Writer::Group Writer::next_group() {
  Group group;
  if (!again_.empty()) {
    group = std::move(again_.back());
    again_.pop_back();
    return group;
  }
  std::size_t weight = 0;
  while (!queue_.empty() && (group.empty() || weight + queue_.front()->weight <= kMostWeight)) {
    weight += queue_.front()->weight;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

void Writer::start() {
  group_ = next_group();
  if (group_.empty()) return;
  busy_ = true;
  lane_.use([this, alive = alive_](Result<Link*> link) {
    if (!*alive) return;
    if (!link) return fail_all(link.error());
    send(**link);
  });
}

void Writer::send(Link& link) {
  segment_ = std::make_unique<Segment>(link.traits());
  segment_->add(Command{kBegin, {}});
  segment_->add(Command{kTransaction, {}});
  for (const auto& job : group_) {
    ++job->tries;
    segment_->add(*job);
  }
  // Once for all: notifying serialises commits.
  const bool news = std::any_of(group_.begin(), group_.end(),
                                [](const std::unique_ptr<Job>& job) { return job->is_news; });
  if (news) segment_->add(Command{kNotify, {}});
  segment_->add(Command{kCommit, {}});
  transaction_.clear();
  link_ = &link;
  link.send(segment_->commands(), [this, alive = alive_](Reply reply) {
    if (*alive) replied(std::move(reply));
  });
}

void Writer::replied(Reply reply) {
  rows_ = std::move(reply.rows);
  if (rows_.size() > kTransactionAt && rows_[kTransactionAt].next()) {
    transaction_ = rows_[kTransactionAt].text();
  }
  if (reply.lost) {
    lane_.drop(link_);
    asked_ = 0;
    if (reply.failure || transaction_.empty()) return fate_is(Fate::unknown);
    return ask_fate();
  }
  if (reply.failure) return undone(*reply.failure);
  read_all();
}

// The transaction failed: nothing of the group was done.
void Writer::undone(const Failure& failure) {
  if (is_shutdown(failure)) {
    lane_.drop(link_);
    return fail_all(database_away());
  }
  lane_.use([](Result<Link*> link) {
    if (link) (*link)->send({&kRollbackCommand}, [](const Reply&) {});
  });
  if (group_.size() > 1) {
    const auto half = group_.begin() + static_cast<std::ptrdiff_t>(group_.size() / 2);
    again_.emplace_back(std::make_move_iterator(half), std::make_move_iterator(group_.end()));
    group_.erase(half, group_.end());
    again_.push_back(std::move(group_));
    return done();
  }
  if (is_passing(failure) && group_.front()->tries < kMostTries) {
    again_.push_back(std::move(group_));
    return done();
  }
  fail_all(failure_error(failure));
}

void Writer::ask_fate() {
  if (++asked_ > kMostAsked) return fate_is(Fate::unknown);
  lane_.use([this, alive = alive_](Result<Link*> link) {
    if (!*alive) return;
    if (!link) return fate_is(Fate::unknown);
    auto question = std::make_shared<Command>(Command{kFate, {}});
    question->params.text(transaction_);
    link_ = *link;
    (*link)->send({question.get()}, [this, alive, question](Reply reply) {
      if (!*alive) return;
      const bool told = !reply.lost && !reply.failure && reply.rows.front().next();
      const std::string fate = told ? reply.rows.front().text() : "";
      if (reply.lost) lane_.drop(link_);
      if (fate == "committed") return fate_is(Fate::committed);
      if (fate == "aborted") return fate_is(Fate::aborted);
      if (fate.empty() && !reply.lost) return fate_is(Fate::unknown);
      pause_.expires_after(kAskAgain);
      pause_.async_wait([this, alive](const boost::system::error_code& ec) {
        if (!ec && *alive) ask_fate();
      });
    });
  });
}

void Writer::fate_is(Fate fate) {
  // All answers had come, only the commit's had not.
  const bool complete = rows_.size() + 1 >= segment_->commands().size();
  if (fate == Fate::committed && complete) return read_all();
  if (fate == Fate::aborted && group_.front()->tries < kMostTries) {
    again_.push_back(std::move(group_));
    return done();
  }
  fail_all(fate == Fate::aborted ? database_away() : outcome_unknown());
}

void Writer::read_all() {
  for (std::size_t i = 0; i < group_.size(); ++i) {
    std::vector<Rows> answers = segment_->take(i, rows_);
    group_[i]->read(answers);
  }
  if (!failing_with_.empty()) log_.info("database: writing works again");
  failing_with_.clear();
  done();
}

void Writer::fail_all(const Error& error) {
  log_failure(error);
  for (const auto& job : group_) job->fail(error);
  done();
}

// Once per kind of trouble: an outage would fill the log. What is the caller's fault is not
// trouble.
void Writer::log_failure(const Error& error) {
  const bool trouble = error.kind == ErrorKind::unavailable || error.kind == ErrorKind::internal;
  if (!trouble || error.code_or_kind() == failing_with_) return;
  failing_with_ = error.code_or_kind();
  log_.error("database: writing failed: {}", error.message);
}

// The next group is on its way before this one's callers go on.
void Writer::done() {
  auto answered = std::make_shared<Group>(std::move(group_));
  group_.clear();
  segment_.reset();
  rows_.clear();
  busy_ = false;
  start();
  // Posted: a failure may be known before the caller has gone to sleep.
  boost::asio::post(lane_.executor(), [answered] {
    for (const auto& job : *answered) job->answer();
  });
}

}  // namespace pilot::store::postgres
