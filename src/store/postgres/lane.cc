#include "store/postgres/lane.h"

#include "store/postgres/failure.h"

namespace pilot::store::postgres {
namespace {

using namespace std::chrono_literals;
constexpr std::chrono::milliseconds kFirstPause = 50ms;
constexpr std::chrono::milliseconds kLongestPause = 1s;

}  // namespace

Lane::~Lane() {
  *alive_ = false;
  if (link_) link_->close();
}

void Lane::use(Ready ready) {
  if (link_ && !link_->usable()) drop(link_.get());
  if (link_) return ready(link_.get());
  if (waiting_.empty() && std::chrono::steady_clock::now() < next_try_) {
    return ready(database_away());
  }
  waiting_.push_back(std::move(ready));
  if (waiting_.size() > 1) return;
  connector_.open(executor_, [this, alive = alive_](Result<std::shared_ptr<Link>> link) {
    if (*alive) connected(std::move(link));
  });
}

void Lane::connected(Result<std::shared_ptr<Link>> link) {
  if (link) {
    link_ = std::move(*link);
    pause_ = 0ms;
  } else {
    pause_ = std::clamp(2 * pause_, kFirstPause, kLongestPause);
    next_try_ = std::chrono::steady_clock::now() + pause_;
  }
  std::vector<Ready> told;
  std::swap(told, waiting_);
  for (Ready& ready : told) {
    if (link_) {
      ready(link_.get());
    } else {
      ready(database_away());
    }
  }
}

void Lane::drop(const Link* link) {
  if (!link_ || link_.get() != link) return;
  link_->close();
  link_.reset();
}

}  // namespace pilot::store::postgres
