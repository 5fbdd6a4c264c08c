// TLS of the server: who speaks it is answered, who does not is not; and what it is loaded from.
#include "api/tls.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <filesystem>
#include <fstream>

#include "api/test_client.h"

namespace pilot::api {
namespace {

namespace net = boost::asio;
using boost::system::error_code;

// Made for this test, for localhost and 127.0.0.1, for a hundred years; no one trusts it.
constexpr const char* kCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUFCbOSZw7rE9pvQfDSSOH0/RJ0YwwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyNjE3NTcxNVoYDzIxMjYxMTAy
MTc1NzE1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATGPjA+Dm7qOuL2joGvC8S6g3zdP9JdwXB3uIydjXXcxLZ6F4Er7nC4
zRcTI6x77j9Nm1ym+LIaZ/1eLT3r3Mxdo28wbTAdBgNVHQ4EFgQU2BrQcX/u7ju7
zPDZsxi660eaf8MwHwYDVR0jBBgwFoAU2BrQcX/u7ju7zPDZsxi660eaf8MwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhAJD9O5wbCG8go12egZVZCZUhW5ShKE+cCRgio8TF2GlVAiBH
dwGjS962rivZxUVYLYejtEDxQ/yJr6wrTVSGSzmyTg==
-----END CERTIFICATE-----
)";
constexpr const char* kKey = R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgG8iBXP5CWK9RcyFZ
uNCTxYH1MJkd/KPaMiqwxEqL9u6hRANCAATGPjA+Dm7qOuL2joGvC8S6g3zdP9Jd
wXB3uIydjXXcxLZ6F4Er7nC4zRcTI6x77j9Nm1ym+LIaZ/1eLT3r3Mxd
-----END PRIVATE KEY-----
)";
constexpr const char* kOtherKey = R"(-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIEV+F9fW/tajUBayz5QTkQnfkPwZunQZw6hbCdoaI94coAoGCCqGSM49
AwEHoUQDQgAEA5q1h6UsVwFKGOE9udlGpbr6DjweTimciyTONUJILc7mhD6vL7Tm
MOApgH96XqjPQoPlByUkDtG+O9hrunih6g==
-----END EC PRIVATE KEY-----
)";

class TlsTest : public ServerTest {
 protected:
  void SetUp() override {
    std::string name = (std::filesystem::temp_directory_path() / "pilot-tls-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    certificate_ = write("cert.pem", kCertificate);
    key_ = write("key.pem", kKey);
  }
  void TearDown() override {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  std::filesystem::path write(const std::string& name, std::string_view text, mode_t mode = 0600) {
    const std::filesystem::path file = folder_ / name;
    std::ofstream(file) << text;
    ::chmod(file.c_str(), mode);
    return file;
  }
  std::string code_of(const std::filesystem::path& certificate, const std::filesystem::path& key) {
    const auto loaded = Tls::load(certificate, key);
    return loaded ? "" : loaded.error().code;
  }
  void serve_tls(ServerOptions options = {}) {
    auto tls = Tls::load(certificate_, key_);
    ASSERT_TRUE(tls) << tls.error().message;
    auto server = Server::listen("127.0.0.1", 0, {&context_}, router_, options, log_, *tls);
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
    thread_ = std::thread([this] { context_.run(); });
  }

  std::filesystem::path folder_, certificate_, key_;
};

// Blocking, on the test's own thread; trusts that certificate only.
class TlsClient {
 public:
  explicit TlsClient(std::uint16_t port, int version = TLS1_3_VERSION) : socket_(context_, ssl_) {
    ssl_.add_certificate_authority(net::buffer(std::string_view(kCertificate)));
    SSL_set_max_proto_version(socket_.native_handle(), version);
    socket_.set_verify_mode(net::ssl::verify_peer);
    socket_.set_verify_callback(net::ssl::host_name_verification("localhost"));
    socket_.next_layer().connect({net::ip::address_v4::loopback(), port});
    const timeval limit{10, 0};  // a test that hangs fails instead
    ::setsockopt(socket_.next_layer().native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit,
                 sizeof limit);
    socket_.handshake(net::ssl::stream_base::client, failed_);
  }
  const error_code& failed() const { return failed_; }
  void send(std::string_view bytes) { net::write(socket_, net::buffer(bytes), failed_); }
  void say_farewell() { socket_.shutdown(failed_); }
  void cut() { socket_.next_layer().close(); }
  std::string read_until(std::string_view end) {
    std::string out;
    while (!failed_ && out.find(end) == std::string::npos) out += read_some();
    return out;
  }
  std::string read_all() {
    std::string out;
    while (!failed_) out += read_some();
    return out;
  }

 private:
  std::string read_some() {
    std::array<char, 4096> bytes;
    return {bytes.data(), socket_.read_some(net::buffer(bytes), failed_)};
  }
  net::io_context context_;
  net::ssl::context ssl_{net::ssl::context::tls_client};
  net::ssl::stream<net::ip::tcp::socket> socket_;
  error_code failed_;
};

awaitable<Response> echo(Request& request) { co_return text_response("body " + request.body); }
awaitable<Response> large(Request&) { co_return text_response(std::string(3u << 20, 'x')); }
awaitable<void> count(StreamWriter& writer) {
  for (const std::string piece : {"one", "two", "three"}) co_await writer.write(piece);
}
awaitable<Response> stream(Request&) {
  Response response;
  response.content_type = "text/event-stream";
  response.stream = count;
  co_return response;
}

TEST_F(TlsTest, AnswersUnderTls) {
  router_.add(Method::post, "/echo", echo);
  serve_tls();
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsClient client(port(), version);
    ASSERT_FALSE(client.failed()) << client.failed().message();
    for (int i = 0; i < 3; ++i) {
      client.send("POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi");
      EXPECT_THAT(client.read_until("body hi"), testing::StartsWith("HTTP/1.1 200 OK\r\n"));
    }
  }
}

TEST_F(TlsTest, LargeBodiesBothWays) {
  router_.add(Method::post, "/echo", echo);
  router_.add(Method::get, "/large", large);
  serve_tls();
  TlsClient client(port());
  const std::string body(1u << 20, 'y');
  client.send(
      fmt::format("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.size()));
  client.send(body);
  client.send("GET /large HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const std::string all = client.read_all();
  EXPECT_EQ(client.failed(), net::error::eof);  // with a proper farewell
  EXPECT_THAT(all, testing::HasSubstr("body " + body));
  EXPECT_TRUE(all.ends_with(std::string(3u << 20, 'x')));
}

TEST_F(TlsTest, StreamsEndProperly) {
  router_.add(Method::get, "/stream", stream);
  serve_tls();
  TlsClient client(port());
  client.send("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.read_all().ends_with("3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n"));
  EXPECT_EQ(client.failed(), net::error::eof);
}

// Writes nothing more until the client has gone.
awaitable<void> wait_until_closed(StreamWriter& writer, std::shared_ptr<std::promise<void>> gone) {
  net::steady_timer closed(co_await net::this_coro::executor, SteadyTime::max());
  writer.on_close([&closed] { closed.cancel(); });
  co_await writer.write("one");
  if (!writer.closed()) co_await closed.async_wait(net::as_tuple(net::use_awaitable));
  gone->set_value();
}
awaitable<Response> quiet_stream(std::shared_ptr<std::promise<void>> gone) {
  Response response;
  response.content_type = "text/event-stream";
  response.stream = [gone](StreamWriter& writer) { return wait_until_closed(writer, gone); };
  co_return response;
}

TEST_F(TlsTest, AClientThatGoesIsNoticed) {
  const auto left = std::make_shared<std::promise<void>>();
  const auto cut = std::make_shared<std::promise<void>>();
  router_.add(Method::get, "/left", [left](Request&) { return quiet_stream(left); });
  router_.add(Method::get, "/cut", [cut](Request&) { return quiet_stream(cut); });
  serve_tls();
  for (const auto& [path, gone] : {std::pair{"/left", left}, std::pair{"/cut", cut}}) {
    TlsClient client(port());
    client.send(fmt::format("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", path));
    EXPECT_THAT(client.read_until("one"), testing::HasSubstr("one"));
    if (gone == left) {
      client.say_farewell();
    } else {
      client.cut();
    }
    EXPECT_EQ(gone->get_future().wait_for(std::chrono::seconds{10}), std::future_status::ready);
  }
}

// The stream waits for its client; the server does not wait for the stream.
TEST_F(TlsTest, StoppingEndsStreams) {
  const auto gone = std::make_shared<std::promise<void>>();
  router_.add(Method::get, "/quiet", [gone](Request&) { return quiet_stream(gone); });
  serve_tls();
  TlsClient client(port());
  client.send("GET /quiet HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(client.read_until("one"), testing::HasSubstr("one"));
  stop(Millis{5'000});
  EXPECT_TRUE(client.read_all().ends_with("0\r\n\r\n"));
}

TEST_F(TlsTest, OldVersionsAndPlainHttpGetNothing) {
  router_.add(Method::post, "/echo", echo);
  serve_tls();
  TlsClient old(port(), TLS1_1_VERSION);
  EXPECT_TRUE(old.failed());
  const std::string answer = exchange("GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_THAT(answer, testing::Not(testing::HasSubstr("HTTP/1.1")));
}

TEST_F(TlsTest, AHandshakeThatDoesNotComeIsCutOff) {
  serve_tls({.read_timeout = Millis{50}, .linger = Millis{50}});
  RawClient silent(port());
  EXPECT_TRUE(silent.at_end());
  RawClient half(port());
  half.send("\x16\x03\x01\x02");
  EXPECT_EQ(half.read_all(), "");
}

TEST_F(TlsTest, RefusesWhatItCannotUse) {
  EXPECT_EQ(code_of(certificate_, key_), "");
  EXPECT_EQ(code_of(folder_ / "none", key_), "tls_unreadable");
  EXPECT_EQ(code_of(certificate_, folder_ / "none"), "tls_unreadable");
  EXPECT_EQ(code_of(certificate_, write("open.pem", kKey, 0644)), "tls_key_exposed");
  EXPECT_EQ(code_of(certificate_, write("group.pem", kKey, 0640)), "");
  EXPECT_EQ(code_of(certificate_, write("other.pem", kOtherKey)), "tls_invalid");
  EXPECT_EQ(code_of(write("bad.pem", "no certificate"), key_), "tls_invalid");
  EXPECT_EQ(code_of(certificate_, write("bad_key.pem", "")), "tls_invalid");
}

}  // namespace
}  // namespace pilot::api
