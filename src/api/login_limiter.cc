#include "api/login_limiter.h"

#include <boost/asio/ip/address.hpp>

namespace pilot::api {
namespace {

std::string network_of(const std::string& address) {
  boost::system::error_code bad;
  const auto ip = boost::asio::ip::make_address(address, bad);
  if (bad || !ip.is_v6() || ip.to_v6().is_v4_mapped()) return address;
  const auto bytes = ip.to_v6().to_bytes();
  return {reinterpret_cast<const char*>(bytes.data()), 8};
}

}  // namespace

LoginLimiter::Bucket& LoginLimiter::bucket(std::string name) {
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    buckets_.splice(buckets_.begin(), buckets_, found->second);
    return buckets_.front();
  }
  if (buckets_.size() >= most_) {
    by_name_.erase(buckets_.back().name);
    buckets_.pop_back();
  }
  buckets_.push_front({std::move(name), {}});
  by_name_.emplace(buckets_.front().name, buckets_.begin());
  return buckets_.front();
}

std::optional<std::chrono::seconds> LoginLimiter::take(const std::string& account,
                                                       const std::string& address) {
  constexpr SteadyTime::duration kInterval = limits::kLoginInterval;
  constexpr SteadyTime::duration kWhole = kInterval * limits::kLoginTries;
  const SteadyTime now = clock_.steady();
  const std::lock_guard lock(mutex_);
  Bucket& of_account = bucket("n" + account);
  Bucket& of_address = bucket("a" + network_of(address));
  SteadyTime::duration wait{0};
  for (Bucket* each : {&of_account, &of_address}) {
    const auto after = std::max(each->full_at, now) + kInterval - now;
    wait = std::max(wait, after - kWhole);
  }
  if (wait > SteadyTime::duration{0}) return std::chrono::ceil<std::chrono::seconds>(wait);
  for (Bucket* each : {&of_account, &of_address}) {
    each->full_at = std::max(each->full_at, now) + kInterval;
  }
  return std::nullopt;
}

}  // namespace pilot::api
