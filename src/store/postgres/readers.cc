#include "store/postgres/readers.h"

#include <boost/asio/post.hpp>

#include <algorithm>

#include "store/postgres/failure.h"

namespace pilot::store::postgres {
namespace {

constexpr int kMostTries = 2;

// Posted: it may be known before the caller has gone to sleep.
void fail(const Lane& lane, std::shared_ptr<Job> job, const Error& error) {
  job->fail(error);
  boost::asio::post(lane.executor(), [job = std::move(job)] { job->answer(); });
}

}  // namespace

Readers::Readers(Connector& connector, boost::asio::any_io_executor executor, unsigned lanes) {
  for (unsigned i = 0; i < lanes; ++i) lanes_.emplace_back(connector, executor);
}

Readers::~Readers() { *alive_ = false; }

void Readers::enqueue(std::unique_ptr<Job> job) { start(std::move(job)); }

void Readers::start(Shared job) {
  Lane& lane = *std::min_element(lanes_.begin(), lanes_.end(), [](const Lane& a, const Lane& b) {
    return a.on_their_way() < b.on_their_way();
  });
  lane.use([this, alive = alive_, &lane, job = std::move(job)](Result<Link*> link) {
    if (!*alive) return;
    if (!link) return fail(lane, job, link.error());
    send(lane, **link, job);
  });
}

void Readers::send(Lane& lane, Link& link, Shared job) {
  ++job->tries;
  const auto segment = std::make_shared<Segment>(link.traits());
  segment->add(*job);
  link.send(segment->commands(),
            [this, alive = alive_, &lane, which = &link, segment, job](Reply reply) {
              if (!*alive) return;
              const bool broken = reply.lost || (reply.failure && is_shutdown(*reply.failure));
              if (broken) {
                lane.drop(which);
                if (job->tries < kMostTries) return start(job);
                return fail(lane, job, database_away());
              }
              if (reply.failure) return fail(lane, job, failure_error(*reply.failure));
              std::vector<Rows> answers = segment->take(0, reply.rows);
              job->read(answers);
              job->answer();
            });
}

}  // namespace pilot::store::postgres
