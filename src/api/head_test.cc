#include "api/head.h"

#include <gtest/gtest.h>

#include "api/test_api.h"
#include "model/limits.h"

namespace pilot::api {
namespace {

int scan_status(std::string_view bytes) {
  std::size_t scanned = 0;
  const HeadScan scan = scan_head(bytes, scanned);
  return scan.refusal ? scan.refusal->status : 0;
}

TEST(ScanHead, FindsTheEndHoweverItArrives) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string bytes = head + "rest";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    std::size_t scanned = 0;
    std::optional<std::size_t> end;
    for (std::size_t n = step; !end && n < bytes.size() + step; n += step) {
      const HeadScan scan = scan_head(std::string_view(bytes).substr(0, n), scanned);
      ASSERT_FALSE(scan.refusal);
      end = scan.end;
    }
    EXPECT_EQ(end, head.size()) << step;
  }
}

TEST(ScanHead, LimitsAreAnsweredBeforeTheEnd) {
  const std::string long_target(limits::kRequestLine + 10, 'a');
  EXPECT_EQ(scan_status("GET /" + long_target), 414);
  EXPECT_EQ(scan_status("GET /" + long_target + " HTTP/1.1\r\n\r\n"), 414);
  const std::string line = "GET / HTTP/1.1\r\n";
  EXPECT_EQ(scan_status(line + "A: " + std::string(limits::kHeaderBytes, 'x') + "\r\n\r\n"), 431);
  EXPECT_EQ(scan_status(line + std::string(limits::kHeadersBytes + 1, 'x')), 431);
  std::string many = line;
  for (std::size_t i = 0; i < limits::kHeaderCount; ++i) many += "A: b\r\n";
  EXPECT_EQ(scan_status(many + "\r\n"), 0);
  EXPECT_EQ(scan_status(many + "A: b\r\n\r\n"), 431);
}

TEST(ScanHead, OneReadingOnly) {
  EXPECT_EQ(scan_status("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"), 400);  // obs-fold
  EXPECT_EQ(scan_status("GET / HTTP/1.1\r\n A: b\r\n\r\n"), 400);
  EXPECT_EQ(scan_status("GET / HTTP/1.1\nA: b\r\n\r\n"), 400);
  EXPECT_EQ(scan_status("GET / HTTP/1.1\n\n"), 400);
  EXPECT_EQ(scan_status("GET / HTTP/1.1\r\nA: b\rC: d\r\n\r\n"), 400);
  EXPECT_EQ(scan_status("GET /\r\n"), 400);  // 0.9 is not waited for
  EXPECT_EQ(scan_status("\r\nGET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(scan_status("\x16\x03\x01"), 400);  // TLS
  EXPECT_EQ(scan_status("GE"), 0);
}

int framing_status(std::vector<HeaderView> headers, bool http11 = true) {
  const Framing framing = judge_framing(headers, http11, 100);
  return framing.refusal ? framing.refusal->status : 0;
}

TEST(Framing, RefusesEveryDoubt) {
  const HeaderView host{"Host", "a"};
  EXPECT_EQ(framing_status({host}), 0);
  EXPECT_EQ(framing_status({host, {"Content-Length", "5"}}), 0);
  EXPECT_EQ(framing_status({host, {"Transfer-Encoding", "Chunked"}}), 0);
  EXPECT_EQ(framing_status({}), 400);
  EXPECT_EQ(framing_status({}, false), 0);
  EXPECT_EQ(framing_status({host, host}), 400);
  EXPECT_EQ(framing_status({host, {"Content-Length", "5"}, {"content-length", "5"}}), 400);
  EXPECT_EQ(framing_status({host, {"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}), 400);
  for (const std::string_view length :
       {"", "5,5", "+5", "-1", "5 ", "0x5", "5a", "18446744073709551616"}) {
    EXPECT_EQ(framing_status({host, {"Content-Length", length}}), 400) << length;
  }
  for (const std::string_view encoding :
       {"gzip", "chunked, chunked", "gzip, chunked", "chunked, identity", "xchunked", "identity"}) {
    EXPECT_EQ(framing_status({host, {"Transfer-Encoding", encoding}}), 400) << encoding;
  }
  EXPECT_EQ(framing_status({host, {"Transfer-Encoding", "chunked"}}, false), 400);
  EXPECT_EQ(framing_status({host, {"Upgrade", "h2c"}}), 400);
  EXPECT_EQ(framing_status({host, {"Expect", "100-continue"}}), 0);
  EXPECT_EQ(framing_status({host, {"Expect", "tea"}}), 417);
}

TEST(Framing, ATooLongBodySaysByHowMuch) {
  const Framing framing = judge_framing({{"Host", "a"}, {"Content-Length", "101"}}, true, 100);
  ASSERT_TRUE(framing.refusal);
  EXPECT_EQ(framing.refusal->status, 413);
  EXPECT_TRUE(framing.refusal->close);
  const Json json = *parse_json(framing.refusal->body);
  EXPECT_EQ(json.at("code"), "body_too_large");
  EXPECT_EQ(json.at("limit"), 100);
  EXPECT_EQ(json.at("actual"), 101);
}

}  // namespace
}  // namespace pilot::api
