// Cancellation as a value: the owner of a piece of work cancels, whoever waits deep inside hears
// it. One shard only; not for crossing threads.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

namespace pilot {

class CancelToken;

class CancelSource {
 public:
  CancelSource() : state_(std::make_shared<State>()) {}
  CancelToken token() const;
  bool cancelled() const { return state_->cancelled; }

  // Calls every callback once, in the order they were added. Further calls do nothing.
  void cancel() {
    if (state_->cancelled) return;
    state_->cancelled = true;
    auto calls = std::move(state_->calls);
    state_->calls.clear();
    for (auto& [id, call] : calls) call();
  }

 private:
  friend class CancelToken;
  struct State {
    bool cancelled = false;
    std::uint64_t last = 0;
    std::map<std::uint64_t, std::function<void()>> calls;
  };
  std::shared_ptr<State> state_;
};

class CancelToken {
 public:
  CancelToken() = default;  // never cancelled
  bool cancelled() const { return state_ && state_->cancelled; }

  // `call` runs on cancel; at once if that has happened. The answer is for forget(). `call` must
  // not hold the token: the token holds it.
  std::uint64_t on_cancel(std::function<void()> call) const {
    if (!state_) return 0;
    if (state_->cancelled) {
      call();
      return 0;
    }
    state_->calls.emplace(++state_->last, std::move(call));
    return state_->last;
  }
  void forget(std::uint64_t id) const {
    if (state_) state_->calls.erase(id);
  }

 private:
  friend class CancelSource;
  explicit CancelToken(std::shared_ptr<CancelSource::State> state) : state_(std::move(state)) {}
  std::shared_ptr<CancelSource::State> state_;
};

inline CancelToken CancelSource::token() const { return CancelToken{state_}; }

}  // namespace pilot
