// Live news of runs, for SSE and for whoever waits. Only what has been flushed is published, in
// order of revisions per run. Crosses shards: subscribe and publish from any shard (one mutex
// inside).
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <functional>
#include <memory>
#include <variant>

#include "model/run.h"

namespace pilot::engine {

struct Event {
  std::int64_t revision = 0;
  std::variant<Run, Attempt> body;  // the row as it now stands
};
using EventPtr = std::shared_ptr<const Event>;

class EventBus {
 public:
  EventBus();
  ~EventBus();

  // Ends when dropped; a callback that is already posted may still come.
  class Subscription {
   public:
    virtual ~Subscription() = default;
  };
  // `on_event` is posted to `executor`, one call an event.
  std::unique_ptr<Subscription> subscribe(const RunId& run, boost::asio::any_io_executor executor,
                                          std::function<void(EventPtr)> on_event);

  // Cheap when nobody listens: ask wanted() before making the Event.
  bool wanted(const RunId& run) const;
  void publish(const RunId& run, EventPtr event);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace pilot::engine
