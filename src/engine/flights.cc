#include "engine/flights.h"

#include <algorithm>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <mutex>
#include <unordered_map>
#include <vector>

namespace pilot::engine {

namespace asio = boost::asio;

namespace {

struct Waiting {
  std::function<void(Status)> post;  // once; taken under the mutex
  CancelToken token;                 // of the waiter's shard, touched only there
  std::uint64_t registration = 0;
};
using WaitingPtr = std::shared_ptr<Waiting>;

}  // namespace

struct Flights::State {
  std::mutex mutex;
  std::unordered_map<std::string, std::vector<WaitingPtr>> led;  // by key; present: somebody leads

  void land(const std::string& key, const std::optional<Error>& error) {
    std::vector<WaitingPtr> all;  // kept until each is posted: it forgets its token
    std::vector<std::function<void(Status)>> calls;
    {
      std::lock_guard lock(mutex);
      all = std::move(led.extract(key).mapped());
      for (const WaitingPtr& waiting : all) {
        calls.push_back(std::exchange(waiting->post, nullptr));
      }
    }
    for (const auto& call : calls) call(error ? Status(*error) : ok());
  }

  void give_up(const std::string& key, const WaitingPtr& waiting) {
    std::function<void(Status)> call;
    {
      std::lock_guard lock(mutex);
      call = std::exchange(waiting->post, nullptr);
      if (const auto found = led.find(key); found != led.end()) std::erase(found->second, waiting);
    }
    if (call) {
      call(Error{.kind = ErrorKind::cancelled, .message = "the call was cancelled"});
    }
  }
};

Flights::Flights() : state_(std::make_shared<State>()) {}
Flights::~Flights() = default;

Flights::Lead::~Lead() {
  if (state_) state_->land(key_, error_);
}

std::optional<Flights::Lead> Flights::board(const std::string& key) {
  {
    std::lock_guard lock(state_->mutex);
    if (!state_->led.try_emplace(key).second) return std::nullopt;
  }
  return Lead(state_, key);
}

asio::awaitable<Status> Flights::landed(const std::string& key, CancelToken cancel) {
  return asio::async_initiate<const asio::use_awaitable_t<>, void(Status)>(
      [](auto handler, State* state, std::string which, CancelToken token) {
        const auto executor = asio::prefer(asio::get_associated_executor(handler),
                                           asio::execution::outstanding_work.tracked);
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        auto waiting = std::make_shared<Waiting>();
        waiting->token = std::move(token);
        waiting->post = [executor, shared, weak = std::weak_ptr(waiting)](Status status) {
          asio::post(executor, [shared, held = weak.lock(), status = std::move(status)]() mutable {
            if (held) held->token.forget(held->registration);
            std::move (*shared)(std::move(status));
          });
        };
        bool flying = false;
        {
          std::lock_guard lock(state->mutex);
          if (const auto found = state->led.find(which); found != state->led.end()) {
            found->second.push_back(waiting);
            flying = true;
          }
        }
        if (!flying) {
          std::exchange(waiting->post, nullptr)(ok());
          return;
        }
        // Cancelling and landing may meet; whoever takes `post` first resumes the waiter.
        waiting->registration =
            waiting->token.on_cancel([state, which, weak = std::weak_ptr(waiting)] {
              if (const auto alive = weak.lock()) state->give_up(which, alive);
            });
      },
      asio::use_awaitable, state_.get(), key, std::move(cancel));
}

}  // namespace pilot::engine
