#include "api/client.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

namespace pilot::api {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;

constexpr int kTimeoutSeconds = 330;  // longer than the longest ?wait

Error unreachable(const std::string& url, const boost::system::error_code& error) {
  return unavailable("server_unreachable",
                     fmt::format("the server at {} does not answer ({})", url, error.message()));
}

// Takes whole events off the front of `text` (WHATWG HTML, server-sent events; LF lines).
std::optional<ServerEvent> take_event(std::string& text) {
  const std::size_t end = text.find("\n\n");
  if (end == std::string::npos) return std::nullopt;
  ServerEvent event;
  std::string data;
  std::string_view block = std::string_view(text).substr(0, end);
  while (!block.empty()) {
    const std::size_t line_end = std::min(block.find('\n'), block.size());
    const std::string_view line = block.substr(0, line_end);
    block.remove_prefix(std::min(line_end + 1, block.size()));
    const std::size_t colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos) continue;  // a comment, or no value
    std::string_view value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    const std::string_view field = line.substr(0, colon);
    if (field == "id") event.id = value;
    if (field == "event") event.type = value;
    if (field == "data") data += value;
  }
  text.erase(0, end + 2);
  if (Result<Json> json = parse_json(data)) event.data = std::move(*json);
  return event;
}

}  // namespace

struct Client::State {
  std::string url;
  std::string host;
  std::string port;
  std::string token;
  std::string query;
  asio::io_context io;
  std::unique_ptr<tcp::socket> socket;
  boost::beast::flat_buffer buffer;

  Status connect() {
    boost::system::error_code error;
    tcp::resolver resolver(io);
    const auto found = resolver.resolve(host, port, error);
    if (error) return unreachable(url, error);
    socket = std::make_unique<tcp::socket>(io);
    buffer.clear();
    asio::connect(*socket, found, error);
    if (error) {
      socket.reset();
      return unreachable(url, error);
    }
    socket->set_option(tcp::no_delay(true), error);
    const timeval limit{kTimeoutSeconds, 0};
    setsockopt(socket->native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(socket->native_handle(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    return ok();
  }

  http::request<http::string_body> request(std::string_view method, std::string_view target,
                                           const std::optional<Json>& body) const {
    http::request<http::string_body> out;
    out.version(11);
    out.method_string({method.data(), method.size()});
    std::string whole(target);
    if (!query.empty()) {
      whole += target.find('?') == std::string_view::npos ? '?' : '&';
      whole += query;
    }
    out.target(whole);
    out.set(http::field::host, host + ":" + port);
    if (!token.empty()) out.set(http::field::authorization, "Bearer " + token);
    if (body) {
      out.set(http::field::content_type, "application/json");
      out.body() = to_json(*body);
      out.prepare_payload();
    } else if (method != "GET") {
      out.prepare_payload();
    }
    return out;
  }
};

Client::Client(std::string url, std::string token, std::string query)
    : state_(std::make_unique<State>()) {
  state_->token = std::move(token);
  state_->query = std::move(query);
  std::string_view rest = url;
  if (rest.starts_with("http://")) rest.remove_prefix(7);
  const std::size_t colon = rest.rfind(':');
  state_->host = rest.substr(0, colon);
  state_->port = colon == std::string_view::npos ? "80" : std::string(rest.substr(colon + 1));
  state_->url = std::move(url);
}

Client::~Client() = default;

Result<ClientAnswer> Client::call(std::string_view method, std::string_view target,
                                  const std::optional<Json>& body) {
  const bool reused = state_->socket != nullptr;
  if (!reused) {
    if (const Status connected = state_->connect(); !connected) return connected.error();
  }
  const auto request = state_->request(method, target, body);
  boost::system::error_code error;
  http::write(*state_->socket, request, error);
  http::response_parser<http::string_body> parser;
  parser.body_limit(64u << 20);
  if (!error) http::read(*state_->socket, state_->buffer, parser, error);
  if (error) {
    state_->socket.reset();
    // A kept connection that the server has closed meanwhile; only a GET may go out twice.
    if (reused && method == "GET") return call(method, target, body);
    return unreachable(state_->url, error);
  }
  if (!parser.keep_alive()) state_->socket.reset();
  ClientAnswer answer;
  answer.status = static_cast<int>(parser.get().result_int());
  const JsonLimits wide{.max_bytes = 64u << 20, .max_depth = 200, .max_keys = 10'000'000};
  if (Result<Json> json = parse_json(parser.get().body(), wide)) answer.body = std::move(*json);
  return answer;
}

Error problem_to_error(const ClientAnswer& answer) {
  const std::string_view code = string_or(answer.body, "code", "error");
  std::string message(string_or(answer.body, "detail", string_or(answer.body, "error")));
  if (message.empty()) message = fmt::format("the server answered {}", answer.status);
  Error error = invalid(std::string(code), std::move(message),
                        std::string(string_or(answer.body, "pointer")));
  if (answer.status == 404) error.kind = ErrorKind::not_found;
  if (answer.status == 409) error.kind = ErrorKind::conflict;
  if (answer.status == 503) error.kind = ErrorKind::unavailable;
  if (answer.status == 500) error.kind = ErrorKind::internal;
  return error;
}

Result<Json> Client::expect(std::string_view method, std::string_view target,
                            const std::optional<Json>& body) {
  Result<ClientAnswer> answer = call(method, target, body);
  if (!answer) return answer.error();
  if (answer->status >= 400) return problem_to_error(*answer);
  return std::move(answer->body);
}

Status Client::follow(std::string_view target, std::string_view last_id,
                      const std::function<bool(const ServerEvent&)>& on_event) {
  state_->socket.reset();
  if (const Status connected = state_->connect(); !connected) return connected.error();
  auto request = state_->request("GET", target, std::nullopt);
  request.set(http::field::accept, "text/event-stream");
  if (!last_id.empty()) request.set("Last-Event-ID", std::string(last_id));
  boost::system::error_code error;
  http::write(*state_->socket, request, error);
  http::response_parser<http::buffer_body> parser;
  parser.body_limit(boost::none);
  if (!error) http::read_header(*state_->socket, state_->buffer, parser, error);
  if (error) return unreachable(state_->url, error);
  std::string text;
  std::string chunk(16u << 10, '\0');
  const bool events = parser.get().result_int() == 200;
  while (!parser.is_done()) {
    parser.get().body().data = chunk.data();
    parser.get().body().size = chunk.size();
    http::read_some(*state_->socket, state_->buffer, parser, error);
    if (error == http::error::need_buffer) error = {};
    text.append(chunk.data(), chunk.size() - parser.get().body().size);
    if (error) break;
    while (events) {
      const auto event = take_event(text);
      if (!event) break;
      if (!event->type.empty() && !on_event(*event)) {
        state_->socket.reset();
        return ok();
      }
    }
  }
  state_->socket.reset();
  if (!events) {
    ClientAnswer refused{static_cast<int>(parser.get().result_int()), nullptr};
    if (Result<Json> json = parse_json(text)) refused.body = std::move(*json);
    return problem_to_error(refused);
  }
  if (error && error != http::error::end_of_stream) return unreachable(state_->url, error);
  return ok();
}

}  // namespace pilot::api
