// Answers that want to be endless, and redirects.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/raw_server.h"

namespace pilot::http::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// CRC-32 of so many zero bytes, as gzip's trailer has it.
std::uint32_t crc_of_zeros(std::size_t count) {
  std::uint32_t crc = 0xffffffff;
  for (std::size_t bit = 0; bit < 8 * count; ++bit) {
    crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320 : 0);
  }
  return ~crc;
}

// A gzip file whose deflate data is one zero and then copies of it, 258 bytes in 13 bits each.
std::string gzip_of_zeros(std::size_t copies) {
  std::string out("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10);
  unsigned bits = 0;
  int count = 0;
  const auto put = [&](unsigned value, int width) {  // least significant bit first
    bits |= value << count;
    for (count += width; count >= 8; count -= 8, bits >>= 8) out += static_cast<char>(bits & 0xff);
  };
  put(1, 1);     // the last block
  put(1, 2);     // fixed Huffman codes
  put(0x0c, 8);  // literal 0: code 00110000, first bit first
  for (std::size_t i = 0; i < copies; ++i) {
    put(0xa3, 8);  // length 258: code 11000101
    put(0, 5);     // distance 1
  }
  put(0, 7);  // end of block
  put(0, 7);  // up to the byte
  const std::size_t size = 1 + 258 * copies;
  for (const std::size_t word : {std::size_t{crc_of_zeros(size)}, size}) {
    for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>((word >> shift) & 0xff);
  }
  return out;
}

TEST(CurlLimits, SmallGzipIsUnpacked) {
  const std::string packed = gzip_of_zeros(1);
  RawServer server([&packed](Peer& peer) {
    peer.read_request();
    peer.reply(packed, "Content-Encoding: gzip\r\n");
  });
  Harness harness;
  const Answer answer = harness.send(get(server.url()));
  ASSERT_TRUE(answer.response) << answer.error->message;
  EXPECT_EQ(answer.response->body, std::string(259, '\0'));
}

TEST(CurlLimits, GzipBomb) {
  const std::string bomb = gzip_of_zeros(40'000);  // 65 KB that become 10 MB
  RawServer server([&bomb](Peer& peer) {
    peer.read_request();
    peer.reply(bomb, "Content-Encoding: gzip\r\n");
    peer.wait_for_close();
  });
  Harness harness;
  const Answer answer = harness.send(get(server.url()));
  EXPECT_EQ(outcome(answer), "error response_too_large sent final");
  EXPECT_THAT(answer.error->message, HasSubstr(std::to_string(limits::kResponseBytes)));
}

// Each layer of a chain could be a bomb of its own; what is not gzip breaks at the first.
TEST(CurlLimits, ChainsOfEncodings) {
  std::string many = "Content-Encoding: gzip";
  for (int i = 0; i < 100; ++i) many += ", gzip";
  const std::string packed = gzip_of_zeros(1);
  for (const std::string& headers :
       {many + "\r\n", std::string("Content-Encoding: gzip, deflate, gzip\r\n"),
        std::string("Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n"),
        std::string("Content-Encoding: no-such-thing\r\n")}) {
    RawServer server([&](Peer& peer) {
      peer.read_request();
      peer.reply(packed, headers);
    });
    Harness harness;
    EXPECT_EQ(outcome(harness.send(get(server.url()))), "error bad_response sent final") << headers;
  }
}

TEST(CurlLimits, EndlessBody) {
  for (const char* headers : {"", "Transfer-Encoding: chunked\r\n"}) {
    const std::string piece =
        *headers == '\0' ? std::string(8192, 'x') : "2000\r\n" + std::string(8192, 'x') + "\r\n";
    RawServer server([&](Peer& peer) {
      peer.read_request();
      peer.send(fmt::format("HTTP/1.1 200 OK\r\n{}\r\n", headers));
      while (peer.send(piece)) {
      }
    });
    Harness harness;
    Request request = get(server.url());
    request.max_response_bytes = 100'000;
    EXPECT_EQ(outcome(harness.send(request)), "error response_too_large sent final");
  }
}

TEST(CurlLimits, ExactlyTheLimitIsFine) {
  RawServer server([](Peer& peer) {
    while (!peer.read_request().empty()) peer.reply(std::string(10'000, 'x'));
  });
  Harness harness;
  Request request = get(server.url());
  request.max_response_bytes = 10'000;
  EXPECT_EQ(harness.send(request).response->body.size(), 10'000u);
  request.max_response_bytes = 9'999;
  EXPECT_EQ(outcome(harness.send(request)), "error response_too_large sent final");
}

TEST(CurlLimits, LargeHeaders) {
  RawServer one([](Peer& peer) {
    peer.read_request();
    peer.reply("x", "X-Large: " + std::string(1'000'000, 'x') + "\r\n");
    peer.wait_for_close();
  });
  RawServer many([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\n");
    while (peer.send("X-Again: and again\r\n")) {
    }
  });
  Harness harness;
  EXPECT_EQ(outcome(harness.send(get(many.url()))), "error response_too_large sent final");
  EXPECT_EQ(outcome(harness.send(get(one.url()))), "error response_too_large sent final");
}

TEST(CurlLimits, InterimAnswers) {
  RawServer some([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n");
    peer.reply("ok", "X-Late: 2\r\n");
  });
  RawServer flood([](Peer& peer) {
    peer.read_request();
    while (peer.send("HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n")) {
    }
  });
  Harness harness;
  const Answer answer = harness.send(get(some.url()));
  ASSERT_TRUE(answer.response);
  EXPECT_EQ(answer.response->body, "ok");
  EXPECT_EQ(answer.response->header("X-Early"), std::nullopt);
  EXPECT_EQ(answer.response->header("X-Late"), "2");
  EXPECT_EQ(outcome(harness.send(get(flood.url()))), "error response_too_large sent final");
}

TEST(CurlLimits, TrailersAreNoHeaders) {
  RawServer server([](Peer& peer) {
    peer.read_request();
    peer.send(
        "HTTP/1.1 200 OK\r\nX-A: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nHTTP/1.1: x\r\n"
        "X-A: 2\r\n\r\n");
  });
  Harness harness;
  const Answer answer = harness.send(get(server.url()));
  ASSERT_TRUE(answer.response);
  EXPECT_EQ(answer.response->header("X-A"), "1");
  EXPECT_EQ(answer.response->headers.size(), 2u);
}

TEST(CurlLimits, NoCookiesAreKept) {
  std::vector<std::string> seen;
  RawServer server([&seen](Peer& peer) {
    for (std::string head = peer.read_request(); !head.empty(); head = peer.read_request()) {
      seen.push_back(head);
      peer.reply("ok", "Set-Cookie: canary=1\r\n");
    }
  });
  Harness harness;
  EXPECT_EQ(outcome(harness.send(get(server.url()))), "200 ok");
  EXPECT_EQ(outcome(harness.send(get(server.url()))), "200 ok");
  EXPECT_THAT(seen.back(), Not(HasSubstr("canary")));
}

RawServer::Handler redirecting(std::string status, std::string location) {
  return [status, location](Peer& peer) {
    while (!peer.read_request().empty()) peer.reply("", "Location: " + location + "\r\n", status);
  };
}

TEST(CurlRedirects, ForEver) {
  RawServer server(redirecting("302 Found", "/again"));
  Harness harness;
  EXPECT_EQ(outcome(harness.send(get(server.url()))), "error too_many_redirects sent final");
  EXPECT_EQ(server.connections(), 1);
}

TEST(CurlRedirects, NotFollowedWhenNotWanted) {
  RawServer server(redirecting("302 Found", "/again"));
  Harness harness;
  Request request = get(server.url());
  request.follow_redirects = false;
  EXPECT_EQ(outcome(harness.send(request)), "302 ");
}

TEST(CurlRedirects, CredentialsStayBehind) {
  std::string seen;
  RawServer target([&seen](Peer& peer) {
    seen = peer.read_request();
    peer.reply("there");
  });
  RawServer first(redirecting("302 Found", target.url("/x")));
  Harness harness;
  Request request = post(first.url(), "canary");
  request.headers = {{.name = "Authorization", .value = "Bearer canary"},
                     {.name = "X-Mine", .value = "canary", .sensitive = true},
                     {.name = "Accept", .value = "text/plain"}};
  const Answer answer = harness.send(request);
  EXPECT_EQ(outcome(answer), "200 there");
  EXPECT_EQ(answer.response->redirects, 1);
  EXPECT_EQ(answer.response->url, target.url("/x"));
  EXPECT_THAT(seen, ::testing::StartsWith("GET /x HTTP/1.1\r\n"));
  EXPECT_THAT(seen, HasSubstr("Accept: text/plain\r\n"));
  EXPECT_THAT(seen, Not(HasSubstr("canary")));
  EXPECT_THAT(seen, Not(HasSubstr("Referer")));
}

TEST(CurlRedirects, SameOriginKeepsThem) {
  std::vector<std::string> seen;
  RawServer server([&seen](Peer& peer) {
    seen.push_back(peer.read_request());
    peer.reply("", "Location: /next\r\n", "307 Temporary Redirect");
    seen.push_back(peer.read_request());
    peer.reply("there");
  });
  Harness harness;
  Request request = post(server.url(), "body");
  request.headers = {{.name = "Authorization", .value = "Bearer canary"}};
  EXPECT_EQ(outcome(harness.send(request)), "200 there");
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_THAT(seen[1], ::testing::StartsWith("POST /next HTTP/1.1\r\n"));
  EXPECT_THAT(seen[1], HasSubstr("Bearer canary"));
  EXPECT_THAT(seen[1], ::testing::EndsWith("\r\n\r\nbody"));
}

TEST(CurlRedirects, BlockedTargetIsRefused) {
  Harness harness;
  for (const char* target : {"http://169.254.169.254/latest/meta-data", "http://0.0.0.0/",
                             "http://10.0.0.1/", "http://[fe80::1]/"}) {
    RawServer server(redirecting("302 Found", target));
    EXPECT_EQ(outcome(harness.send(get(server.url()))), "error blocked_address sent final");
  }
}

// The timeout is of the whole exchange, not of each hop.
TEST(CurlRedirects, ShareOneTimeout) {
  RawServer silent([](Peer& peer) { peer.wait_for_close(); });
  RawServer server(redirecting("302 Found", silent.url()));
  Harness harness;
  Request request = get(server.url());
  request.timeout = Millis{200};
  EXPECT_EQ(outcome(harness.send(request)), "error timeout sent again");
}

}  // namespace
}  // namespace pilot::http::testing
