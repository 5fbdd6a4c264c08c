// The socket of one connection with its deadline, and the end of a streamed answer on it. Deadlines
// are swept by the server (expire()), so that no request costs a timer. One shard. Inside of the
// server: for session.cc and link.cc only.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "api/response.h"
#include "base/clock.h"

namespace pilot::api {

inline constexpr auto kAsTuple = boost::asio::as_tuple(boost::asio::use_awaitable);

class Link {
 public:
  explicit Link(boost::asio::ip::tcp::socket s) : socket(std::move(s)) {}

  void arm(Millis timeout) { deadline_ = std::chrono::steady_clock::now() + timeout; }
  void disarm() { deadline_ = SteadyTime::max(); }
  // Cancels what waits, if its time is over; expired() is true from then on, until forgive().
  void expire(SteadyTime now) {
    if (now < deadline_) return;
    deadline_ = SteadyTime::max();
    expired_ = true;
    boost::system::error_code ignored;
    socket.cancel(ignored);
  }
  void expire_now() {
    deadline_ = SteadyTime::min();
    expire(SteadyTime::max());
  }
  bool expired() const { return expired_; }
  void forgive() { expired_ = false; }

  // All of `buffers` within `timeout`; false when that fails. They outlive the call.
  template <class Buffers>
  awaitable<bool> write(Buffers buffers, Millis timeout) {
    arm(timeout);
    auto [ec, size] = co_await boost::asio::async_write(socket, buffers, kAsTuple);
    disarm();
    co_return !ec && !expired_;
  }

  boost::asio::ip::tcp::socket socket;

 private:
  SteadyTime deadline_ = SteadyTime::max();
  bool expired_ = false;
};

// Held by shared_ptr: the watch for the client's going holds it weakly. `link` and `open` outlive
// it.
class LinkStream final : public StreamWriter, public std::enable_shared_from_this<LinkStream> {
 public:
  // Pieces go out as chunks, or (HTTP/1.0) as they are until the connection ends.
  LinkStream(Link& link, bool chunked, Millis write_timeout, std::atomic<std::size_t>& open);
  ~LinkStream() override;

  awaitable<bool> write(std::string piece) override;
  bool closed() const override { return closed_; }
  void on_close(std::function<void()> call) override { on_close_ = std::move(call); }
  void drop() override;

  void watch();           // from now on a client that goes away is noticed
  void close();           // no more pieces, but a proper end
  void lose();            // the client has gone
  awaitable<void> end();  // the proper end, if there can be one

 private:
  Link& link_;
  bool chunked_;
  Millis write_timeout_;
  std::atomic<std::size_t>& open_;
  bool closed_ = false;
  bool gone_ = false;
  std::function<void()> on_close_;
};

}  // namespace pilot::api
