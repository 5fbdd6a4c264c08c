// Requests that attackers and broken clients send (promises.md, W6): each gets 400 (or its own
// code) and the end of the connection, and nothing behind it is taken for a second request.
#include "api/test_client.h"

namespace pilot::api {
namespace {

using namespace std::string_literals;  // a NUL inside a text is part of it

struct Bad {
  const char* name;
  std::string bytes;
  int status;
};

std::atomic<int> handled{0};

awaitable<Response> count(Request&) {
  ++handled;
  co_return text_response("handled");
}

class Malformed : public ServerTest {
 protected:
  Malformed() {
    for (const Method method : {Method::get, Method::post}) router_.add(method, "/x", count);
    handled = 0;
  }
};

const std::string kSmuggled = "GET /x HTTP/1.1\r\nHost: smuggled\r\n\r\n";

std::vector<Bad> table() {
  const std::string post = "POST /x HTTP/1.1\r\nHost: a\r\n";
  std::string many = "GET /x HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 101; ++i) many += fmt::format("H{}: v\r\n", i);
  return {
      {"two lengths", post + "Content-Length: 3\r\nContent-Length: 40\r\n\r\nabc", 400},
      {"same length twice", post + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
      {"length list", post + "Content-Length: 3, 3\r\n\r\nabc", 400},
      {"length and chunks",
       post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"chunks and length",
       post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
      {"unknown encoding", post + "Transfer-Encoding: gzip\r\n\r\n", 400},
      {"chunked twice", post + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 400},
      {"hidden encoding",
       post + "Transfer-Encoding: \x0b"
              "chunked\r\n\r\n0\r\n\r\n",
       400},
      {"space before colon", post + "Content-Length : 3\r\n\r\nabc", 400},
      {"negative length", post + "Content-Length: -1\r\n\r\n", 400},
      {"huge length", post + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {"bad chunk size", post + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
      {"bad chunk end", post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n", 400},
      {"LF only", "GET /x HTTP/1.1\nHost: a\n\n", 400},
      {"LF in a header", "GET /x HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 400},
      {"obs-fold", "GET /x HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", 400},
      {"NUL in a header", "GET /x HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n"s, 400},
      {"no host", "GET /x HTTP/1.1\r\n\r\n", 400},
      {"two hosts", "GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"absolute target", "GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"asterisk", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"h2c", "GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n", 400},
      {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400},
      {"0.9", "GET /x\r\n", 400},
      {"version 3", "GET /x HTTP/3.0\r\nHost: a\r\n\r\n", 400},
      {"lower case version", "GET /x http/1.1\r\nHost: a\r\n\r\n", 400},
      {"two spaces", "GET  /x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"bad method", "G@T /x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"garbage", "\x01\x02\x03\x04", 400},
      {"TLS", "\x16\x03\x01\x02", 400},
      {"bad escape", "GET /x%2 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"NUL in the path", "GET /x%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"many headers", many + "\r\n", 431},
      {"long header", "GET /x HTTP/1.1\r\nHost: a\r\nX: " + std::string(9000, 'x') + "\r\n\r\n",
       431},
      {"long line", "GET /" + std::string(9000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"unknown expectation", post + "Expect: cake\r\n\r\n", 417},
  };
}

TEST_F(Malformed, IsRefusedAndTheConnectionEnds) {
  serve({.read_timeout = Millis{2'000}, .linger = Millis{100}});
  for (const Bad& bad : table()) {
    const std::string answers = exchange(bad.bytes + kSmuggled);
    EXPECT_EQ(status_of(answers), bad.status) << bad.name << ": " << answers;
    EXPECT_EQ(answers.find("HTTP/1.1", 1), std::string::npos) << bad.name << ": " << answers;
    EXPECT_NE(answers.find("Connection: close"), std::string::npos) << bad.name;
    EXPECT_NE(answers.find("application/problem+json"), std::string::npos) << bad.name;
  }
  EXPECT_EQ(handled, 0);
}

TEST_F(Malformed, HalfARequestGetsNoAnswer) {
  serve();
  for (const std::string_view bytes :
       {"", "GET /x HTTP/1.1\r\nHost",
        "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"}) {
    RawClient client(port());
    client.send(bytes);
    ::shutdown(client.fd(), SHUT_WR);
    EXPECT_EQ(client.read_all(), "") << bytes;
  }
  EXPECT_EQ(handled, 0);
}

TEST_F(Malformed, UnknownMethodsAndPathsKeepTheConnection) {
  serve();
  RawClient client(port());
  client.send("BREW /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(status_of(client.read_answer()), 405);
  client.send("POST /y HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc");
  EXPECT_EQ(status_of(client.read_answer()), 404);
  client.send("GET /x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(client.read_answer().ends_with("handled"));
}

}  // namespace
}  // namespace pilot::api
