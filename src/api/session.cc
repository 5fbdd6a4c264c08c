#include "api/session.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include "api/access_log.h"
#include "api/answer_head.h"
#include "api/head.h"
#include "api/link.h"
#include "api/problem.h"
#include "api/request_id.h"

namespace pilot::api {
namespace {

namespace net = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;
using net::ip::tcp;

constexpr std::size_t kFirstRead = 4u << 10;
constexpr std::size_t kBodyRead = 64u << 10;
constexpr std::size_t kMostBuffered = 256u << 10;  // head, or pipelined requests
constexpr std::size_t kDrained = 64u << 10;        // a refused body up to this is read and dropped
constexpr std::size_t kLingered = 64u << 20;

template <class Text>
std::string_view view(const Text& text) {
  return {text.data(), text.size()};
}

// Bodies being read, counted for the whole server while one lives.
class Reservation {
 public:
  explicit Reservation(std::atomic<std::size_t>& total) : total_(total) {}
  ~Reservation() { total_ -= bytes_; }
  Reservation(const Reservation&) = delete;
  Reservation& operator=(const Reservation&) = delete;
  bool take(std::size_t bytes, std::size_t limit) {
    bytes_ = bytes;
    return total_.fetch_add(bytes) + bytes <= limit;
  }

 private:
  std::atomic<std::size_t>& total_;
  std::size_t bytes_ = 0;
};

class Connection final : public Session {
 public:
  Connection(tcp::socket socket, std::shared_ptr<Server::Shard> shard)
      : link_(std::move(socket), shard->shared->tls.get()),
        shard_(std::move(shard)),
        options_(shard_->shared->options) {
    peer_ = peer_of(link_.socket);
    shard_->sessions.insert(this);
    ++shard_->shared->connections;
  }
  ~Connection() override {
    shard_->sessions.erase(this);
    --shard_->shared->connections;
  }

  awaitable<void> run() override;
  void expire(SteadyTime now) override { link_.expire(now); }
  void drain() override;
  void cut() override;

 private:
  enum class State { fresh, idle, busy };  // fresh: has not asked anything yet

  awaitable<bool> exchange();
  awaitable<bool> read_head();
  awaitable<bool> read_some(std::size_t most);
  bool parse_head(std::size_t size);
  void name_request();
  awaitable<bool> receive_body();
  awaitable<bool> read_body();
  awaitable<bool> refuse();
  awaitable<bool> answer(Response response);
  awaitable<bool> send(Response& response);
  awaitable<void> send_stream(Response& response);
  awaitable<void> finish();
  void write_head(const Response& response);

  Link link_;
  std::shared_ptr<Server::Shard> shard_;
  const ServerOptions& options_;
  std::string peer_;
  boost::beast::flat_buffer buffer_{kMostBuffered};
  std::optional<http::request_parser<http::string_body>> parser_;
  Request request_;
  SteadyTime begun_;  // when its head was there
  Framing framing_;
  std::optional<Response> refusal_;  // what reading came to, when it was not a request
  std::string head_;                 // of the answer; kept for its memory
  State state_ = State::fresh;
  bool keep_ = true;
  bool linger_ = false;  // unread bytes may come: closing at once would reset the answer away
  std::shared_ptr<LinkStream> stream_;  // while one is written
};

void Connection::drain() {
  if (stream_) return stream_->close();
  if (state_ == State::fresh) {
    link_.arm(Millis{1'000});  // its first request is most likely on the way
  } else if (state_ == State::idle) {
    link_.expire_now();
  }
}

void Connection::cut() {
  if (stream_) stream_->lose();
  error_code ignored;
  link_.socket.close(ignored);
}

awaitable<void> Connection::run() {
  // A new connection that stays silent is as slow as one that sends its headers slowly.
  link_.arm(options_.read_timeout);
  bool more = co_await link_.handshake();
  while (more) more = co_await exchange();
  co_await finish();
}

// One request and its answer. False: the connection ends.
awaitable<bool> Connection::exchange() {
  refusal_.reset();
  request_ = Request{};
  const bool read = co_await read_head();
  if (!read) co_return co_await refuse();
  const Router::Choice choice = co_await shard_->shared->router.choose(request_);
  if (choice.refusal &&
      (framing_.chunked || framing_.length > kDrained || framing_.expects_continue)) {
    refusal_ = choice.refusal;
    co_return co_await refuse();
  }
  if (request_.has_body && !co_await receive_body()) {
    co_return co_await refuse();
  }
  link_.disarm();
  if (choice.refusal) co_return co_await answer(*choice.refusal);
  Response response;
  try {
    response = co_await shard_->shared->router.answer(choice, request_);
  } catch (const std::exception& e) {
    response = problem(internal_error(fmt::format("a handler threw: {}", e.what())));
  }
  co_return co_await answer(std::move(response));
}

// Says why, if there is somebody to say it to, and ends the connection.
awaitable<bool> Connection::refuse() {
  if (!refusal_) co_return false;
  linger_ = true;
  keep_ = false;
  co_return co_await answer(std::move(*refusal_));
}

// One read. False: end of input, a failure, or the deadline (link_.expired()).
awaitable<bool> Connection::read_some(std::size_t most) {
  auto space = buffer_.prepare(most);
  auto [ec, size] = co_await link_.async_read_some(space, kAsTuple);
  buffer_.commit(size);
  co_return !ec && !link_.expired();
}

awaitable<bool> Connection::read_head() {
  parser_.reset();
  std::size_t scanned = 0;
  bool begun = buffer_.size() > 0;
  if (begun) {
    link_.arm(options_.read_timeout);
  } else if (state_ != State::fresh) {
    state_ = State::idle;
    if (shard_->shared->draining) co_return false;
    if (buffer_.capacity() > kFirstRead) buffer_.shrink_to_fit();
    link_.arm(options_.keep_alive);
  }
  while (true) {
    const std::string_view bytes(static_cast<const char*>(buffer_.data().data()), buffer_.size());
    HeadScan scan = begun ? scan_head(bytes, scanned) : HeadScan{};
    if (scan.refusal) {
      refusal_ = std::move(scan.refusal);
      co_return false;
    }
    if (scan.end) {
      state_ = State::busy;
      co_return parse_head(*scan.end);
    }
    if (!co_await read_some(kFirstRead)) {
      // Whoever has said nothing yet gets no answer; whoever was slow is told.
      if (link_.expired() && begun) {
        refusal_ = problem(
            Error{ErrorKind::timeout, "request_timeout", "the request did not arrive in time", {}},
            408);
      }
      co_return false;
    }
    if (!begun) {
      begun = true;
      if (state_ == State::idle) link_.arm(options_.read_timeout);
      state_ = State::busy;
    }
  }
}

bool Connection::parse_head(std::size_t size) {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(kMostBuffered));
  parser_->body_limit(boost::none);  // judged below, where the answer can say by how much
  parser_->eager(true);
  error_code ec;
  parser_->put(net::buffer(buffer_.data().data(), size), ec);
  buffer_.consume(size);
  if (ec || !parser_->is_header_done()) {
    refusal_ = bad_request(ec ? ec.message() : "it has no end");
    return false;
  }
  const auto& message = parser_->get();
  for (const auto& field : message) {
    request_.headers.push_back({view(field.name_string()), view(field.value())});
  }
  name_request();
  keep_ = parser_->keep_alive();
  framing_ = judge_framing(request_.headers, message.version() == 11, options_.max_body);
  if (framing_.refusal) {
    refusal_ = std::move(framing_.refusal);
    return false;
  }
  request_.shard = shard_->index;
  request_.peer = peer_;
  request_.method = method_from(view(message.method_string()));
  request_.has_body = framing_.chunked || framing_.length > 0;
  if (Status target = parse_target(view(message.target()), request_); !target) {
    refusal_ = problem(target.error());
    return false;
  }
  return true;
}

void Connection::name_request() {
  begun_ = std::chrono::steady_clock::now();
  const auto now =
      std::chrono::time_point_cast<WallTime::duration>(std::chrono::system_clock::now());
  request_.id = request_id_for(request_, now, *shard_->random);
}

awaitable<bool> Connection::receive_body() {
  Reservation reservation(shard_->shared->body_bytes);
  const std::size_t most =
      framing_.chunked ? options_.max_body : static_cast<std::size_t>(framing_.length);
  if (!reservation.take(most, options_.max_bodies)) {
    refusal_ = problem(unavailable("overloaded", "too many uploads at once; try again soon"));
    co_return false;
  }
  co_return co_await read_body();
}

awaitable<bool> Connection::read_body() {
  parser_->body_limit(std::uint64_t{options_.max_body});
  if (framing_.expects_continue && buffer_.size() == 0) {
    constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    const auto go_on = net::buffer(kContinue.data(), kContinue.size());
    const bool written = co_await link_.write(go_on, options_.write_timeout);
    if (!written) co_return false;
    link_.arm(options_.read_timeout);
  }
  error_code ec;
  while (!ec && !parser_->is_done() && buffer_.size() > 0) {
    buffer_.consume(parser_->put(buffer_.data(), ec));
  }
  if (ec == http::error::need_more) ec = {};
  if (!ec && !parser_->is_done()) {
    if (framing_.chunked || framing_.length > kFirstRead) buffer_.reserve(kBodyRead);
    std::tie(ec, std::ignore) = co_await http::async_read(link_, buffer_, *parser_, kAsTuple);
  }
  if (link_.expired()) {
    refusal_ = problem(
        Error{ErrorKind::timeout, "request_timeout", "the body did not arrive in time", {}}, 408);
  } else if (ec == http::error::body_limit) {
    refusal_ = body_too_large(options_.max_body, std::nullopt);
  } else if (ec.category() == make_error_code(http::error::bad_chunk).category() &&
             ec != http::error::partial_message && ec != http::error::end_of_stream) {
    refusal_ = bad_request(ec.message());
  }
  if (ec || link_.expired()) co_return false;
  request_.body = std::move(parser_->get().body());
  co_return true;
}

// Writes the answer. False: the connection ends.
awaitable<bool> Connection::answer(Response response) {
  if (response.close || shard_->shared->draining) keep_ = false;
  if (request_.id.empty()) name_request();  // it could not be read
  put_request_id(response, request_.id);
  shard_->shared->router.observe(request_, response);
  const auto took = std::chrono::steady_clock::now() - begun_;
  log_answer(shard_->shared->log, options_.access_log, request_, response,
             std::chrono::duration_cast<Millis>(took));
  link_.forgive();
  if (response.stream && request_.method != Method::head) {
    if (shard_->shared->streams.load() < options_.max_streams) {
      co_await send_stream(response);
      co_return false;
    }
    response = problem(unavailable("too_many_streams", "too many event streams; try again soon",
                                   std::chrono::seconds{5}));
  }
  co_return co_await send(response) && keep_;
}

awaitable<bool> Connection::send(Response& response) {
  write_head(response);
  const bool bodyless = request_.method == Method::head || response.status == 204;
  const std::string_view body = bodyless ? std::string_view{} : std::string_view(response.body);
  const std::array<net::const_buffer, 2> buffers{net::buffer(head_),
                                                 net::buffer(body.data(), body.size())};
  const bool written = co_await link_.write(buffers, options_.write_timeout);
  if (!written) linger_ = false;
  co_return written;
}

awaitable<void> Connection::send_stream(Response& response) {
  keep_ = false;
  request_.slot.reset();  // streams have a limit of their own
  write_head(response);
  const bool begun = co_await link_.write(net::buffer(head_), options_.write_timeout);
  if (!begun) co_return;
  stream_ = std::make_shared<LinkStream>(link_, parser_->get().version() == 11,
                                         options_.write_timeout, shard_->shared->streams);
  stream_->watch();
  if (shard_->shared->draining) stream_->close();
  try {
    co_await response.stream(*stream_);
  } catch (const std::exception& e) {
    shard_->shared->log.error("a stream ended by a bug: {}", e.what());
    stream_->drop();
  }
  co_await stream_->end();
  stream_.reset();
}

void Connection::write_head(const Response& response) {
  head_.clear();
  append_answer_head(head_, response,
                     {.version = parser_ ? parser_->get().version() : 0,
                      .keep = keep_,
                      .date = shard_->date.now(),
                      .request_id = request_.id});
}

awaitable<void> Connection::finish() {
  co_await link_.close_write();
  if (linger_) {
    link_.forgive();
    link_.arm(options_.linger);
    co_await link_.drop_input(kLingered);
  }
  error_code ignored;
  link_.socket.close(ignored);
}

}  // namespace

std::shared_ptr<Session> make_session(tcp::socket socket, std::shared_ptr<Server::Shard> shard) {
  return std::make_shared<Connection>(std::move(socket), std::move(shard));
}

}  // namespace pilot::api
