#include "api/sse.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "api/test_api.h"
#include "api/token.h"

namespace pilot::api {
namespace {

// Keeps what is written; can be told to block, as a client that does not read.
class PieceWriter final : public StreamWriter {
 public:
  awaitable<bool> write(std::string piece) override {
    if (closed_) co_return false;
    text += piece;
    if (after_write) after_write();
    co_await boost::asio::post(boost::asio::use_awaitable);  // what was posted before comes first
    co_return !closed_;
  }
  bool closed() const override { return closed_; }
  void on_close(std::function<void()> call) override { on_close_ = std::move(call); }
  void drop() override {
    dropped = true;
    close();
  }
  void close() {
    closed_ = true;
    if (on_close_) on_close_();
  }

  std::string text;
  bool dropped = false;
  std::function<void()> after_write;

 private:
  bool closed_ = false;
  std::function<void()> on_close_;
};

class Sse : public ApiTest {
 protected:
  Sse() {
    services_->sse_keep_alive = Millis{20};
    start_.user.text = "local";
    start_.document = *parse_json(R"([{"provider":"logic","action":"set"}])");
    start_.compiled = plan::compile_plan(start_.document, services_->registry).plan;
    engine_.node = "n";
    run_ = run_sync(engine_.enqueue(0, start_)).value();
    run_.revision = 0;
  }

  // The attempt `seq` with the next revision, stored and (if `tell`) told.
  void attempt(std::int64_t seq, bool tell = true, std::string message = "m") {
    Attempt row;
    row.user = run_.user;
    row.run = run_.id;
    row.seq = seq;
    row.revision = ++run_.revision;
    row.step_id = "s";
    row.status = AttemptStatus::success;
    row.message = std::move(message);
    write(store::PutAttempt{row, "n", 0});
    if (tell) publish({row.revision, row});
  }
  void finish(bool tell = true) {
    run_.state = RunState::success;
    ++run_.revision;
    write(store::UpdateRun{run_, "n"});
    if (tell) publish({run_.revision, run_});
  }
  void write(store::JournalWrite row) {
    std::vector<store::JournalWrite> batch;
    batch.push_back(std::move(row));
    const auto written = run_sync(store_->write(std::move(batch)));
    ASSERT_TRUE(written && written->fenced.empty());
  }
  void publish(engine::Event event) {
    engine_.events().publish(run_.id, std::make_shared<const engine::Event>(std::move(event)));
  }

  // Opens the stream; then step() lets it go on until it waits.
  int open(std::string last_event_id = {}) {
    request_.headers = {{"Host", "localhost"}};
    if (!authorization_.empty()) request_.headers.push_back({"Authorization", authorization_});
    if (!last_event_id.empty()) {
      last_id_ = std::move(last_event_id);
      request_.headers.push_back({"Last-Event-ID", last_id_});
    }
    EXPECT_TRUE(parse_target("/api/runs/" + run_.id.text + "/events", request_));
    boost::asio::co_spawn(context_, router_.handle(request_),
                          [this](std::exception_ptr, Response r) { response_ = std::move(r); });
    poll();
    if (response_.stream) {
      boost::asio::co_spawn(context_, response_.stream(writer_),
                            [this](std::exception_ptr failure) {
                              EXPECT_FALSE(failure);
                              ended_ = true;
                            });
      poll();
    }
    return response_.status;
  }
  void poll() {
    context_.restart();
    context_.poll();
  }
  // Runs the stream until `done` answers true; ten seconds at most.
  template <class Done>
  bool wait_for(Done done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds{10};
    while (!done() && std::chrono::steady_clock::now() < end) {
      context_.restart();
      context_.run_one_for(std::chrono::milliseconds{100});
    }
    return done();
  }
  std::vector<std::string> ids() const {
    std::vector<std::string> out;
    std::size_t at = 0;
    while ((at = writer_.text.find("id: ", at)) != std::string::npos) {
      const std::size_t end = writer_.text.find('\n', at);
      out.push_back(writer_.text.substr(at + 4, end - at - 4));
      at = end;
    }
    return out;
  }

  engine::StartRun start_;
  pilot::Run run_;
  Request request_;
  std::string last_id_;
  std::string authorization_;
  boost::asio::io_context context_;
  Response response_;
  PieceWriter writer_;
  bool ended_ = false;
};

using Ids = std::vector<std::string>;

TEST_F(Sse, TellsTheStoredThenTheLiveAndEnds) {
  attempt(1, false);
  ASSERT_EQ(open(), 200);
  EXPECT_EQ(response_.content_type, "text/event-stream");
  EXPECT_EQ(header_of(response_, "X-Accel-Buffering"), "no");
  EXPECT_EQ(ids(), (Ids{"0", "1"}));
  attempt(2);
  attempt(1);  // the row of the first attempt changes once more
  ASSERT_TRUE(wait_for([&] { return ids().size() == 4; })) << writer_.text;
  finish();
  ASSERT_TRUE(wait_for([&] { return ended_; }));
  EXPECT_EQ(ids(), (Ids{"0", "1", "2", "3", "4"}));
  EXPECT_NE(writer_.text.find("event: run\ndata: {\"id\":"), std::string::npos);
  EXPECT_NE(writer_.text.find("event: attempt\ndata: {"), std::string::npos);
  EXPECT_NE(writer_.text.find("\"status\":\"success\""), std::string::npos);
}

TEST_F(Sse, ResumesBehindTheLastEvent) {
  for (int i = 1; i <= 5; ++i) attempt(i, false);
  finish(false);
  ASSERT_EQ(open("3"), 200);
  EXPECT_TRUE(ended_);
  EXPECT_EQ(ids(), (Ids{"4", "5", "6"}));
}

TEST_F(Sse, AFinishedRunWithNothingLeftIs204) {
  finish(false);
  EXPECT_EQ(open("1"), 204);
}

TEST_F(Sse, WhatWasNotToldLiveIsFoundInTheStore) {
  ASSERT_EQ(open(), 200);
  attempt(1, false);  // was on its way to the store when the client joined: nobody tells it
  attempt(2);
  ASSERT_TRUE(wait_for([&] { return ids().size() == 3; })) << writer_.text;
  EXPECT_EQ(ids(), (Ids{"0", "1", "2"}));
  finish(false);  // nor the end
  ASSERT_TRUE(wait_for([&] { return ended_; }));
  EXPECT_EQ(ids(), (Ids{"0", "1", "2", "3"}));
}

TEST_F(Sse, KeepsAliveWithComments) {
  ASSERT_EQ(open(), 200);
  EXPECT_TRUE(wait_for([&] { return writer_.text.find(": keep-alive\n\n") != std::string::npos; }));
  writer_.close();
  EXPECT_TRUE(wait_for([&] { return ended_; }));
}

TEST_F(Sse, AClientThatDoesNotReadIsDroppedAndCanResume) {
  ASSERT_EQ(open(), 200);
  // While one piece is on its way, more comes than may wait.
  bool flooded = false;
  writer_.after_write = [&] {
    if (flooded) return;
    flooded = true;
    for (int i = 1; i <= 60; ++i) attempt(i, true, std::string(8'000, 'x'));
  };
  attempt(100);
  ASSERT_TRUE(wait_for([&] { return ended_; }));
  EXPECT_TRUE(writer_.dropped);
  const std::string last = ids().back();
  finish(false);

  writer_ = PieceWriter{};
  response_ = Response{};
  ended_ = false;
  request_ = Request{};
  ASSERT_EQ(open(last), 200);
  ASSERT_TRUE(ended_);
  EXPECT_EQ(ids().size(), 62u - std::stoul(last));
  EXPECT_EQ(ids().front(), std::to_string(std::stoul(last) + 1));
}

TEST_F(Sse, WrongOnesAreRefused) {
  for (const std::string_view id : {"x", "-1", "1.5", "99999999999999999999"}) {
    response_ = Response{};
    request_ = Request{};
    EXPECT_EQ(open(std::string(id)), 400) << id;
  }
  EXPECT_EQ(get("/api/runs/nope/events").status, 404);
}

TEST_F(Sse, ARevokedKeySeesNothingMore) {
  const std::string secret = new_api_key(*services_->random[0]);
  store::ApiKey key;
  key.user.text = "local";
  key.id = "k";
  key.sha256 = token_hash(secret);
  key.scopes = *parse_scopes("read");
  ASSERT_TRUE(run_sync(store_->create_key(key)));
  authorization_ = "Bearer " + secret;
  ASSERT_EQ(open(), 200);
  attempt(1);
  ASSERT_TRUE(wait_for([&] { return ids().size() == 2; })) << writer_.text;
  ASSERT_TRUE(run_sync(store_->revoke_key({"local"}, "k", clock_.now())));
  clock_.advance(std::chrono::seconds{1});
  attempt(2);
  ASSERT_TRUE(wait_for([&] { return ended_; }));
  EXPECT_EQ(ids(), (Ids{"0", "1"}));
}

}  // namespace
}  // namespace pilot::api
