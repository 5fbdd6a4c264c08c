// One at a time per key: whoever comes first leads, the others wait until that one has landed and
// then look again. Nothing is held over the wait but a place in a list: no thread, no lock.
//
//   for (;;) {
//     if (auto ready = look()) co_return *ready;
//     if (auto lead = flights.board(key)) { ...; lead->fail(error) or nothing; co_return ...; }
//     const Status landed = co_await flights.landed(key, cancel);
//     if (!landed) co_return landed.error();  // the leader's own error, or `cancelled`
//   }
//
// Any thread: a waiter is resumed on its own executor.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>
#include <string>

#include "base/cancel.h"
#include "base/result.h"

namespace pilot::engine {

class Flights {
  struct State;

 public:
  Flights();
  ~Flights();  // who still waits is not resumed any more

  // The right to do it; given back when it goes, in whichever way.
  class Lead {
   public:
    Lead(std::shared_ptr<State> state, std::string key)
        : state_(std::move(state)), key_(std::move(key)) {}
    Lead(Lead&&) noexcept = default;
    Lead& operator=(Lead&&) = delete;
    ~Lead();
    // What those who wait now are told. Without it they look again, and one of them leads.
    void fail(Error error) { error_ = std::move(error); }

   private:
    std::shared_ptr<State> state_;  // null: moved from
    std::string key_;
    std::optional<Error> error_;
  };

  // None while another one leads.
  std::optional<Lead> board(const std::string& key);
  // At once when nobody leads.
  boost::asio::awaitable<Status> landed(const std::string& key, CancelToken cancel);

 private:
  std::shared_ptr<State> state_;
};

}  // namespace pilot::engine
