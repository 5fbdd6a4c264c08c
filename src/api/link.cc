#include "api/link.h"

namespace pilot::api {

namespace net = boost::asio;
using boost::system::error_code;

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
  if (gone_ || !chunked_) co_return;
  constexpr std::string_view kLastChunk = "0\r\n\r\n";
  const auto buffer = net::buffer(kLastChunk.data(), kLastChunk.size());
  const bool written = co_await link_.write(buffer, write_timeout_);
  if (!written) lose();
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
