// The address guard at the real sockets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "http/raw_server.h"

namespace pilot::http::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(CurlGuard, LoopbackInEverySpelling) {
  RawServer server([](Peer& peer) {
    peer.read_request();
    peer.reply("reached");
  });
  Harness harness{AddressPolicy{}};
  for (const char* host :
       {"127.0.0.1", "127.1", "127.0.0.2", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1",
        "localhost", "LOCALHOST", "x.localhost", "%6cocalhost", "127%2e0%2e0%2e1", "[::1]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]",
        "[::127.0.0.1]"}) {
    const Answer answer = harness.send(get(fmt::format("http://{}:{}/", host, server.port())));
    EXPECT_EQ(outcome(answer), "error blocked_address unsent final") << host;
    if (answer.error) EXPECT_THAT(answer.error->message, HasSubstr("\"loopback\"")) << host;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST(CurlGuard, NamesTheRuleAndNotTheAddress) {
  Harness harness{AddressPolicy{}};
  const Answer answer = harness.send(get("http://localhost:9/"));
  ASSERT_TRUE(answer.error);
  EXPECT_EQ(
      answer.error->message,
      "localhost:9 may not be reached: addresses of the kind \"loopback\" are blocked; "
      "--allow-private-network lets it through, if this is your own network, and --allow-host "
      "one host of it");
}

TEST(CurlGuard, MetadataIsNeverReachable) {
  Harness harness{{.allow_loopback = true, .allow_private = true}};
  struct Case {
    const char* url;
    const char* rule;
  };
  for (const Case& one : {Case{"http://169.254.169.254/latest/meta-data/", "metadata"},
                          {"http://[::ffff:169.254.169.254]/", "metadata"},
                          {"http://2852039166/", "metadata"},
                          {"http://100.100.100.200/", "metadata"},
                          {"http://[fd00:ec2::254]/", "metadata"},
                          {"http://169.254.1.1/", "link_local"},
                          {"http://[fe80::1]/", "link_local"},
                          {"http://0.0.0.0/", "unspecified"},
                          {"http://[::]/", "unspecified"},
                          {"http://224.0.0.1/", "multicast"},
                          {"http://255.255.255.255/", "reserved"}}) {
    const Answer answer = harness.send(get(one.url));
    EXPECT_EQ(outcome(answer), "error blocked_address unsent final") << one.url;
    if (answer.error) EXPECT_THAT(answer.error->message, HasSubstr(one.rule)) << one.url;
    if (answer.error) EXPECT_THAT(answer.error->message, Not(HasSubstr("--allow"))) << one.url;
  }
}

TEST(CurlGuard, OneTransportsConnectionsAreNotAnothers) {
  RawServer server([](Peer& peer) {
    while (!peer.read_request().empty()) peer.reply("ok");
  });
  Harness open;
  Harness closed{AddressPolicy{}};
  EXPECT_EQ(outcome(open.send(get(server.url()))), "200 ok");
  EXPECT_EQ(outcome(closed.send(get(server.url()))), "error blocked_address unsent final");
}

TEST(CurlGuard, ProxyOfTheEnvironmentIsIgnored) {
  RawServer proxy([](Peer& peer) {
    peer.read_request();
    peer.reply("through the proxy");
  });
  RawServer server([](Peer& peer) {
    peer.read_request();
    peer.reply("direct");
  });
  const std::string url = proxy.url();
  for (const char* name : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}) {
    ::setenv(name, url.c_str(), 1);
  }
  Harness harness;
  EXPECT_EQ(outcome(harness.send(get(server.url()))), "200 direct");
  Harness closed{AddressPolicy{}};
  EXPECT_EQ(outcome(closed.send(get(server.url()))), "error blocked_address unsent final");
  for (const char* name : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}) ::unsetenv(name);
  EXPECT_EQ(proxy.connections(), 0);
}

TEST(CurlGuard, ConfiguredProxyIsUsedAndLiteralsAreStillJudged) {
  std::string seen;
  RawServer proxy([&seen](Peer& peer) {
    seen = peer.read_request();
    peer.reply("through the proxy");
  });
  Harness harness{AddressPolicy{}, proxy.url()};
  EXPECT_EQ(outcome(harness.send(get("http://pilot.test/x"))), "200 through the proxy");
  EXPECT_THAT(seen, ::testing::StartsWith("GET http://pilot.test/x HTTP/1.1\r\n"));
  for (const char* url : {"http://127.0.0.1/", "http://2130706433/", "http://localhost/",
                          "http://[::ffff:169.254.169.254]/", "http://10.0.0.1./"}) {
    EXPECT_EQ(outcome(harness.send(get(url))), "error blocked_address unsent final") << url;
  }
  EXPECT_EQ(proxy.connections(), 1);
}

}  // namespace
}  // namespace pilot::http::testing
