#include "store/sqlite/readers.h"

namespace pilot::store::sqlite {

Readers::Readers(ConnectionOptions options, unsigned threads, Connection* shared)
    : options_(std::move(options)), shared_(shared), pool_("pilot-reader", threads) {}

Result<std::unique_ptr<Connection>> Readers::borrow() {
  {
    const std::lock_guard lock(mutex_);
    if (!free_.empty()) {
      auto connection = std::move(free_.back());
      free_.pop_back();
      return connection;
    }
  }
  return Connection::open(options_);
}

void Readers::give_back(std::unique_ptr<Connection> connection) {
  if (connection->broken()) return;
  const std::lock_guard lock(mutex_);
  free_.push_back(std::move(connection));
}

}  // namespace pilot::store::sqlite
