// The system's clock and a shard's timers; the texts of RFC 3339 are in rfc3339.cc.
#include "base/clock.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <unordered_map>
#include <vector>

namespace pilot {
namespace {

class SystemClock final : public Clock {
 public:
  WallTime now() const override {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  }
  SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
};

class AsioTimers final : public Timers {
 public:
  explicit AsioTimers(boost::asio::io_context& context)
      : state_(std::make_shared<State>(context)) {}
  ~AsioTimers() override {
    // The aborted wait still holds the state; what it would call goes now, with its owner.
    state_->calls.clear();
    state_->due.clear();
    state_->timer.cancel();
  }
  AsioTimers(const AsioTimers&) = delete;
  AsioTimers& operator=(const AsioTimers&) = delete;

  Id call_at(SteadyTime when, std::function<void()> call) override {
    const Id id = ++state_->last;
    state_->calls.emplace(std::pair{when, id}, std::move(call));
    state_->due.emplace(id, when);
    if (!state_->armed || when < *state_->armed) State::arm(state_, when);
    return id;
  }

  // The timer stays armed: waking once for nothing is cheaper than a system call for each cancel.
  void cancel(Id id) override {
    const auto found = state_->due.find(id);
    if (found == state_->due.end()) return;
    state_->calls.erase({found->second, id});
    state_->due.erase(found);
  }

 private:
  struct State {
    explicit State(boost::asio::io_context& context) : timer(context) {}

    static void arm(const std::shared_ptr<State>& self, SteadyTime when) {
      self->armed = when;
      const std::uint64_t turn = ++self->turn;
      // What is due already needs no system call. (And libfaketime, in tests, loses such a timer.)
      if (when <= std::chrono::steady_clock::now()) {
        boost::asio::post(self->timer.get_executor(), [self, turn] {
          if (turn == self->turn) fire(self);
        });
        return;
      }
      self->timer.expires_at(when);  // aborts the wait before
      self->timer.async_wait([self, turn](const boost::system::error_code& error) {
        if (!error && turn == self->turn) fire(self);
      });
    }

    // Takes only what is due now, so that a call that arms for "now" again cannot keep the shard;
    // looks each up when its turn comes, for a call before may have cancelled it.
    static void fire(const std::shared_ptr<State>& self) {
      self->armed.reset();
      const auto end = self->calls.upper_bound({std::chrono::steady_clock::now(), ~Id{0}});
      std::vector<std::pair<SteadyTime, Id>> ready;
      for (auto it = self->calls.begin(); it != end; ++it) ready.push_back(it->first);
      for (const auto& key : ready) {
        auto node = self->calls.extract(key);
        if (node.empty()) continue;
        self->due.erase(key.second);
        node.mapped()();
      }
      if (self->calls.empty()) return;
      const SteadyTime next = self->calls.begin()->first.first;
      if (!self->armed || next < *self->armed) arm(self, next);
    }

    boost::asio::steady_timer timer;
    std::optional<SteadyTime> armed;  // what the timer is set to
    std::uint64_t turn = 0;           // tells the present wait from aborted ones
    Id last = 0;
    std::map<std::pair<SteadyTime, Id>, std::function<void()>> calls;
    std::unordered_map<Id, SteadyTime> due;
  };
  std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<Clock> make_system_clock() { return std::make_unique<SystemClock>(); }

std::unique_ptr<Timers> make_asio_timers(boost::asio::io_context& context) {
  return std::make_unique<AsioTimers>(context);
}

}  // namespace pilot
