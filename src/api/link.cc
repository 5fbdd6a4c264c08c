#include "api/link.h"

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace pilot::api {

namespace net = boost::asio;
using boost::system::error_code;

std::string peer_of(const net::ip::tcp::socket& socket) {
  error_code gone;
  const auto endpoint = socket.remote_endpoint(gone);
  return gone ? std::string() : endpoint.address().to_string();
}

awaitable<bool> Link::handshake() {
  if (!tls_) co_return true;
  auto [ec] = co_await tls_->async_handshake(net::ssl::stream_base::server, kAsTuple);
  co_return !ec && !expired_;
}

awaitable<void> Link::close_write() {
  error_code ignored;
  if (tls_) {
    // Asio waits for the other side's farewell after ours, which we need not do for long.
    const auto waiting = std::make_shared<bool>(true);
    net::steady_timer enough(get_executor(), Millis{100});
    enough.async_wait([this, waiting](error_code stopped) {
      error_code failed;
      if (!stopped && *waiting) socket.cancel(failed);
    });
    co_await tls_->async_shutdown(kAsTuple);
    *waiting = false;
  }
  socket.shutdown(net::ip::tcp::socket::shutdown_send, ignored);
}

awaitable<void> Link::drop_input(std::size_t most) {
  std::array<char, 16u << 10> bytes;
  std::size_t dropped = 0;
  while (dropped < most && !expired_) {
    auto [ec, size] = co_await socket.async_read_some(net::buffer(bytes), kAsTuple);
    if (ec) co_return;
    dropped += size;
  }
}

LinkStream::LinkStream(Link& link, bool chunked, Millis write_timeout,
                       std::atomic<std::size_t>& open)
    : link_(link), chunked_(chunked), write_timeout_(write_timeout), open_(open) {
  ++open_;
}

LinkStream::~LinkStream() { --open_; }

awaitable<bool> LinkStream::write(std::string piece) {
  if (closed_ || piece.empty()) co_return !closed_;
  const std::string size = chunked_ ? fmt::format("{:x}\r\n", piece.size()) : std::string();
  const std::string_view tail = chunked_ ? "\r\n" : "";
  const std::array<net::const_buffer, 3> buffers{net::buffer(size), net::buffer(piece),
                                                 net::buffer(tail.data(), tail.size())};
  const bool written = co_await link_.write(buffers, write_timeout_);
  if (!written) lose();
  co_return !closed_;
}

awaitable<void> LinkStream::end() {
  if (!gone_ && chunked_) {
    constexpr std::string_view kLastChunk = "0\r\n\r\n";
    const auto buffer = net::buffer(kLastChunk.data(), kLastChunk.size());
    const bool written = co_await link_.write(buffer, write_timeout_);
    if (!written) lose();
  }
  // A read under TLS uses the link: it must be over before the link goes or says farewell.
  error_code ignored;
  if (watching_) link_.socket.cancel(ignored);
  while (watching_) co_await net::post(link_.get_executor(), net::use_awaitable);
}

void LinkStream::drop() {
  error_code ignored;
  // A reset frees the kernel's buffer at once; the client that did not read has no use for it.
  link_.socket.set_option(net::socket_base::linger(true, 0), ignored);
  lose();
  link_.socket.cancel(ignored);
}

void LinkStream::lose() {
  gone_ = true;
  close();
}

void LinkStream::close() {
  if (closed_) return;
  closed_ = true;
  if (on_close_) on_close_();
}

// A client that only listens becomes readable once: when it has gone.
void LinkStream::watch() {
  if (link_.is_tls()) {  // there it says farewell before it goes
    watching_ = true;
    link_.async_read_some(net::buffer(unwanted_),
                          [weak = weak_from_this()](error_code ec, std::size_t) {
                            const auto self = weak.lock();
                            if (!self) return;
                            self->watching_ = false;
                            if (ec) self->lose();
                          });
    return;
  }
  link_.socket.async_wait(net::ip::tcp::socket::wait_read,
                          [weak = weak_from_this()](error_code ec) {
                            const auto self = weak.lock();
                            if (!self) return;
                            error_code failed;
                            const std::size_t bytes = self->link_.socket.available(failed);
                            if (ec || failed || bytes == 0) self->lose();
                          });
}

}  // namespace pilot::api
