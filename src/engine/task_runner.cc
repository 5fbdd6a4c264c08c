#include "engine/task_runner.h"

#include <fmt/format.h>

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace pilot::engine {
namespace {

namespace asio = boost::asio;
using providers::TaskOutcome;

TaskOutcome timed_out(const std::string& what, Millis timeout, bool begun) {
  return TaskOutcome::fail({.code = "timeout",
                            .message = fmt::format("{} {} within {} s", what,
                                                   begun ? "did not end" : "got no free thread",
                                                   static_cast<double>(timeout.count()) / 1000.0),
                            .retryable = true},
                           begun ? CallStage::sent : CallStage::not_sent);
}

TaskOutcome cancelled(bool begun) {
  return TaskOutcome::fail({.code = "cancelled", .message = "the call was cancelled"},
                           begun ? CallStage::sent : CallStage::not_sent);
}

// On the side thread. An exception is a bug of the provider or of its library.
TaskOutcome carry_out(const TaskCall& call, const providers::TaskContext& context) {
  const providers::Call lent{.provider = call.provider,
                             .action = call.action,
                             .params = call.params,
                             .connection = call.connection,
                             .user = call.user.text,
                             .run = call.run_id.text,
                             .step = call.step,
                             .attempt = call.attempt,
                             .idempotency_key = call.idempotency_key,
                             .now = call.now};
  try {
    return call.run(lent, context);
  } catch (const std::exception& error) {
    return TaskOutcome::fail({.code = "internal", .message = error.what()}, CallStage::sent);
  }
}

// A call on its way. `begun` is shared by the shard and the thread; the rest is the shard's own,
// and gone from here once there is an answer.
class Flight : public std::enable_shared_from_this<Flight> {
 public:
  Flight(Clock& clock, Timers& timers, const TaskCall& call)
      : clock_(clock),
        timers_(timers),
        what_(fmt::format("{}.{}", call.provider, call.action)),
        timeout_(call.timeout),
        interrupt_(std::make_shared<Interrupt>(std::chrono::steady_clock::now() + call.timeout)) {}
  virtual ~Flight() = default;
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;

  const std::shared_ptr<Interrupt>& interrupt() const { return interrupt_; }
  // False when there is an answer already. By the thread.
  bool begin() {
    State expected = State::queued;
    return state_.compare_exchange_strong(expected, State::begun);
  }

  void watch(CancelToken token) {
    timer_ = timers_.call_at(clock_.steady() + timeout_,
                             [self = shared_from_this()] { self->on_timeout(); });
    token_ = std::move(token);
    registration_ = token_.on_cancel([weak = weak_from_this()] {
      if (auto self = weak.lock()) self->on_cancel();
    });
  }
  void answer(TaskOutcome outcome) {
    if (answered_) return;
    answered_ = true;
    timers_.cancel(timer_);
    token_.forget(registration_);
    token_ = {};
    complete(std::move(outcome));
  }

 protected:
  virtual void complete(TaskOutcome outcome) = 0;

 private:
  enum class State { queued, begun, abandoned };

  bool abandon() {
    State expected = State::queued;
    return state_.compare_exchange_strong(expected, State::abandoned);
  }
  void on_timeout() {
    if (abandon()) return answer(timed_out(what_, timeout_, false));
    wait_for_end([this] { return timed_out(what_, timeout_, true); });
  }
  void on_cancel() {
    if (answered_) return;
    interrupt_->cancel();
    if (abandon()) return later(cancelled(false));
    wait_for_end([] { return cancelled(true); });
  }
  template <class Make>
  void wait_for_end(Make make) {
    timers_.cancel(timer_);
    timer_ = timers_.call_at(clock_.steady() + limits::kTaskGrace,
                             [self = shared_from_this(), make] { self->answer(make()); });
  }
  // Not from inside the cancel() of whoever owns the token.
  void later(TaskOutcome outcome) {
    timers_.cancel(timer_);
    timer_ = timers_.call_at(clock_.steady(),
                             [self = shared_from_this(), outcome = std::move(outcome)]() mutable {
                               self->answer(std::move(outcome));
                             });
  }

  Clock& clock_;
  Timers& timers_;
  const std::string what_;
  const Millis timeout_;
  const std::shared_ptr<Interrupt> interrupt_;
  std::atomic<State> state_{State::queued};
  bool answered_ = false;
  Timers::Id timer_ = 0;
  CancelToken token_;
  std::uint64_t registration_ = 0;
};

template <class Handler>
class HandlerFlight final : public Flight {
 public:
  HandlerFlight(Clock& clock, Timers& timers, const TaskCall& call, Handler handler)
      : Flight(clock, timers, call), handler_(std::move(handler)) {}

 private:
  // Moved out: the thread of a call that was left alone may be the last to hold this.
  void complete(TaskOutcome outcome) override {
    auto handler = std::move(*handler_);
    handler_.reset();
    std::move(handler)(std::move(outcome));
  }
  std::optional<Handler> handler_;
};

}  // namespace

// A plain function: everything moves into the initiation, which runs on the shard.
asio::awaitable<TaskOutcome> TaskRunner::run(TaskCall call, CancelToken cancel) const {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(TaskOutcome)>(
      [this](auto handler, TaskCall given, CancelToken token) {
        const auto executor = asio::prefer(asio::get_associated_executor(handler),
                                           asio::execution::outstanding_work.tracked);
        const auto flight = std::make_shared<HandlerFlight<decltype(handler)>>(
            clock_, *timers_, given, std::move(handler));
        const auto post = [executor](std::shared_ptr<Flight> home, TaskOutcome outcome) {
          asio::post(executor, [home = std::move(home), outcome = std::move(outcome)]() mutable {
            home->answer(std::move(outcome));
          });
        };
        if (pool_ == nullptr || token.cancelled()) {
          Error none{.kind = ErrorKind::internal,
                     .code = "unsupported",
                     .message = "this process makes no calls of this kind"};
          return post(flight, pool_ == nullptr ? TaskOutcome::fail(none) : cancelled(false));
        }
        flight->watch(std::move(token));
        UserId user = given.user;
        auto work = [pool = pool_, flight = std::shared_ptr<Flight>(flight), post,
                     call = std::make_shared<TaskCall>(std::move(given))]() mutable {
          if (!flight->begin()) return;
          const auto interrupt = flight->interrupt();
          const providers::TaskContext context{.interrupt = *interrupt,
                                               .dialer = pool->dialer(),
                                               .allowed_hosts = call->allowed_hosts,
                                               .files = pool->files()};
          TaskOutcome outcome = carry_out(*call, context);
          call.reset();
          post(std::move(flight), std::move(outcome));
        };
        pool_->post(
            {.user = std::move(user), .interrupt = flight->interrupt(), .work = std::move(work)});
      },
      asio::use_awaitable, std::move(call), std::move(cancel));
}

}  // namespace pilot::engine
