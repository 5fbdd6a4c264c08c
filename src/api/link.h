// The socket of one connection, plain or under TLS, with its deadline, and the end of a streamed
// answer on it. Deadlines are swept by the server (expire()), so that no request costs a timer. One
// shard. Inside of the server: for session.cc and link.cc only.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "api/response.h"
#include "api/tls.h"
#include "base/clock.h"

namespace pilot::api {

inline constexpr auto kAsTuple = boost::asio::as_tuple(boost::asio::use_awaitable);

// The client's address as text, without the port; "" once it is gone.
std::string peer_of(const boost::asio::ip::tcp::socket& socket);

class Link {
 public:
  // `tls` may be null: plain.
  Link(boost::asio::ip::tcp::socket s, const Tls* tls) : socket(std::move(s)) {
    if (tls != nullptr) tls_.emplace(socket, tls->context());
  }

  // False: the connection is of no use. At once without TLS. Within the deadline that is armed.
  awaitable<bool> handshake();
  // No more will be written.
  awaitable<void> close_write();
  // Reads until the end, `most` bytes, or the deadline, and forgets them: unread bytes would turn
  // the close into a reset that takes our last words with it.
  awaitable<void> drop_input(std::size_t most);
  bool is_tls() const { return tls_.has_value(); }

  // Asio's and Beast's idea of a stream to read from and write to.
  using executor_type = boost::asio::ip::tcp::socket::executor_type;
  executor_type get_executor() { return socket.get_executor(); }
  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this](auto handler, const Buffers& space) {
          if (tls_) {
            tls_->async_read_some(space, std::move(handler));
          } else {
            socket.async_read_some(space, std::move(handler));
          }
        },
        token, buffers);
  }
  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(
        [this](auto handler, const Buffers& bytes) {
          if (tls_) {
            tls_->async_write_some(bytes, std::move(handler));
          } else {
            socket.async_write_some(bytes, std::move(handler));
          }
        },
        token, buffers);
  }

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
    auto [ec, size] = co_await boost::asio::async_write(*this, buffers, kAsTuple);
    disarm();
    co_return !ec && !expired_;
  }

  boost::asio::ip::tcp::socket socket;

 private:
  std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls_;
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
  awaitable<void> end();  // the proper end, if there can be one; always awaited at last

 private:
  Link& link_;
  bool chunked_;
  Millis write_timeout_;
  std::atomic<std::size_t>& open_;
  bool closed_ = false;
  bool gone_ = false;
  bool watching_ = false;            // by a read under TLS
  std::array<char, 64> unwanted_{};  // what a client under TLS sends while it should only listen
  std::function<void()> on_close_;
};

}  // namespace pilot::api
