// Where a user's calls may go: the user's own list and those of whoever owns them. Kept per shard
// until something was changed, so within a second on every node. On its shard only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <string>
#include <vector>

#include "http/host_rules.h"
#include "store/store.h"

namespace pilot::engine {

class UserHosts {
 public:
  explicit UserHosts(store::Store& store) : store_(store) {}

  // A call has to be on each of them; none: it may go anywhere. Codes: the store's, and
  // invalid_host_rule for a list that cannot be read: then nothing may go.
  boost::asio::awaitable<Result<std::vector<http::HostListPtr>>> of(UserId user);

 private:
  store::Store& store_;
  std::map<std::string, std::vector<http::HostListPtr>> kept_;  // by user
  std::uint64_t generation_ = 0;
};

// As the store keeps a list. Code invalid_host_rule, with its place in the list; at most
// limits::kAllowedHosts rules.
Result<std::string> join_host_rules(const std::vector<std::string>& rules);
std::vector<std::string> split_host_rules(std::string_view list);

}  // namespace pilot::engine
