#include "http/address_guard.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <vector>

namespace pilot::http {
namespace {

std::string judge(const std::string& text, AddressPolicy policy = {}, const Asked& asked = {}) {
  sockaddr_in in{};
  sockaddr_in6 in6{};
  in.sin_family = AF_INET;
  in6.sin6_family = AF_INET6;
  std::optional<std::string> rule;
  if (::inet_pton(AF_INET, text.c_str(), &in.sin_addr) == 1) {
    rule = forbidden(reinterpret_cast<const sockaddr&>(in), policy, asked);
  } else if (::inet_pton(AF_INET6, text.c_str(), &in6.sin6_addr) == 1) {
    rule = forbidden(reinterpret_cast<const sockaddr&>(in6), policy, asked);
  } else {
    return "no address";
  }
  return rule.value_or("open");
}

struct Case {
  const char* address;
  const char* rule;
};

// First and last address of each range, and the neighbours on both sides.
const std::vector<Case> kCases{
    {"0.0.0.0", "unspecified"},
    {"0.255.255.255", "unspecified"},
    {"1.0.0.0", "open"},
    {"9.255.255.255", "open"},
    {"10.0.0.0", "private"},
    {"10.255.255.255", "private"},
    {"11.0.0.0", "open"},
    {"100.63.255.255", "open"},
    {"100.64.0.0", "private"},
    {"100.127.255.255", "private"},
    {"100.128.0.0", "open"},
    {"100.100.100.200", "metadata"},
    {"126.255.255.255", "open"},
    {"127.0.0.0", "loopback"},
    {"127.0.0.1", "loopback"},
    {"127.255.255.255", "loopback"},
    {"128.0.0.0", "open"},
    {"169.253.255.255", "open"},
    {"169.254.0.0", "link_local"},
    {"169.254.169.254", "metadata"},
    {"169.254.170.2", "metadata"},
    {"169.254.255.255", "link_local"},
    {"169.255.0.0", "open"},
    {"168.63.129.16", "metadata"},
    {"172.15.255.255", "open"},
    {"172.16.0.0", "private"},
    {"172.31.255.255", "private"},
    {"172.32.0.0", "open"},
    {"191.255.255.255", "open"},
    {"192.0.0.0", "reserved"},
    {"192.0.0.192", "metadata"},
    {"192.0.0.255", "reserved"},
    {"192.0.1.0", "open"},
    {"192.0.2.1", "reserved"},
    {"192.88.99.1", "reserved"},
    {"192.167.255.255", "open"},
    {"192.168.0.0", "private"},
    {"192.168.255.255", "private"},
    {"192.169.0.0", "open"},
    {"198.17.255.255", "open"},
    {"198.18.0.0", "reserved"},
    {"198.19.255.255", "reserved"},
    {"198.20.0.0", "open"},
    {"198.51.100.7", "reserved"},
    {"203.0.113.7", "reserved"},
    {"223.255.255.255", "open"},
    {"224.0.0.0", "multicast"},
    {"239.255.255.255", "multicast"},
    {"240.0.0.0", "reserved"},
    {"255.255.255.255", "reserved"},
    {"8.8.8.8", "open"},

    {"::", "unspecified"},
    {"::1", "loopback"},
    {"::2", "unspecified"},
    {"::127.0.0.1", "loopback"},
    {"::ffff:127.0.0.1", "loopback"},
    {"::ffff:10.1.2.3", "private"},
    {"::ffff:169.254.169.254", "metadata"},
    {"::ffff:8.8.8.8", "open"},
    {"::ffff:0:127.0.0.1", "loopback"},
    {"64:ff9b::127.0.0.1", "loopback"},
    {"64:ff9b::8.8.8.8", "open"},
    {"64:ff9b::169.254.169.254", "metadata"},
    {"64:ff9b:1::8.8.8.8", "reserved"},
    {"2002:7f00:1::1", "loopback"},
    {"2002:a9fe:a9fe::", "metadata"},
    {"2002:808:808::1", "open"},
    {"2001::1", "reserved"},  // Teredo
    {"2001:0:7f00:1::", "reserved"},
    {"2001:db8::1", "reserved"},
    {"2001:1ff::1", "reserved"},
    {"2001:200::1", "open"},
    {"3fff::1", "reserved"},
    {"100::1", "reserved"},
    {"fc00::1", "private"},
    {"fdff::1", "private"},
    {"fd00:ec2::254", "metadata"},
    {"fd20:ce::254", "metadata"},
    {"fe80::1", "link_local"},
    {"febf::1", "link_local"},
    {"fec0::1", "private"},
    {"ff02::1", "multicast"},
    {"fe00::1", "reserved"},
    {"4000::1", "reserved"},
    {"5f00::1", "reserved"},  // segment routing
    {"2620:4f:8000::1", "open"},
    {"100:0:0:1::1", "reserved"},
    {"64:ff9b:1:ffff::", "reserved"},
    {"::ffff:0.0.0.0", "unspecified"},
    {"::ffff:255.255.255.255", "reserved"},
    {"::ffff:100.64.0.1", "private"},
    {"ff00::", "multicast"},
    {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "multicast"},
    {"fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "private"},
    {"2606:4700::1111", "open"},
    {"2606:4700::5efe:10.0.0.1", "private"},
    {"2606:4700::200:5efe:127.0.0.1", "loopback"},
};

TEST(AddressGuard, Table) {
  for (const Case& one : kCases) EXPECT_EQ(judge(one.address), one.rule) << one.address;
}

TEST(AddressGuard, PolicyOpensItsOwnRangeOnly) {
  const AddressPolicy both{.allow_loopback = true, .allow_private = true};
  for (const Case& one : kCases) {
    const std::string rule = one.rule;
    const bool opened = rule == "loopback" || rule == "private";
    EXPECT_EQ(judge(one.address, both), opened ? "open" : rule) << one.address;
    const std::string loopback = rule == "loopback" ? "open" : rule;
    EXPECT_EQ(judge(one.address, {.allow_loopback = true}), loopback) << one.address;
    const std::string lan = rule == "private" ? "open" : rule;
    EXPECT_EQ(judge(one.address, {.allow_private = true}), lan) << one.address;
  }
}

HostRule rule(const char* text) { return std::move(HostRule::parse(text)).value(); }

// As `address`, asked for by that host and port.
std::string judge_asked(const std::string& address, AddressPolicy policy, std::string_view host,
                        std::uint16_t port = 443) {
  return judge(address, std::move(policy), {host, port});
}

TEST(AddressGuard, AnAllowedNameLiftsLoopbackAndPrivateForThatNameOnly) {
  const AddressPolicy policy{.allow = {rule("wiki.corp.test:8443"), rule(".lan.test")}};
  for (const Case& one : kCases) {
    const std::string kind = one.rule;
    const bool lifted = kind == "loopback" || kind == "private";
    const std::string allowed = lifted ? "open" : kind;
    EXPECT_EQ(judge_asked(one.address, policy, "wiki.corp.test", 8443), allowed) << one.address;
    EXPECT_EQ(judge_asked(one.address, policy, "a.lan.test"), allowed) << one.address;
    EXPECT_EQ(judge_asked(one.address, policy, "wiki.corp.test", 443), kind) << one.address;
    EXPECT_EQ(judge_asked(one.address, policy, "evil.test"), kind) << one.address;
    EXPECT_EQ(judge_asked(one.address, policy, "evillan.test"), kind) << one.address;
  }
}

TEST(AddressGuard, AnAllowedNetworkLiftsWhatIsNoWiderThanItself) {
  struct Allowed {
    const char* rule;
    const char* address;
    const char* verdict;
  };
  for (const Allowed& one : std::vector<Allowed>{{"10.1.2.0/24", "10.1.2.3", "open"},
                                                 {"10.1.2.0/24", "10.1.3.3", "private"},
                                                 {"10.1.2.0/24", "::ffff:10.1.2.3", "open"},
                                                 {"::ffff:10.1.2.0/120", "10.1.2.3", "open"},
                                                 {"10.0.0.0/8", "10.255.255.255", "open"},
                                                 {"127.0.0.1", "127.0.0.1", "open"},
                                                 {"127.0.0.1", "127.0.0.2", "loopback"},
                                                 {"0.0.0.0/0", "10.1.2.3", "private"},
                                                 {"0.0.0.0/0", "169.254.169.254", "metadata"},
                                                 {"::/0", "::1", "loopback"},
                                                 {"169.254.0.0/16", "169.254.7.7", "open"},
                                                 {"169.254.0.0/16", "169.254.169.254", "metadata"},
                                                 {"169.254.169.254", "169.254.169.254", "open"},
                                                 {"fd00::/8", "fd12::1", "open"},
                                                 {"fd00::/8", "fd00:ec2::254", "metadata"},
                                                 {"fd00:ec2::254", "fd00:ec2::254", "open"},
                                                 {"fc00::/7", "fe80::1", "link_local"},
                                                 {"198.18.0.0/15", "198.18.0.1", "open"}}) {
    EXPECT_EQ(judge_asked(one.address, {.allow = {rule(one.rule)}}, "x.test"), one.verdict)
        << one.rule << " " << one.address;
  }
  EXPECT_EQ(judge_asked("10.1.2.3", {.allow = {rule("10.1.2.3:80")}}, "x.test", 80), "open");
  EXPECT_EQ(judge_asked("10.1.2.3", {.allow = {rule("10.1.2.3:80")}}, "x.test", 81), "private");
}

TEST(AddressGuard, AServerOfOneUserClosesWhenAnotherComes) {
  const auto alone = std::make_shared<std::atomic<bool>>(true);
  const AddressPolicy policy{.alone = alone};
  for (const bool open : {true, false}) {
    alone->store(open);
    EXPECT_EQ(judge("127.0.0.1", policy), open ? "open" : "loopback");
    EXPECT_EQ(judge("10.1.2.3", policy), open ? "open" : "private");
    EXPECT_EQ(judge("169.254.169.254", policy), "metadata");
    EXPECT_EQ(judge("fe80::1", policy), "link_local");
  }
}

TEST(AddressGuard, WhatIsDeniedStaysSo) {
  const AddressPolicy policy{.allow_loopback = true,
                             .allow_private = true,
                             .allow = {rule("10.1.2.3"), rule("a.test")},
                             .deny = {rule("10.1.0.0/16"), rule("8.8.8.8"), rule(".evil.test"),
                                      rule("64:ff9b::/96"), rule("2606:4700::/32")}};
  EXPECT_EQ(judge_asked("10.1.2.3", policy, "a.test"), "denied");
  EXPECT_EQ(judge_asked("::ffff:10.1.2.3", policy, "a.test"), "denied");
  EXPECT_EQ(judge_asked("8.8.8.8", policy, "dns.test"), "denied");
  EXPECT_EQ(judge_asked("64:ff9b::9.9.9.9", policy, "dns.test"), "denied");
  EXPECT_EQ(judge_asked("2606:4700::1", policy, "dns.test"), "denied");
  EXPECT_EQ(judge_asked("10.2.2.3", policy, "dns.test"), "open");
  EXPECT_TRUE(denied({"www.evil.test.", 80}, policy));
  EXPECT_TRUE(denied({"EVIL.test", 80}, policy));
  EXPECT_TRUE(denied({"134744072", 80}, policy));  // 8.8.8.8
  EXPECT_FALSE(denied({"notevil.test", 80}, policy));
}

TEST(AddressGuard, OtherFamiliesAreRefused) {
  sockaddr local{};
  local.sa_family = AF_UNIX;
  EXPECT_EQ(forbidden(local, {.allow_loopback = true, .allow_private = true}), "reserved");
}

}  // namespace
}  // namespace pilot::http
