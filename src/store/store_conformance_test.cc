// What store_conformance.h declares (no test of its own: a file of the test program).
#include "store/store_conformance.h"

#include <boost/asio/io_context.hpp>

#include "base/spawn.h"

namespace pilot::store {

Shard::Shard() : context_(std::make_unique<boost::asio::io_context>(1)) {}
Shard::~Shard() = default;

void Shard::begin(awaitable<void> call) { spawn(context_->get_executor(), std::move(call)); }

void Shard::run() {
  context_->restart();
  context_->run_for(std::chrono::seconds{60});
  ASSERT_EQ(open_, 0) << "the store did not answer";
}

void expect_same(const Run& a, const Run& b) {
  EXPECT_EQ(a.user, b.user);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.plan, b.plan);
  EXPECT_EQ(a.plan_version, b.plan_version);
  EXPECT_EQ(a.plan_name, b.plan_name);
  EXPECT_EQ(a.document, b.document);
  EXPECT_EQ(to_string(a.state), to_string(b.state));
  EXPECT_EQ(a.reason, b.reason);
  EXPECT_EQ(a.inputs, b.inputs);
  EXPECT_EQ(a.trigger, b.trigger);
  EXPECT_EQ(a.output, b.output);
  EXPECT_EQ(a.error, b.error);
  EXPECT_EQ(a.wake_at, b.wake_at);
  EXPECT_EQ(a.created_at, b.created_at);
  EXPECT_EQ(a.started_at, b.started_at);
  EXPECT_EQ(a.finished_at, b.finished_at);
  EXPECT_EQ(a.deadline, b.deadline);
  EXPECT_EQ(a.retry_of, b.retry_of);
  EXPECT_EQ(a.node, b.node);
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(a.revision, b.revision);
  EXPECT_EQ(a.total_steps, b.total_steps);
}

void expect_same(const Attempt& a, const Attempt& b) {
  EXPECT_EQ(a.user, b.user);
  EXPECT_EQ(a.run, b.run);
  EXPECT_EQ(a.seq, b.seq);
  EXPECT_EQ(a.revision, b.revision);
  EXPECT_EQ(a.plan, b.plan);
  EXPECT_EQ(a.plan_name, b.plan_name);
  EXPECT_EQ(a.step_number, b.step_number);
  EXPECT_EQ(a.step_id, b.step_id);
  EXPECT_EQ(a.item_path, b.item_path);
  EXPECT_EQ(a.visit, b.visit);
  EXPECT_EQ(a.attempt, b.attempt);
  EXPECT_EQ(a.provider, b.provider);
  EXPECT_EQ(a.action, b.action);
  EXPECT_EQ(to_string(a.status), to_string(b.status));
  EXPECT_EQ(a.message, b.message);
  EXPECT_EQ(a.output, b.output);
  EXPECT_EQ(a.error, b.error);
  EXPECT_EQ(a.metadata, b.metadata);
  EXPECT_EQ(a.idempotency_key, b.idempotency_key);
  EXPECT_EQ(a.http_status, b.http_status);
  EXPECT_EQ(a.wake_at, b.wake_at);
  EXPECT_EQ(a.started_at, b.started_at);
  EXPECT_EQ(a.finished_at, b.finished_at);
  EXPECT_EQ(a.latency_ms, b.latency_ms);
}

}  // namespace pilot::store
