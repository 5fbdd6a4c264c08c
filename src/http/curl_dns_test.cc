// The guard against what names resolve to: special ranges, mixed answers, answers that change
// between two look-ups, redirects. The names end in .guard.test and are answered by this file:
// libcurl asks getaddrinfo, and the one of the program stands before that of the C library.
//
// 127.0.0.1 plays the public Internet here (loopback is open in these policies), everything else
// that is special plays itself.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include <cstdlib>
#include <deque>
#include <map>

#include "http/raw_server.h"

namespace pilot::http::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using Addresses = std::vector<std::string>;

// Answers by name: one after the other, the last one for good. Asked by curl's resolver threads.
class FakeDns {
 public:
  static FakeDns& only() {
    static FakeDns dns;
    return dns;
  }
  void answer(const std::string& name, std::deque<Addresses> answers) {
    const std::lock_guard lock(mutex_);
    answers_[name] = std::move(answers);
  }
  std::optional<Addresses> look_up(std::string name) {
    const std::lock_guard lock(mutex_);
    while (name.ends_with('.')) name.pop_back();
    const auto found = answers_.find(name);
    if (found == answers_.end()) return std::nullopt;
    ++asked_[name];
    const Addresses now = found->second.front();
    if (found->second.size() > 1) found->second.pop_front();
    return now;
  }
  int asked(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return asked_[name];
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::deque<Addresses>> answers_;
  std::map<std::string, int> asked_;
};

using GetAddrInfo = int(const char*, const char*, const addrinfo*, addrinfo**);

int real_getaddrinfo(const char* node, const char* service, const addrinfo* hints, addrinfo** out) {
  static auto* const real = reinterpret_cast<GetAddrInfo*>(::dlsym(RTLD_NEXT, "getaddrinfo"));
  return real(node, service, hints, out);
}

// A chain as freeaddrinfo takes it apart again: node by node.
int answer_with(const Addresses& addresses, const char* service, const addrinfo* hints,
                addrinfo** out) {
  *out = nullptr;
  addrinfo** end = out;
  for (const std::string& address : addresses) {
    addrinfo numeric = hints == nullptr ? addrinfo{} : *hints;
    numeric.ai_flags = AI_NUMERICHOST;
    if (real_getaddrinfo(address.c_str(), service, &numeric, end) != 0) continue;
    while (*end != nullptr) end = &(*end)->ai_next;
  }
  return *out == nullptr ? EAI_NONAME : 0;
}

}  // namespace
}  // namespace pilot::http::testing

extern "C" int getaddrinfo(const char* node, const char* service, const addrinfo* hints,
                           addrinfo** out) {
  using namespace pilot::http::testing;
  const auto answer = node == nullptr ? std::nullopt : FakeDns::only().look_up(node);
  return answer ? answer_with(*answer, service, hints, out)
                : real_getaddrinfo(node, service, hints, out);
}

namespace pilot::http::testing {
namespace {

class CurlDns : public ::testing::Test {
 protected:
  // A name of its own for each use: curl remembers answers for a minute.
  std::string name(std::deque<Addresses> answers) {
    const std::string made = fmt::format("n{}.guard.test", ++names_);
    FakeDns::only().answer(made, std::move(answers));
    return made;
  }
  static std::string rule_of(const Answer& answer) {
    if (!answer.error || answer.error->code != "blocked_address") return outcome(answer);
    const std::string& text = answer.error->message;
    const std::size_t from = text.find('"');
    if (from == std::string::npos) return "denied";
    return text.substr(from + 1, text.find('"', from + 1) - from - 1);
  }
  static RawServer::Handler says(std::string body) {
    return [body](Peer& peer) {
      while (!peer.read_request().empty()) peer.reply(body);
    };
  }
  static int names_;
};
int CurlDns::names_ = 0;

TEST_F(CurlDns, ANameThatLeadsToASpecialAddressIsRefusedAndTheAddressNotTold) {
  Harness harness{AddressPolicy{}};
  struct Case {
    const char* address;
    const char* rule;
  };
  for (const Case& one :
       std::vector<Case>{{"0.0.0.0", "unspecified"},      {"0.1.2.3", "unspecified"},
                         {"10.9.8.7", "private"},         {"100.64.9.9", "private"},
                         {"127.0.0.1", "loopback"},       {"127.9.9.9", "loopback"},
                         {"169.254.169.254", "metadata"}, {"169.254.9.9", "link_local"},
                         {"172.16.9.9", "private"},       {"192.0.0.9", "reserved"},
                         {"192.0.2.9", "reserved"},       {"192.168.9.9", "private"},
                         {"198.18.9.9", "reserved"},      {"198.51.100.9", "reserved"},
                         {"203.0.113.9", "reserved"},     {"224.0.0.9", "multicast"},
                         {"240.9.9.9", "reserved"},       {"255.255.255.255", "reserved"},
                         {"::", "unspecified"},           {"::1", "loopback"},
                         {"::ffff:10.9.8.7", "private"},  {"::ffff:169.254.169.254", "metadata"},
                         {"64:ff9b::a09:807", "private"}, {"64:ff9b:1::9", "reserved"},
                         {"100::9", "reserved"},          {"2001::9", "reserved"},
                         {"2001:db8::9", "reserved"},     {"2002:a09:807::9", "private"},
                         {"3fff::9", "reserved"},         {"5f00::9", "reserved"},
                         {"fc00::9", "private"},          {"fd00:ec2::254", "metadata"},
                         {"fe80::9", "link_local"},       {"ff02::9", "multicast"}}) {
    const Answer answer = harness.send(get("http://" + name({{one.address}}) + "/"));
    EXPECT_EQ(rule_of(answer), one.rule) << one.address;
    ASSERT_TRUE(answer.error) << one.address;
    EXPECT_FALSE(answer.error->sent);
    EXPECT_THAT(answer.error->message, Not(HasSubstr(one.address)));
  }
}

// curl goes on to the next address; the special one is never connected to.
TEST_F(CurlDns, OfMixedAnswersOnlyThePublicOneIsReached) {
  RawServer server(says("public"));
  Harness harness;
  for (const Addresses& mixed :
       {Addresses{"10.9.8.7", "127.0.0.1"}, Addresses{"127.0.0.1", "169.254.169.254"},
        Addresses{"fe80::9", "169.254.169.254", "127.0.0.1"}}) {
    const Answer answer =
        harness.send(get(fmt::format("http://{}:{}/", name({mixed}), server.port())));
    EXPECT_EQ(outcome(answer), "200 public");
  }
  const std::string closed = name({{"10.9.8.7", "169.254.169.254", "fd00:ec2::254"}});
  const Answer answer = harness.send(get("http://" + closed + "/"));
  ASSERT_TRUE(answer.error);
  EXPECT_EQ(answer.error->code, "blocked_address");
}

// First look-up public, second one not: for the check and for the connection there is only one
// look-up, and each hop and each new connection is judged again.
TEST_F(CurlDns, ReboundNamesAreJudgedAtEveryConnection) {
  for (const char* inside : {"10.9.8.7", "169.254.169.254", "::ffff:10.9.8.7"}) {
    const std::string rebound = name({{"127.0.0.1"}, {inside}});
    RawServer server([&rebound](Peer& peer) {
      peer.read_request();
      // Another port, so that curl asks for the name again.
      peer.reply("", "Location: http://" + rebound + ":81/\r\nConnection: close\r\n", "302 Found");
    });
    Harness harness;
    const Answer answer = harness.send(get(fmt::format("http://{}:{}/", rebound, server.port())));
    EXPECT_EQ(outcome(answer), "error blocked_address sent final") << inside;
    EXPECT_EQ(FakeDns::only().asked(rebound), 2) << inside;
  }
}

TEST_F(CurlDns, ARedirectToASpecialAddressIsRefusedAtItsHop) {
  Harness harness;
  const std::string inside = name({{"192.168.9.9"}});
  for (const char* status :
       {"301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"}) {
    for (const std::string& to :
         {"http://" + inside + "/", "https://" + inside + "/", "//" + inside + "/",
          std::string("http://169.254.169.254/latest/"), std::string("http://[fd00:ec2::254]/"),
          std::string("http://0xa9fea9fe/"), std::string("http://[::ffff:169.254.169.254]/"),
          std::string("http://0/"), std::string("http://10.1/")}) {
      RawServer server([&](Peer& peer) {
        peer.read_request();
        peer.reply("", "Location: " + to + "\r\n", status);
      });
      EXPECT_EQ(outcome(harness.send(get(server.url()))), "error blocked_address sent final")
          << status << to;
    }
  }
}

TEST_F(CurlDns, ARedirectLeavesNeitherHttpNorItsSecrets) {
  Harness harness;
  for (const char* to :
       {"file:///etc/passwd", "FILE:///etc/passwd", "gopher://127.0.0.1:25/x", "ftp://a.test/",
        "dict://127.0.0.1:11211/stats", "smtp://127.0.0.1/", "ldap://a.test/", "data:text/plain,x",
        "javascript:alert(1)", "jar:http://a.test/", "scp://a.test/"}) {
    RawServer server([to](Peer& peer) {
      peer.read_request();
      peer.reply("", fmt::format("Location: {}\r\n", to), "302 Found");
    });
    EXPECT_EQ(outcome(harness.send(get(server.url()))), "error unsupported sent final") << to;
  }
}

// S6: other host, other port, other scheme.
TEST_F(CurlDns, CredentialsAndRefererStayBehindOnTheWire) {
  std::string seen;
  RawServer other([&seen](Peer& peer) {
    seen = peer.read_request();
    peer.reply("there");
  });
  Harness harness;
  for (const std::string& to :
       {other.url("/x"), fmt::format("http://{}:{}/x", name({{"127.0.0.1"}}), other.port())}) {
    RawServer server([&to](Peer& peer) {
      peer.read_request();
      peer.reply("", "Location: " + to + "\r\nSet-Cookie: a=canary\r\n", "302 Found");
    });
    Request request = get(server.url("/?key=canary"));
    request.headers = {{.name = "Authorization", .value = "Bearer canary"},
                       {.name = "Cookie", .value = "a=canary"},
                       {.name = "X-Api-Key", .value = "canary"},
                       {.name = "X-Own", .value = "canary", .sensitive = true},
                       {.name = "Referer", .value = "http://a.test/canary"},
                       {.name = "Accept", .value = "text/plain"}};
    EXPECT_EQ(outcome(harness.send(std::move(request))), "200 there");
    EXPECT_THAT(seen, HasSubstr("Accept: text/plain"));
    EXPECT_THAT(seen, Not(HasSubstr("canary")));
    EXPECT_THAT(seen, Not(HasSubstr("Referer")));
    EXPECT_THAT(seen, Not(HasSubstr("Cookie")));
  }
}

TEST_F(CurlDns, AnAllowedNameLeadsInsideAndAnotherDoesNot) {
  RawServer server(says("inside"));
  const std::string wiki = name({{"127.0.0.1"}});
  const std::string evil = name({{"127.0.0.1"}});
  AddressPolicy policy;
  policy.allow.push_back(*HostRule::parse(fmt::format("{}:{}", wiki, server.port())));
  Harness harness{policy};
  EXPECT_EQ(outcome(harness.send(get(fmt::format("http://{}:{}/", wiki, server.port())))),
            "200 inside");
  EXPECT_EQ(rule_of(harness.send(get(fmt::format("http://{}:{}/", evil, server.port())))),
            "loopback");
  EXPECT_EQ(rule_of(harness.send(get(fmt::format("http://{}:1/", wiki)))), "loopback");
  EXPECT_EQ(rule_of(harness.send(get(server.url()))), "loopback");
  const std::string metadata = name({{"169.254.169.254"}});
  policy.allow.push_back(*HostRule::parse(metadata));
  Harness named{policy};
  EXPECT_EQ(rule_of(named.send(get("http://" + metadata + "/"))), "metadata");
}

TEST_F(CurlDns, ADeniedHostIsRefusedBeforeItIsLookedUp) {
  RawServer server(says("reached"));
  const std::string evil = name({{"127.0.0.1"}});
  Harness harness{{.allow_loopback = true,
                   .allow_private = true,
                   .allow = {*HostRule::parse(evil)},
                   .deny = {*HostRule::parse("." + evil)}}};
  const Answer answer = harness.send(get(fmt::format("http://{}:{}/", evil, server.port())));
  EXPECT_EQ(outcome(answer), "error blocked_address unsent final");
  EXPECT_THAT(answer.error->message, HasSubstr("--deny-host"));
  EXPECT_EQ(FakeDns::only().asked(evil), 0);
  EXPECT_EQ(server.connections(), 0);
  Harness by_address{{.allow_loopback = true, .deny = {*HostRule::parse("127.0.0.0/8")}}};
  EXPECT_EQ(outcome(by_address.send(get(fmt::format("http://{}:{}/", evil, server.port())))),
            "error blocked_address unsent final");
}

TEST_F(CurlDns, ACallThatIsBoundToHostsGoesNowhereElse) {
  RawServer other(says("other"));
  RawServer server([&other](Peer& peer) {
    const std::string request = peer.read_request();
    if (request.starts_with("GET /away")) {
      peer.reply("", "Location: " + other.url() + "\r\n", "307 Temporary");
    } else {
      peer.reply("home");
    }
  });
  const auto bound = [](const std::string& text) {
    return std::make_shared<const HostList>(*HostList::parse(text));
  };
  const std::string home = fmt::format("127.0.0.1:{}", server.port());
  Harness harness;
  Request request = get(server.url());
  request.allowed_hosts = {bound(home)};
  EXPECT_EQ(outcome(harness.send(request)), "200 home");
  request.allowed_hosts = {bound(home), bound("127.0.0.1")};
  EXPECT_EQ(outcome(harness.send(request)), "200 home");
  for (const auto& lists : {std::vector<HostListPtr>{bound("api.acme.test")},
                            {bound("")},
                            {bound(home), bound("a.test")},
                            {bound(fmt::format("127.0.0.1:{}", other.port()))},
                            {bound("localhost")}}) {
    request.allowed_hosts = lists;
    EXPECT_EQ(outcome(harness.send(request)), "error host_not_allowed unsent final");
  }
  Request away = get(server.url("/away"));
  away.allowed_hosts = {bound(home)};
  EXPECT_EQ(outcome(harness.send(away)), "error host_not_allowed sent final");
  EXPECT_EQ(other.connections(), 0);
}

TEST_F(CurlDns, MailsAreJudgedTheSameWay) {
  RawServer server([](Peer& peer) { peer.send("554 reached\r\n"); });
  Mail mail{.url = fmt::format("smtp://{}:{}", name({{"127.0.0.1"}}), server.port()),
            .require_tls = false,
            .from = "a@a.test",
            .recipients = {"b@b.test"},
            .data = "x\r\n"};
  Harness closed{AddressPolicy{}};
  EXPECT_EQ(rule_of(closed.mail(mail)), "loopback");
  Harness open;
  for (const char* inside : {"10.9.8.7", "169.254.169.254", "fd00:ec2::254", "0.0.0.0"}) {
    Mail other = mail;
    other.url = "smtp://" + name({{inside}}) + ":25";
    EXPECT_EQ(outcome(open.mail(other)), "error blocked_address unsent final") << inside;
    other.url = "smtps://" + name({{inside}}) + ":465";
    EXPECT_EQ(outcome(open.mail(other)), "error blocked_address unsent final") << inside;
  }
  Mail bound = mail;
  bound.allowed_hosts = {std::make_shared<const HostList>(*HostList::parse("smtp.acme.test"))};
  EXPECT_EQ(outcome(open.mail(bound)), "error host_not_allowed unsent final");
  EXPECT_EQ(server.connections(), 0);
  EXPECT_EQ(outcome(open.mail(mail)), "554 554 reached") << "the door was there all along";
}

TEST_F(CurlDns, SpellingsThatAreNoHostAreRefusedBeforeAnyLookUp) {
  Harness harness;
  for (const char* url :
       {"http://[fe80::1%25lo]/", "http://[fe80::1%lo]/", "http://127.0.0.1%00.a.test/",
        "http://a.test#@10.0.0.1/@", "http://user@10.0.0.1/", "http://10.0.0.1\\@a.test/",
        "http://\xE2\x91\xA0.test/", "http://[::1]x/", "http://[v1.a]/", "http:///etc",
        "http:a.test"}) {
    const Answer answer = harness.send(get(url));
    ASSERT_TRUE(answer.error) << url;
    EXPECT_FALSE(answer.error->sent) << url;
    EXPECT_THAT(answer.error->code,
                ::testing::AnyOf("invalid_url", "dns_failed", "blocked_address"))
        << url;
  }
}

}  // namespace
}  // namespace pilot::http::testing
