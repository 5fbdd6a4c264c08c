#include "engine/user_hosts.h"

#include <fmt/format.h>

#include "model/limits.h"

namespace pilot::engine {
namespace {

constexpr std::size_t kKept = 10'000;  // users; then all are forgotten and read again

}  // namespace

boost::asio::awaitable<Result<std::vector<http::HostListPtr>>> UserHosts::of(UserId user) {
  const std::uint64_t generation = store_.credential_generation();
  if (generation != generation_ || kept_.size() > kKept) kept_.clear();
  generation_ = generation;
  if (const auto it = kept_.find(user.text); it != kept_.end()) co_return it->second;

  const std::string name = user.text;
  const auto texts = co_await store_.allowed_hosts(std::move(user));
  if (!texts) co_return texts.error();
  std::vector<http::HostListPtr> lists;
  for (const std::string& text : *texts) {
    Result<http::HostList> list = http::HostList::parse(text);
    if (!list) co_return list.error().prefixed("allowed hosts of the user");
    lists.push_back(std::make_shared<const http::HostList>(std::move(*list)));
  }
  // Changed meanwhile: what was read may be old already.
  if (generation == store_.credential_generation()) kept_[name] = lists;
  co_return lists;
}

Result<std::string> join_host_rules(const std::vector<std::string>& rules) {
  if (rules.size() > limits::kAllowedHosts) {
    return invalid("invalid_value", fmt::format("a list of allowed hosts has {} rules at most",
                                                limits::kAllowedHosts));
  }
  std::string list;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const std::string& rule = rules[i];
    if (rule.find_first_of(", \t\r\n") != std::string::npos) {
      return invalid("invalid_host_rule", "one rule each, without commas and blanks",
                     fmt::format("/{}", i));
    }
    if (const auto parsed = http::HostRule::parse(rule); !parsed) {
      Error error = parsed.error();
      error.pointer = fmt::format("/{}", i);
      return error;
    }
    if (i != 0) list += ' ';
    list += rule;
  }
  return list;
}

std::vector<std::string> split_host_rules(std::string_view list) {
  std::vector<std::string> rules;
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    rules.emplace_back(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return rules;
}

}  // namespace pilot::engine
