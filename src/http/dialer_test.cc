#include "http/dialer.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace pilot::http {
namespace {

using testing::HasSubstr;

// A socket on a free port of 127.0.0.1 that listens, or one that does not.
struct Port {
  explicit Port(bool listens) : socket(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    if (listens) EXPECT_EQ(::listen(socket.get(), 5), 0);
    number = ntohs(address.sin_port);
  }
  Socket socket;
  std::uint16_t number = 0;
};

class DialerTest : public testing::Test {
 protected:
  SendError refused(const Dialer& dialer, const std::string& host, std::uint16_t port = 5432,
                    const std::vector<HostListPtr>& lists = {}) {
    auto answer = dialer.connect(host, port, lists, interrupt);
    const auto* error = std::get_if<SendError>(&answer);
    EXPECT_NE(error, nullptr) << host;
    return error == nullptr ? SendError{} : *error;
  }
  static AddressPolicy open_loopback() {
    AddressPolicy policy;
    policy.allow_loopback = true;
    return policy;
  }
  static HostListPtr list(std::string_view text) {
    return std::make_shared<const HostList>(*HostList::parse(text));
  }
  Interrupt interrupt{std::chrono::steady_clock::now() + Millis{30'000}};
};

TEST_F(DialerTest, ConnectsToWhatMayBeReached) {
  const Port port(true);
  const Dialer dialer(open_loopback());
  auto answer = dialer.connect("127.0.0.1", port.number, {}, interrupt);
  ASSERT_TRUE(std::holds_alternative<Socket>(answer));
  EXPECT_GE(std::get<Socket>(answer).get(), 0);
  auto by_name = dialer.addresses("localhost", port.number, {}, interrupt);
  ASSERT_TRUE(std::holds_alternative<std::vector<Endpoint>>(by_name));
  EXPECT_EQ(std::get<std::vector<Endpoint>>(by_name).back().port, port.number);
}

TEST_F(DialerTest, RefusesWhatTheTransportRefuses) {
  const Port port(true);
  const Dialer closed(AddressPolicy{});
  for (const char* host : {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "::1", "[::1]",
                           "::ffff:127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0"}) {
    EXPECT_EQ(refused(closed, host, port.number).code, "blocked_address") << host;
    EXPECT_FALSE(refused(closed, host, port.number).retryable) << host;
  }
  const Dialer open(open_loopback());
  const SendError metadata = refused(open, "169.254.169.254", 80);
  EXPECT_EQ(metadata.code, "blocked_address");
  EXPECT_THAT(metadata.message, HasSubstr("metadata"));
  EXPECT_FALSE(metadata.sent);
}

TEST_F(DialerTest, ADeniedNameIsNotEvenLookedUp) {
  AddressPolicy policy = open_loopback();
  policy.deny.push_back(*HostRule::parse(".denied.test"));
  EXPECT_THAT(refused(Dialer(policy), "db.denied.test").message, HasSubstr("--deny-host"));
}

TEST_F(DialerTest, TheListsOfTheCallBind) {
  const Port port(true);
  const Dialer dialer(open_loopback());
  const std::string here = "127.0.0.1:" + std::to_string(port.number);
  EXPECT_EQ(refused(dialer, "127.0.0.1", port.number, {list("db.acme.test")}).code,
            "host_not_allowed");
  EXPECT_EQ(refused(dialer, "127.0.0.1", port.number, {list(here), list("")}).code,
            "host_not_allowed");
  auto answer = dialer.connect("127.0.0.1", port.number, {list(here)}, interrupt);
  EXPECT_TRUE(std::holds_alternative<Socket>(answer));
}

TEST_F(DialerTest, SaysWhyItDidNotConnect) {
  const Port silent(false);
  const SendError away = refused(Dialer(open_loopback()), "127.0.0.1", silent.number);
  EXPECT_EQ(away.code, "connect_failed");
  EXPECT_TRUE(away.retryable);
  EXPECT_FALSE(away.sent);
  EXPECT_EQ(refused(Dialer(open_loopback()), "no-such-host.invalid").code, "dns_failed");
}

TEST_F(DialerTest, TakesHostNamesOnly) {
  const Dialer dialer(open_loopback());
  for (const char* host : {"", "/var/run/db", "a,b", "a b", "-h", "db.test\n", "a=b", "http://a"}) {
    EXPECT_EQ(refused(dialer, host).code, "invalid_value") << host;
  }
  EXPECT_EQ(refused(dialer, "db.test", 0).code, "invalid_value");
}

TEST_F(DialerTest, GivesUpWhenTheCallIsToEnd) {
  interrupt.cancel();
  EXPECT_EQ(refused(Dialer(open_loopback()), "localhost").code, "cancelled");
  const Interrupt late(std::chrono::steady_clock::now());
  auto answer = Dialer(open_loopback()).connect("localhost", 5432, {}, late);
  ASSERT_TRUE(std::holds_alternative<SendError>(answer));
  EXPECT_EQ(std::get<SendError>(answer).code, "timeout");
  EXPECT_TRUE(std::get<SendError>(answer).retryable);
}

}  // namespace
}  // namespace pilot::http
