#include <gmock/gmock.h>

#include "providers/call_for_test.h"

namespace pilot::providers {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using Values = std::map<std::string, std::string>;

const Values kServer = {{"host", "mail.x.test"},
                        {"username", "ann"},
                        {"password", "pa55word"},
                        {"from", "Ann <ann@x.test>"}};

std::string code_of(std::string_view params, const Values& values = kServer) {
  const Result<http::Mail> mail = TestCall("email", "send", params, values).mail();
  return mail ? "ok" : mail.error().code;
}

TEST(Email, BuildsTheMail) {
  const TestCall call("email", "send",
                      R"({"to":"Bob <bob@y.test>, c@y.test","cc":["d@y.test","bob@y.test"],
                          "bcc":"secret@z.test","subject":"Hi","text":"T","html":"<b>T</b>",
                          "reply_to":"help@x.test","headers":{"X-Run":"7"},
                          "attachments":[{"name":"a.txt","content":"A"},
                                         {"name":"b.json","content":{"b":1}},
                                         {"name":"c.bin","content_base64":"AAE="}]})",
                      kServer);
  const Result<http::Mail> mail = call.mail();
  ASSERT_TRUE(mail) << mail.error().message;
  EXPECT_EQ(mail->url, "smtp://mail.x.test:587");
  EXPECT_TRUE(mail->require_tls);
  EXPECT_EQ(mail->username, "ann");
  EXPECT_EQ(mail->password, "pa55word");
  EXPECT_EQ(mail->from, "ann@x.test");
  EXPECT_THAT(mail->recipients, ElementsAre("bob@y.test", "c@y.test", "d@y.test", "secret@z.test"));
  EXPECT_THAT(mail->data, HasSubstr("From: \"Ann\" <ann@x.test>\r\n"));
  EXPECT_THAT(mail->data, HasSubstr("To: \"Bob\" <bob@y.test>,\r\n c@y.test\r\n"));
  EXPECT_THAT(mail->data, HasSubstr("Cc: d@y.test,\r\n bob@y.test\r\n"));
  EXPECT_THAT(mail->data, HasSubstr("Reply-To: help@x.test\r\n"));
  EXPECT_THAT(mail->data, HasSubstr("X-Run: 7\r\n"));
  EXPECT_THAT(mail->data, HasSubstr("Message-ID: <" + call.key + "@x.test>\r\n"));
  EXPECT_THAT(mail->data, HasSubstr("\r\n\r\nQQ==\r\n"));
  EXPECT_THAT(mail->data, HasSubstr("\r\n\r\neyJiIjoxfQ==\r\n"));
  EXPECT_THAT(mail->data, Not(HasSubstr("secret@z.test")));
  EXPECT_THAT(mail->data, Not(HasSubstr("pa55word")));
}

TEST(Email, ServerBySecurity) {
  const auto server = [](Values more) {
    Values values = kServer;
    values.merge(more);
    const Result<http::Mail> mail =
        TestCall("email", "send", R"({"to":"b@y.test","text":"x"})", values).mail();
    return mail ? mail->url + (mail->require_tls ? " tls" : " clear") : mail.error().code;
  };
  EXPECT_EQ(server({}), "smtp://mail.x.test:587 tls");
  EXPECT_EQ(server({{"security", "tls"}}), "smtps://mail.x.test:465 tls");
  EXPECT_EQ(server({{"port", "465"}}), "smtps://mail.x.test:465 tls");
  EXPECT_EQ(server({{"port", "2525"}, {"security", "none"}}), "smtp://mail.x.test:2525 clear");
  EXPECT_EQ(server({{"security", "ssl"}}), "invalid_credentials");
  EXPECT_EQ(server({{"port", "99999"}}), "invalid_credentials");
  EXPECT_EQ(server({{"port", "25/x"}}), "invalid_credentials");
}

TEST(Email, WhatIsMissingIsNamed) {
  EXPECT_EQ(code_of(R"({"to":"b@y.test","text":"x"})", {}), "missing_credentials");
  EXPECT_EQ(code_of(R"({"to":"b@y.test","text":"x"})", {{"host", "m.test"}}),
            "missing_credentials");
  EXPECT_EQ(
      code_of(R"({"to":"b@y.test","text":"x"})", {{"host", "m.test"}, {"username", "a@x.test"}}),
      "missing_credentials");
  EXPECT_EQ(code_of(R"({"to":"b@y.test","text":"x","from":"a@x.test"})", {{"host", "m.test"}}),
            "ok");
  EXPECT_EQ(code_of(R"({"text":"x"})"), "missing_param");
  EXPECT_EQ(code_of(R"({"to":" , ","text":"x"})"), "missing_param");
  EXPECT_EQ(code_of(R"({"to":"b@y.test"})"), "missing_param");
  EXPECT_EQ(code_of(R"({"to":"b@y.test","text":"x","attachments":[{"name":"a"}]})"),
            "missing_param");
}

TEST(Email, BadValuesAreRefused) {
  EXPECT_EQ(code_of(R"({"to":"nobody","text":"x"})"), "invalid_address");
  EXPECT_EQ(code_of(R"({"to":"b@y.test\r\nRCPT TO:<e@z.test>","text":"x"})"), "invalid_address");
  EXPECT_EQ(code_of(R"({"to":"b@y.test","from":"a@x.test, c@x.test","text":"x"})"),
            "invalid_address");
  EXPECT_EQ(code_of(R"({"to":"b@y.test","subject":"a\r\nBcc: e@z.test","text":"x"})"),
            "invalid_header");
  EXPECT_EQ(code_of(R"({"to":"b@y.test","headers":{"Bcc":"e@z.test"},"text":"x"})"),
            "invalid_header");
  EXPECT_EQ(code_of(R"({"to":"b@y.test","text":"x",
                        "attachments":[{"name":"a","content_base64":"%%%"}]})"),
            "invalid_value");
}

}  // namespace
}  // namespace pilot::providers
