// Reads of a shard: some connections, each with any number of reads on their way. A read is a
// transaction of its own, and is done again when the connection breaks. On its shard only.
#pragma once

#include <list>

#include "store/postgres/lane.h"
#include "store/postgres/segment.h"

namespace pilot::store::postgres {

class Readers {
 public:
  Readers(Connector& connector, boost::asio::any_io_executor executor, unsigned lanes);
  ~Readers();
  void enqueue(std::unique_ptr<Job> job);

 private:
  using Shared = std::shared_ptr<Job>;  // std::function wants what can be copied
  void start(Shared job);
  void send(Lane& lane, Link& link, Shared job);

  std::list<Lane> lanes_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace pilot::store::postgres
