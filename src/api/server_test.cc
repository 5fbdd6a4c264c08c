#include "api/server.h"

#include <poll.h>

#include "api/test_client.h"

namespace pilot::api {
namespace {

awaitable<Response> echo(Request& request) {
  co_return text_response(
      fmt::format("{} {} {}", to_string(request.method), request.target, request.body));
}
awaitable<Response> broken(Request&) {
  throw std::runtime_error("secret detail");
  co_return Response{};
}
awaitable<Response> large(Request&) { co_return text_response(std::string(1u << 20, 'x')); }

awaitable<void> count_to_three(StreamWriter& writer) {
  for (const std::string piece : {"one", "two", "three"}) co_await writer.write(piece);
}
awaitable<Response> stream(Request&) {
  Response response;
  response.content_type = "text/event-stream";
  response.stream = count_to_three;
  co_return response;
}

class HttpServer : public ServerTest {
 protected:
  HttpServer() {
    for (const Method method : {Method::get, Method::post}) router_.add(method, "/echo", echo);
    router_.add(Method::get, "/broken", broken);
    router_.add(Method::get, "/large", large);
    router_.add(Method::get, "/stream", stream);
  }
};

constexpr std::string_view kGet = "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n";

TEST_F(HttpServer, KeepsConnectionsAndAnswersInOrder) {
  serve();
  RawClient client(port());
  for (int i = 0; i < 3; ++i) {
    client.send(kGet);
    const std::string answer = client.read_answer();
    EXPECT_EQ(status_of(answer), 200);
    EXPECT_TRUE(answer.ends_with("GET /echo ")) << answer;
    EXPECT_NE(answer.find("\r\nDate: "), std::string::npos);
    EXPECT_NE(answer.find("nosniff"), std::string::npos);
  }
}

TEST_F(HttpServer, Pipelining) {
  serve();
  RawClient client(port());
  std::string all;
  for (int i = 0; i < 50; ++i) {
    all += fmt::format("POST /echo?{} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", i);
  }
  client.send(all);
  for (int i = 0; i < 50; ++i) {
    const std::string answer = client.read_answer();
    EXPECT_TRUE(answer.ends_with(fmt::format("POST /echo?{} abc", i))) << answer;
  }
}

TEST_F(HttpServer, BodiesByLengthAndChunksInAnyPieces) {
  serve();
  const std::string chunked =
      "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\n\r\n";
  const std::string plain = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\nabcdefg";
  for (const std::string& bytes : {chunked, plain}) {
    RawClient client(port());
    for (const char byte : bytes) client.send({&byte, 1});
    EXPECT_TRUE(client.read_answer().ends_with("POST /echo abcdefg"));
  }
}

TEST_F(HttpServer, ConnectionCloseAndHttp10) {
  serve();
  const std::string closed = exchange("GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_NE(closed.find("Connection: close"), std::string::npos);
  EXPECT_EQ(status_of(exchange("GET /echo HTTP/1.0\r\n\r\n")), 200);
  RawClient client(port());
  client.send("GET /echo HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(client.read_answer().find("Connection: keep-alive"), std::string::npos);
  client.send(kGet);
  EXPECT_EQ(status_of(client.read_answer()), 200);
}

TEST_F(HttpServer, HeadHasTheLengthAndNoBody) {
  serve();
  RawClient client(port());
  client.send("HEAD /echo HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_NE(client.read_until("\r\n\r\n").find("Content-Length: 11"), std::string::npos);
  client.send(kGet);
  EXPECT_TRUE(client.read_answer().ends_with("GET /echo "));
}

TEST_F(HttpServer, ExpectContinue) {
  serve();
  RawClient client(port());
  client.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_TRUE(client.read_answer().ends_with("POST /echo ok"));
  // A refused one is told so instead of being asked for its body.
  client.send("PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(status_of(client.read_answer()), 405);
}

TEST_F(HttpServer, ABrokenHandlerIs500AndTellsNothing) {
  serve();
  RawClient client(port());
  client.send("GET /broken HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string answer = client.read_answer();
  EXPECT_EQ(status_of(answer), 500);
  EXPECT_EQ(answer.find("secret detail"), std::string::npos);
  client.send(kGet);
  EXPECT_EQ(status_of(client.read_answer()), 200);
}

TEST_F(HttpServer, StreamsComeInChunksAndEnd) {
  serve();
  EXPECT_TRUE(exchange("GET /stream HTTP/1.1\r\nHost: a\r\n\r\n")
                  .ends_with("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n"));
  EXPECT_TRUE(exchange("GET /stream HTTP/1.0\r\n\r\n").ends_with("\r\n\r\nonetwothree"));
}

TEST_F(HttpServer, OversizeIsAnsweredBeforeItIsRead) {
  serve({.max_body = 1000});
  RawClient declared(port());
  declared.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n");  // no body sent
  const std::string answer = declared.read_answer();
  EXPECT_EQ(status_of(answer), 413);
  EXPECT_NE(answer.find("\"code\":\"body_too_large\""), std::string::npos) << answer;
  EXPECT_NE(answer.find("\"actual\":1001"), std::string::npos) << answer;
  EXPECT_TRUE(declared.at_end());
  RawClient chunked(port());
  chunked.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3E9\r\n");
  EXPECT_EQ(status_of(chunked.read_answer()), 413);
}

TEST_F(HttpServer, AClientThatSendsItAllFirstStillReadsTheRefusal) {
  serve({.max_body = 1000});
  RawClient client(port());
  client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n");
  pollfd refused{client.fd(), POLLRDHUP, 0};
  ASSERT_EQ(::poll(&refused, 1, 10'000), 1);  // answered, and its side ended
  // The shard is one thread: once it has answered somebody else, it has also done what it would do
  // next here. Had it closed, the upload would now meet a reset.
  RawClient other(port());
  other.send(kGet);
  ASSERT_EQ(status_of(other.read_answer()), 200);
  const std::string piece(30'000, 'x');
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(client.send(piece)) << i;
  EXPECT_EQ(status_of(client.read_answer()), 413);
}

TEST_F(HttpServer, UploadsTogetherAreBounded) {
  serve({.max_body = 1000, .max_bodies = 1500});
  RawClient first(port());
  first.send(
      "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\nExpect: "
      "100-continue\r\n\r\n");
  first.read_until("\r\n\r\n");  // it is being read now
  RawClient second(port());
  second.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n");
  const std::string answer = second.read_answer();
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_NE(answer.find("Retry-After: 1"), std::string::npos);
  first.send(std::string(1000, 'x'));
  EXPECT_EQ(status_of(first.read_answer()), 200);
}

TEST_F(HttpServer, SlowOnesAreTold) {
  serve({.read_timeout = Millis{60}, .keep_alive = Millis{60}});
  RawClient headers(port());
  headers.send("GET /echo HTTP/1.1\r\nHo");
  EXPECT_EQ(status_of(headers.read_answer()), 408);
  EXPECT_TRUE(headers.at_end());
  RawClient body(port());
  body.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(status_of(body.read_answer()), 408);
  RawClient silent(port());
  EXPECT_TRUE(silent.at_end());  // nothing asked, nothing said
  RawClient idle(port());
  idle.send(kGet);
  EXPECT_EQ(status_of(idle.read_answer()), 200);
  EXPECT_TRUE(idle.at_end());
}

TEST_F(HttpServer, AReaderThatDoesNotReadIsCutOff) {
  serve({.write_timeout = Millis{80}});
  RawClient client(port());
  std::string all;
  for (int i = 0; i < 64; ++i) all += "GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
  client.send(all);
  for (int i = 0; i < 2000 && server_->load().connections > 0; ++i) {
    std::this_thread::yield();
    pollfd nothing{-1, 0, 0};
    ::poll(&nothing, 0, 5);  // waits for the server's own clock
  }
  EXPECT_EQ(server_->load().connections, 0u);
}

TEST_F(HttpServer, ConnectionsAreCapped) {
  serve({.max_connections = 2});
  RawClient one(port());
  RawClient two(port());
  for (RawClient* client : {&one, &two}) {
    client->send(kGet);
    EXPECT_EQ(status_of(client->read_answer()), 200);
  }
  RawClient three(port());
  const std::string answer = three.read_all();
  EXPECT_EQ(status_of(answer), 503);
  EXPECT_NE(answer.find("Retry-After"), std::string::npos);
}

TEST_F(HttpServer, StoppingFinishesWhatRunsAndClosesTheRest) {
  serve();
  RawClient idle(port());
  idle.send(kGet);
  idle.read_answer();
  RawClient half(port());
  half.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  half.read_until("\r\n\r\n");
  std::promise<void> stopped;
  boost::asio::co_spawn(context_, server_->stop(Millis{5'000}),
                        [&](std::exception_ptr) { stopped.set_value(); });
  EXPECT_TRUE(idle.at_end());
  half.send("ok");
  const std::string answer = half.read_answer();
  EXPECT_TRUE(answer.ends_with("POST /echo ok")) << answer;
  EXPECT_NE(answer.find("Connection: close"), std::string::npos);
  ASSERT_EQ(stopped.get_future().wait_for(std::chrono::seconds{10}), std::future_status::ready);
  EXPECT_EQ(server_->load().connections, 0u);
  EXPECT_FALSE(RawClient(port()).connected());
}

TEST_F(HttpServer, APortInUseIsSaid) {
  serve();
  boost::asio::io_context other;
  const auto second = Server::listen("127.0.0.1", port(), {&other}, router_, {}, log_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, "address_in_use");
  EXPECT_EQ(Server::listen("nowhere", 0, {&other}, router_, {}, log_).error().code, "bad_address");
}

TEST(Shards, ShareOnePort) {
  Log log(LogLevel::off);
  Router router;
  router.add(Method::get, "/echo", echo);
  boost::asio::io_context first;
  boost::asio::io_context second;
  auto server = Server::listen("127.0.0.1", 0, {&first, &second}, router, {}, log);
  ASSERT_TRUE(server) << server.error().message;
  std::thread one([&] { first.run(); });
  std::thread two([&] { second.run(); });
  for (int i = 0; i < 20; ++i) {
    RawClient client((*server)->port());
    client.send(kGet);
    EXPECT_EQ(status_of(client.read_answer()), 200);
  }
  std::promise<void> done;
  boost::asio::co_spawn(first, (*server)->stop(Millis{500}),
                        [&](std::exception_ptr) { done.set_value(); });
  EXPECT_EQ(done.get_future().wait_for(std::chrono::seconds{10}), std::future_status::ready);
  one.join();  // nothing is left to do on either shard
  two.join();
}

}  // namespace
}  // namespace pilot::api
