#include "http/address_guard.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <string>
#include <vector>

namespace pilot::http {
namespace {

std::string judge(const std::string& text, AddressPolicy policy = {}) {
  sockaddr_in in{};
  sockaddr_in6 in6{};
  in.sin_family = AF_INET;
  in6.sin6_family = AF_INET6;
  std::optional<std::string> rule;
  if (::inet_pton(AF_INET, text.c_str(), &in.sin_addr) == 1) {
    rule = forbidden(reinterpret_cast<const sockaddr&>(in), policy);
  } else if (::inet_pton(AF_INET6, text.c_str(), &in6.sin6_addr) == 1) {
    rule = forbidden(reinterpret_cast<const sockaddr&>(in6), policy);
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
    {"5f00::1", "reserved"},
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

TEST(AddressGuard, OtherFamiliesAreRefused) {
  sockaddr local{};
  local.sa_family = AF_UNIX;
  EXPECT_EQ(forbidden(local, {.allow_loopback = true, .allow_private = true}), "reserved");
}

}  // namespace
}  // namespace pilot::http
