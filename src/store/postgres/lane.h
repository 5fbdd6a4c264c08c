// A place for one connection that comes and goes: opened when it is first needed, opened again when
// it has broken. Those who need it while it is being opened wait; after a failure everybody is told
// at once until it is time for the next attempt. On its shard only.
#pragma once

#include <chrono>

#include "store/postgres/connect.h"

namespace pilot::store::postgres {

class Lane {
 public:
  Lane(Connector& connector, boost::asio::any_io_executor executor)
      : connector_(connector), executor_(std::move(executor)) {}
  ~Lane();
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  using Ready = std::function<void(Result<Link*>)>;
  // Called at once when the link is there. The pointer is good until control goes back to the loop.
  void use(Ready ready);
  // It broke, or cannot be trusted. Nothing when another has taken its place already.
  void drop(const Link* link);
  std::size_t on_their_way() const { return link_ ? link_->on_their_way() : 0; }
  const boost::asio::any_io_executor& executor() const { return executor_; }

 private:
  void connected(Result<std::shared_ptr<Link>> link);

  Connector& connector_;
  boost::asio::any_io_executor executor_;
  std::shared_ptr<Link> link_;
  std::vector<Ready> waiting_;
  std::chrono::steady_clock::time_point next_try_{};
  std::chrono::milliseconds pause_{0};
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pilot::store::postgres
