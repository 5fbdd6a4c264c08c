// Mails against a small SMTP server.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/raw_server.h"

namespace pilot::http::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Answers by the first word of each command; words that are not listed get 250.
struct Smtp {
  std::map<std::string, std::string> replies;
  std::string greeting = "220 mail.test ESMTP";
  std::vector<std::string> commands;
  std::string data;
  bool drop_after_data = false;
  bool ignore_quit = false;

  void operator()(Peer& peer) {
    peer.send(greeting + "\r\n");
    for (std::string line = peer.read_line(); !line.empty(); line = peer.read_line()) {
      commands.push_back(line);
      const std::string word = line.substr(0, line.find_first_of(" :"));
      if (word == "QUIT" && ignore_quit) {
        peer.wait_for_close();
        return;
      }
      if (word == "QUIT") {
        peer.send("221 bye\r\n");
        return;
      }
      if (word == "DATA" && !replies.contains(word)) {
        peer.send("354 go on\r\n");
        for (line = peer.read_line(); line != "."; line = peer.read_line()) data += line + "\n";
        if (drop_after_data) return;
        peer.send((replies.contains(".") ? replies["."] : "250 queued as 1") + "\r\n");
        continue;
      }
      peer.send((replies.contains(word) ? replies[word] : "250 fine") + "\r\n");
    }
  }
};

class CurlMail : public ::testing::Test {
 protected:
  Mail mail(const RawServer& server) {
    return {.url = fmt::format("smtp://127.0.0.1:{}", server.port()),
            .require_tls = false,
            .from = "pilot@a.test",
            .recipients = {"one@b.test", "two@b.test"},
            .data = "Subject: x\r\n\r\nline\r\n.dot\r\n"};
  }
  Smtp smtp_;
  Harness harness_;
};

TEST_F(CurlMail, IsAccepted) {
  RawServer server(std::ref(smtp_));
  EXPECT_EQ(outcome(harness_.mail(mail(server))), "250 250 queued as 1");
  EXPECT_EQ(smtp_.data, "Subject: x\n\nline\n..dot\n");
  ASSERT_GE(smtp_.commands.size(), 5u);
  EXPECT_THAT(smtp_.commands[0], StartsWith("EHLO "));
  EXPECT_THAT(smtp_.commands[1], StartsWith("MAIL FROM:<pilot@a.test>"));
  EXPECT_EQ(smtp_.commands[2], "RCPT TO:<one@b.test>");
  EXPECT_EQ(smtp_.commands[3], "RCPT TO:<two@b.test>");
  EXPECT_EQ(smtp_.commands[4], "DATA");
}

TEST_F(CurlMail, RefusalsAreAnswers) {
  struct Case {
    const char* command;
    const char* reply;
  };
  for (const Case& one : {Case{"MAIL", "451 later"},
                          {"RCPT", "550 5.1.1 no such user"},
                          {"DATA", "554 no"},
                          {".", "552 too large"}}) {
    Smtp smtp;
    smtp.replies[one.command] = one.reply;
    RawServer server(std::ref(smtp));
    const Answer answer = harness_.mail(mail(server));
    EXPECT_EQ(outcome(answer), fmt::format("{:.3} {}", one.reply, one.reply)) << one.command;
  }
}

TEST_F(CurlMail, DeniedLogin) {
  smtp_.replies["EHLO"] = "250-mail.test\r\n250 AUTH PLAIN";
  smtp_.replies["AUTH"] = "535 5.7.8 no";
  RawServer server(std::ref(smtp_));
  Mail request = mail(server);
  request.username = "user";
  request.password = "canary";
  const Answer answer = harness_.mail(request);
  ASSERT_TRUE(answer.response);
  EXPECT_EQ(answer.response->status, 535);
}

TEST_F(CurlMail, RefusesToSendInClear) {
  RawServer server(std::ref(smtp_));
  Mail request = mail(server);
  request.require_tls = true;
  request.username = "user";
  request.password = "canary";
  EXPECT_EQ(outcome(harness_.mail(request)), "error tls_failed unsent final");
  EXPECT_THAT(smtp_.commands, ElementsAre(StartsWith("EHLO ")));
}

TEST_F(CurlMail, LostAfterTheDataMayHaveArrived) {
  smtp_.drop_after_data = true;
  RawServer server(std::ref(smtp_));
  EXPECT_EQ(outcome(harness_.mail(mail(server))), "error connection_lost sent again");
}

TEST_F(CurlMail, LostBeforeTheDataHasNot) {
  RawServer server([](Peer& peer) {
    peer.send("220 mail.test\r\n");
    peer.read_line();
  });
  EXPECT_EQ(outcome(harness_.mail(mail(server))), "error connection_lost unsent again");
}

TEST_F(CurlMail, SilentServer) {
  RawServer server([](Peer& peer) { peer.wait_for_close(); });
  Mail request = mail(server);
  request.timeout = Millis{100};
  EXPECT_EQ(outcome(harness_.mail(request)), "error timeout unsent again");
}

TEST_F(CurlMail, TurnedAwayAtTheDoor) {
  smtp_.greeting = "554 go away";
  RawServer server(std::ref(smtp_));
  EXPECT_EQ(outcome(harness_.mail(mail(server))), "554 554 go away");
}

// curl waits for the answer to its QUIT inside one call; nobody else may have to wait with it.
TEST_F(CurlMail, ServerThatIgnoresQuit) {
  for (const char* reply : {"250 fine", "550 no"}) {
    Smtp smtp;
    smtp.ignore_quit = true;
    smtp.replies["RCPT"] = reply;
    RawServer server(std::ref(smtp));
    const auto before = std::chrono::steady_clock::now();
    EXPECT_TRUE(harness_.mail(mail(server)).response);
    EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds{5});
  }
}

TEST_F(CurlMail, GuardAndBadInput) {
  RawServer server(std::ref(smtp_));
  Harness closed{AddressPolicy{}};
  EXPECT_EQ(outcome(closed.mail(mail(server))), "error blocked_address unsent final");
  Mail request = mail(server);
  request.recipients = {"a@b.test>\r\nRCPT TO:<c@d.test"};
  EXPECT_EQ(outcome(harness_.mail(request)), "error invalid_header unsent final");
  request = mail(server);
  request.from = "a b";
  EXPECT_EQ(outcome(harness_.mail(request)), "error invalid_header unsent final");
  request = mail(server);
  request.recipients.clear();
  EXPECT_EQ(outcome(harness_.mail(request)), "error invalid_header unsent final");
  request = mail(server);
  request.url = "http://127.0.0.1/";
  EXPECT_EQ(outcome(harness_.mail(request)), "error invalid_url unsent final");
  EXPECT_EQ(server.connections(), 0);
}

}  // namespace
}  // namespace pilot::http::testing
