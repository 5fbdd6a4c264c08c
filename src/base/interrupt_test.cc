#include "base/interrupt.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <thread>

namespace pilot {
namespace {

using Wake = Interrupt::Wake;

SteadyTime in(Millis time) { return std::chrono::steady_clock::now() + time; }

struct Pipe {
  Pipe() { EXPECT_EQ(::pipe(ends.data()), 0); }
  ~Pipe() {
    for (const int end : ends) ::close(end);
  }
  std::array<int, 2> ends{};
};

TEST(Interrupt, WakesForADescriptorThatIsReady) {
  const Pipe pipe;
  const Interrupt interrupt(in(Millis{60'000}));
  EXPECT_EQ(interrupt.wait(pipe.ends[0], POLLIN, Millis{0}), Wake::not_yet);
  EXPECT_EQ(interrupt.wait(pipe.ends[0], POLLIN, Millis{5}), Wake::not_yet);
  ASSERT_EQ(::write(pipe.ends[1], "x", 1), 1);
  EXPECT_EQ(interrupt.wait(pipe.ends[0], POLLIN), Wake::ready);
  EXPECT_FALSE(interrupt.is_set());
}

TEST(Interrupt, TheDeadlineEndsAWait) {
  const Pipe pipe;
  const Interrupt interrupt(in(Millis{20}));
  EXPECT_EQ(interrupt.wait(pipe.ends[0], POLLIN), Wake::timed_out);
  EXPECT_TRUE(interrupt.timed_out());
  EXPECT_EQ(interrupt.left(), Millis{0});
}

TEST(Interrupt, IsCancelledFromAnotherThread) {
  const Pipe pipe;
  Interrupt interrupt(in(Millis{60'000}));
  std::thread other([&] { interrupt.cancel(); });
  EXPECT_EQ(interrupt.wait(pipe.ends[0], POLLIN), Wake::cancelled);
  other.join();
  ASSERT_EQ(::write(pipe.ends[1], "x", 1), 1);
  EXPECT_EQ(interrupt.wait(pipe.ends[0], POLLIN), Wake::cancelled) << "it comes first";
  EXPECT_TRUE(interrupt.is_set());
}

TEST(Interrupt, WaitsForNoDescriptorAtAll) {
  const Interrupt interrupt(in(Millis{60'000}));
  EXPECT_EQ(interrupt.wait(-1, 0, Millis{5}), Wake::not_yet);
}

}  // namespace
}  // namespace pilot
