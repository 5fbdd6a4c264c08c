#include "http/host_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pilot::http {
namespace {

bool names(const char* rule, const char* host, std::uint16_t port = 443) {
  const Result<HostRule> parsed = HostRule::parse(rule);
  EXPECT_TRUE(parsed) << rule;
  return parsed && parsed->names(host, port);
}

TEST(HostRules, ANameIsThatNameInAnySpelling) {
  for (const char* host : {"api.acme.test", "API.acme.Test", "api.acme.test.", "api.acme.test.."}) {
    EXPECT_TRUE(names("api.acme.test", host)) << host;
    EXPECT_TRUE(names("Api.Acme.Test.", host)) << host;
  }
  for (const char* host : {"acme.test", "x.api.acme.test", "xapi.acme.test",
                           "api.acme.test.evil.test", "api.acme.testx", "api-acme.test", ""}) {
    EXPECT_FALSE(names("api.acme.test", host)) << host;
  }
}

TEST(HostRules, ADotInFrontIsTheNameAndAllBelow) {
  for (const char* host : {"acme.test", "api.acme.test", "a.b.acme.test."}) {
    EXPECT_TRUE(names(".acme.test", host)) << host;
  }
  for (const char* host : {"evilacme.test", "acme.test.evil.test", "test", ".test"}) {
    EXPECT_FALSE(names(".acme.test", host)) << host;
  }
}

TEST(HostRules, APortBindsToThatPort) {
  EXPECT_TRUE(names("a.test:8443", "a.test", 8443));
  EXPECT_FALSE(names("a.test:8443", "a.test", 443));
  EXPECT_TRUE(names("10.1.2.3:80", "10.1.2.3", 80));
  EXPECT_FALSE(names("10.1.2.3:80", "10.1.2.3", 81));
  EXPECT_TRUE(names("[::1]:80", "[::1]", 80));
  EXPECT_FALSE(names("[::1]:80", "[::1]", 443));
}

TEST(HostRules, AddressesMatchInEverySpelling) {
  for (const char* host :
       {"127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.0.0.1."}) {
    EXPECT_TRUE(names("127.0.0.1", host)) << host;
    EXPECT_TRUE(names("127.0.0.0/8", host)) << host;
    EXPECT_FALSE(names("127.0.0.2", host)) << host;
    EXPECT_FALSE(names("10.0.0.0/8", host)) << host;
  }
  EXPECT_TRUE(names("fd00::/8", "[fd12:3456::1]"));
  EXPECT_TRUE(names("fd00::1", "[fd00:0:0:0:0:0:0:1]"));
  EXPECT_FALSE(names("fd00::/8", "[fe80::1]"));
  EXPECT_FALSE(names("fd00::/8", "fd00.test"));
  EXPECT_TRUE(names("0.0.0.0/0", "8.8.8.8"));
  EXPECT_FALSE(names("0.0.0.0/0", "[::1]"));
}

TEST(HostRules, WhatIsNoRuleIsRefusedByName) {
  for (const char* text : {"",
                           ".",
                           "..",
                           ":80",
                           "a.test:",
                           "a.test:0",
                           "a.test:65536",
                           "a.test:x",
                           "http://a.test",
                           "https://a.test/",
                           "a.test/x",
                           "a b",
                           "*.a.test",
                           "a@b",
                           "-a.test",
                           "10.1.2.0/33",
                           "10.1.2.0/",
                           "10.1.2.0/x",
                           "10.1.2.3/24",
                           "fd00::1/8",
                           "fd00::/129",
                           "2130706433",
                           "0x7f.1",
                           "[::1",
                           "[a.test]",
                           "\xC3\xA4.test",
                           "a.test:80/24"}) {
    const Result<HostRule> rule = HostRule::parse(text);
    EXPECT_FALSE(rule) << text;
    if (!rule) EXPECT_EQ(rule.error().code, "invalid_host_rule") << text;
  }
}

TEST(HostRules, AListLetsThroughWhatOneOfItsRulesNames) {
  const Result<HostList> list = HostList::parse("a.test, .b.test:8443\n10.0.0.0/8");
  ASSERT_TRUE(list);
  EXPECT_TRUE(list->has("a.test", 443));
  EXPECT_TRUE(list->has("x.b.test", 8443));
  EXPECT_TRUE(list->has("10.1.1.1", 80));
  EXPECT_FALSE(list->has("x.b.test", 443));
  EXPECT_FALSE(list->has("c.test", 443));
  const Result<HostList> none = HostList::parse(" ,");
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->has("a.test", 443)) << "an empty list is no permission";
  EXPECT_FALSE(HostList::parse("a.test,http://b.test"));
}

}  // namespace
}  // namespace pilot::http
