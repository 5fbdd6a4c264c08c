#include "base/interrupt.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace pilot {
namespace {

constexpr Millis kLongest{3'600'000};
constexpr Millis kWithoutEvent{50};

}  // namespace

Interrupt::Interrupt(SteadyTime deadline)
    : deadline_(deadline), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Interrupt::~Interrupt() {
  if (event_ >= 0) ::close(event_);
}

void Interrupt::cancel() {
  cancelled_.store(true, std::memory_order_release);
  const std::uint64_t one = 1;
  if (event_ >= 0) static_cast<void>(!::write(event_, &one, sizeof one));
}

Millis Interrupt::left() const {
  const auto left = std::chrono::ceil<Millis>(deadline_ - std::chrono::steady_clock::now());
  return std::max(left, Millis{0});
}

Interrupt::Wake Interrupt::wait(int descriptor, short events, Millis at_most) const {
  const SteadyTime now = std::chrono::steady_clock::now();
  const SteadyTime until = now + std::min(at_most, kLongest);
  for (;;) {
    if (cancelled()) return Wake::cancelled;
    const Millis to_deadline = left();
    if (to_deadline == Millis{0}) return Wake::timed_out;
    const auto to_end = std::chrono::ceil<Millis>(until - std::chrono::steady_clock::now());
    if (to_end <= Millis{0} && at_most != Millis{0}) return Wake::not_yet;
    Millis pause = std::max(std::min(to_end, to_deadline), Millis{0});
    if (event_ < 0) pause = std::min(pause, kWithoutEvent);
    std::array<pollfd, 2> watched{pollfd{events == 0 ? -1 : descriptor, events, 0},
                                  pollfd{event_, POLLIN, 0}};
    const int ready = ::poll(watched.data(), watched.size(), static_cast<int>(pause.count()));
    if (ready > 0 && watched[0].revents != 0 && !cancelled()) return Wake::ready;
    if (at_most == Millis{0} && ready <= 0) return Wake::not_yet;
  }
}

}  // namespace pilot
