#include "engine/event_bus.h"

#include <boost/asio/post.hpp>

#include <atomic>
#include <mutex>

namespace pilot::engine {
namespace {

struct Listener {
  boost::asio::any_io_executor executor;
  std::function<void(EventPtr)> on_event;
};

}  // namespace

struct EventBus::State {
  std::atomic<std::size_t> count{0};  // lets the common case (nobody listens) skip the mutex
  std::mutex mutex;
  std::unordered_multimap<RunId, std::shared_ptr<Listener>> listeners;
};

namespace {

template <class State>
class Ticket final : public EventBus::Subscription {
 public:
  Ticket(std::shared_ptr<State> state, RunId run, std::shared_ptr<Listener> listener)
      : state_(std::move(state)), run_(std::move(run)), listener_(std::move(listener)) {}
  ~Ticket() override {
    std::lock_guard lock(state_->mutex);
    auto [begin, end] = state_->listeners.equal_range(run_);
    for (auto it = begin; it != end; ++it) {
      if (it->second == listener_) {
        state_->listeners.erase(it);
        --state_->count;
        return;
      }
    }
  }

 private:
  std::shared_ptr<State> state_;
  RunId run_;
  std::shared_ptr<Listener> listener_;
};

}  // namespace

EventBus::EventBus() : state_(std::make_shared<State>()) {}
EventBus::~EventBus() = default;

std::unique_ptr<EventBus::Subscription> EventBus::subscribe(
    const RunId& run, boost::asio::any_io_executor executor,
    std::function<void(EventPtr)> on_event) {
  auto listener = std::make_shared<Listener>(Listener{std::move(executor), std::move(on_event)});
  std::lock_guard lock(state_->mutex);
  state_->listeners.emplace(run, listener);
  ++state_->count;
  return std::make_unique<Ticket<State>>(state_, run, std::move(listener));
}

bool EventBus::wanted(const RunId& run) const {
  if (state_->count.load(std::memory_order_relaxed) == 0) return false;
  std::lock_guard lock(state_->mutex);
  return state_->listeners.contains(run);
}

void EventBus::publish(const RunId& run, EventPtr event) {
  std::vector<std::shared_ptr<Listener>> listeners;
  {
    std::lock_guard lock(state_->mutex);
    auto [begin, end] = state_->listeners.equal_range(run);
    for (auto it = begin; it != end; ++it) listeners.push_back(it->second);
  }
  for (auto& listener : listeners) {
    boost::asio::post(listener->executor, [listener, event] { listener->on_event(event); });
  }
}

}  // namespace pilot::engine
