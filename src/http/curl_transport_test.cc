// What goes over the wire, and what every kind of failure comes back as.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/raw_server.h"

namespace pilot::http::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST(CurlTransport, SendsAndReceives) {
  std::string seen;
  RawServer server([&seen](Peer& peer) {
    seen = peer.read_request();
    peer.reply("hello", "X-Two: a\r\nX-Two:  b \r\n", "201 Created");
  });
  Harness harness;
  Request request = post(server.url("/x?y=1"), "body");
  request.headers = {{.name = "Content-Type", .value = "text/plain"},
                     {.name = "X-Empty", .value = ""}};
  const Answer answer = harness.send(request);
  ASSERT_TRUE(answer.response);
  EXPECT_EQ(answer.response->status, 201);
  EXPECT_EQ(answer.response->body, "hello");
  EXPECT_EQ(answer.response->header("x-two"), "a");
  EXPECT_EQ(answer.response->headers.back().value, "b");
  EXPECT_EQ(answer.response->url, server.url("/x?y=1"));
  EXPECT_EQ(answer.response->redirects, 0);
  EXPECT_THAT(seen, StartsWith("POST /x?y=1 HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("Content-Type: text/plain\r\n"));
  EXPECT_THAT(seen, HasSubstr("X-Empty:\r\n"));
  EXPECT_THAT(seen, HasSubstr("User-Agent: Pilot\r\n"));
  EXPECT_THAT(seen, HasSubstr("\r\n\r\nbody"));
  EXPECT_THAT(seen, Not(HasSubstr("Expect")));
}

TEST(CurlTransport, EveryMethodGoesOutAsItIs) {
  std::vector<std::string> seen;
  RawServer server([&seen](Peer& peer) {
    for (std::string head = peer.read_request(); !head.empty(); head = peer.read_request()) {
      seen.push_back(head);
      peer.send(head.starts_with("HEAD") ? "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
                                         : "HTTP/1.1 204 No Content\r\n\r\n");
    }
  });
  Harness harness;
  const std::vector<std::string> methods{"GET",   "HEAD",   "POST",    "PUT",
                                         "PATCH", "DELETE", "OPTIONS", "PURGE"};
  for (const std::string& method : methods) {
    EXPECT_THAT(outcome(harness.send({.method = method, .url = server.url()})), StartsWith("20"));
    EXPECT_THAT(seen.back(), StartsWith(method + " / HTTP/1.1\r\n"));
    const bool counts = method == "POST" || method == "PUT" || method == "PATCH";
    EXPECT_EQ(seen.back().find("Content-Length: 0") != std::string::npos, counts) << method;
    EXPECT_THAT(seen.back(), Not(HasSubstr("Content-Type")));
  }
  for (const char* method : {"GET", "PUT", "DELETE"}) {
    Request request = post(server.url(), "xyz");
    request.method = method;
    EXPECT_THAT(outcome(harness.send(request)), StartsWith("204"));
    EXPECT_THAT(seen.back(), StartsWith(std::string(method) + " / HTTP/1.1\r\n"));
    EXPECT_THAT(seen.back(), HasSubstr("\r\n\r\nxyz"));
  }
  EXPECT_EQ(server.connections(), 1);  // kept alive through all of them
  Request head = post(server.url(), "x");
  head.method = "HEAD";
  EXPECT_EQ(outcome(harness.send(head)), "error unsupported unsent final");
}

TEST(CurlTransport, PathAndLargeBodyArriveUnchanged) {
  std::string seen;
  RawServer server([&seen](Peer& peer) {
    seen = peer.read_request();
    peer.reply("ok");
  });
  Harness harness;
  const std::string body(3'000'000, 'x');
  EXPECT_EQ(outcome(harness.send(post(server.url("/a/../%2E%2E/b"), body))), "200 ok");
  EXPECT_THAT(seen, StartsWith("POST /a/../%2E%2E/b HTTP/1.1\r\n"));
  EXPECT_THAT(seen, ::testing::EndsWith(body));
}

TEST(CurlTransport, BadRequestsAreNotSent) {
  Harness harness;
  EXPECT_EQ(outcome(harness.send(get("ftp://127.0.0.1/"))), "error invalid_url unsent final");
  Request request = get("http://127.0.0.1:1/");
  request.headers.push_back({.name = "A", .value = "b\r\nC: d"});
  EXPECT_EQ(outcome(harness.send(request)), "error invalid_header unsent final");
}

TEST(CurlTransport, AThousandAtOnce) {
  constexpr int kCalls = 1'000;
  std::atomic<int> arrived{0};
  Signal all;
  RawServer server([&](Peer& peer) {
    const std::string head = peer.read_request();
    if (++arrived == kCalls) all.set();
    if (all.wait()) peer.reply(head.substr(5, head.find(' ', 5) - 5));
  });
  Harness harness;
  int right = 0;
  for (int i = 0; i < kCalls; ++i) {
    harness.start(get(server.url("/" + std::to_string(i))), [&right, i](const Answer& answer) {
      right += outcome(answer) == "200 " + std::to_string(i) ? 1 : 0;
    });
  }
  EXPECT_TRUE(harness.run());
  EXPECT_EQ(right, kCalls);
}

TEST(CurlTransport, RefusedConnection) {
  std::uint16_t port = 0;
  {
    const RawServer server([](Peer&) {});
    port = server.port();
  }
  Harness harness;
  const Answer answer = harness.send(get(fmt::format("http://127.0.0.1:{}/?key=canary", port)));
  EXPECT_EQ(outcome(answer), "error connect_failed unsent again");
  EXPECT_EQ(answer.error->message,
            fmt::format("could not connect to 127.0.0.1:{} (connection refused)", port));
}

TEST(CurlTransport, NeverAnswers) {
  RawServer server([](Peer& peer) { peer.wait_for_close(); });
  Harness harness;
  Request request = post(server.url(), "x");
  request.timeout = Millis{100};
  const auto before = std::chrono::steady_clock::now();
  const Answer answer = harness.send(request);
  EXPECT_EQ(outcome(answer), "error timeout sent again");
  EXPECT_THAT(answer.error->message, HasSubstr("did not answer within 0.1 s"));
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds{5});
}

TEST(CurlTransport, DripsByteByByte) {
  RawServer server([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx");
    peer.wait_for_close();
  });
  Harness harness;
  Request request = get(server.url());
  request.timeout = Millis{100};
  EXPECT_EQ(outcome(harness.send(request)), "error timeout sent again");
}

TEST(CurlTransport, TlsHandshakeThatHangsWasNotSent) {
  RawServer server([](Peer& peer) { peer.wait_for_close(); });
  Harness harness;
  Request request = get(fmt::format("https://127.0.0.1:{}/", server.port()));
  request.timeout = Millis{100};
  EXPECT_EQ(outcome(harness.send(request)), "error timeout unsent again");
}

TEST(CurlTransport, TlsHandshakeWithGarbageOrCut) {
  RawServer garbage([](Peer& peer) {
    peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    peer.wait_for_close();
  });
  // After the hello: a reset that comes sooner may be taken for a connection that was never there.
  RawServer cut([](Peer& peer) {
    peer.wait_for_bytes();
    peer.reset_on_close();
  });
  Harness harness;
  EXPECT_EQ(outcome(harness.send(get(fmt::format("https://127.0.0.1:{}/", garbage.port())))),
            "error tls_failed unsent final");
  EXPECT_EQ(outcome(harness.send(get(fmt::format("https://127.0.0.1:{}/", cut.port())))),
            "error tls_failed unsent again");
}

struct BrokenCase {
  const char* answer;  // then the connection is closed
  const char* outcome;
};

TEST(CurlTransport, BrokenAnswers) {
  for (const BrokenCase& one : {
           BrokenCase{"", "error connection_lost sent again"},
           {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
            "error connection_lost sent again"},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal",
            "error connection_lost sent again"},
           {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "error bad_response sent final"},
           {"\x16\x03\x01garbage garbage garbage\r\n\r\n", "error bad_response sent final"},
           {"SSH-2.0-OpenSSH_9.2\r\n", "error bad_response sent final"},
           {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "error bad_response sent final"},
           {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone",
            "error bad_response sent final"},
       }) {
    RawServer server([&one](Peer& peer) {
      peer.read_request();
      peer.send(one.answer);
    });
    Harness harness;
    EXPECT_EQ(outcome(harness.send(post(server.url(), "x"))), one.outcome) << one.answer;
  }
}

TEST(CurlTransport, ResetAfterReadingWasSent) {
  RawServer server([](Peer& peer) {
    peer.read_request();
    peer.reset_on_close();
  });
  Harness harness;
  EXPECT_EQ(outcome(harness.send(post(server.url(), "x"))), "error connection_lost sent again");
  EXPECT_EQ(server.connections(), 1);
}

// curl would send it again on a new connection by itself; the server may have done it already.
TEST(CurlTransport, KeptConnectionThatDiesDoesNotRepeatAPost) {
  std::mutex mutex;
  std::vector<std::string> seen;
  const auto note = [&](const std::string& head) {
    const std::lock_guard lock(mutex);
    if (!head.empty()) seen.push_back(head.substr(0, head.find(' ')));
  };
  RawServer server([&](Peer& peer) {
    note(peer.read_request());
    peer.reply("first");
    note(peer.read_request());
  });
  Harness harness;
  EXPECT_EQ(outcome(harness.send(get(server.url()))), "200 first");
  EXPECT_EQ(outcome(harness.send(post(server.url(), "x"))), "error connection_lost sent again");
  EXPECT_EQ(outcome(harness.send(get(server.url()))), "200 first");
  EXPECT_EQ(outcome(harness.send(get(server.url()))), "200 first");  // repeated: reading is safe
  const std::lock_guard lock(mutex);
  EXPECT_THAT(seen, ::testing::ElementsAre("GET", "POST", "GET", "GET", "GET"));
}

TEST(CurlTransport, CancelEndsAtOnce) {
  Signal arrived;
  RawServer server([&arrived](Peer& peer) {
    peer.read_request();
    arrived.set();
    peer.wait_for_close();
  });
  Harness harness;
  CancelSource source;
  std::string result;
  harness.start(
      get(server.url()), [&result](const Answer& answer) { result = outcome(answer); },
      source.token());
  harness.context().poll();
  ASSERT_TRUE(arrived.wait());
  const auto before = std::chrono::steady_clock::now();
  source.cancel();
  EXPECT_TRUE(harness.run());
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds{2});
  EXPECT_EQ(result, "error cancelled sent final");
}

TEST(CurlTransport, CancelledBeforehandIsNotSent) {
  RawServer server([](Peer& peer) { peer.wait_for_close(); });
  Harness harness;
  CancelSource source;
  source.cancel();
  EXPECT_EQ(outcome(harness.send(get(server.url()), source.token())),
            "error cancelled unsent final");
  EXPECT_EQ(server.connections(), 0);
}

TEST(CurlTransport, CancelAfterTheAnswerDoesNothing) {
  RawServer server([](Peer& peer) {
    peer.read_request();
    peer.reply("ok");
  });
  Harness harness;
  CancelSource source;
  EXPECT_EQ(outcome(harness.send(get(server.url()), source.token())), "200 ok");
  source.cancel();
  harness.destroy_transport();
}

TEST(CurlTransport, DestructionCancelsWhatIsUnderWay) {
  Signal arrived;
  RawServer server([&arrived](Peer& peer) {
    peer.read_request();
    arrived.set();
    peer.wait_for_close();
  });
  Harness harness;
  CancelSource source;
  std::vector<std::string> results;
  for (int i = 0; i < 3; ++i) {
    harness.start(
        get(server.url()), [&](const Answer& answer) { results.push_back(outcome(answer)); },
        source.token());
  }
  harness.context().poll();
  ASSERT_TRUE(arrived.wait());
  harness.destroy_transport();
  source.cancel();  // a token that outlives the transport
  EXPECT_TRUE(harness.run());
  ASSERT_EQ(results.size(), 3u);
  for (const std::string& result : results) EXPECT_THAT(result, StartsWith("error cancelled"));
}

TEST(CurlTransport, MessagesHoldNoSecret) {
  RawServer server([](Peer& peer) { peer.read_request(); });
  Harness harness;
  Request request = post(server.url("/canary?canary"), "canary");
  request.headers.push_back({.name = "X-Key", .value = "canary", .sensitive = true});
  const Answer answer = harness.send(request);
  ASSERT_TRUE(answer.error);
  EXPECT_THAT(answer.error->message, Not(HasSubstr("canary")));
}

}  // namespace
}  // namespace pilot::http::testing
