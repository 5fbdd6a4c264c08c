#include "providers/mime.h"

#include <gmock/gmock.h>

#include "base/crypto.h"
#include "base/json.h"

namespace pilot::providers {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const WallTime kNow{std::chrono::seconds{1'800'000'000}};

Message simple() {
  return {.from = {"Ann Lee", "ann@x.test"},
          .to = {{"", "bob@y.test"}},
          .subject = "Hello",
          .text = "Hi Bob,\nhow are you?",
          .message_id = "<id@x.test>",
          .date = kNow};
}

std::string built(const Message& message) {
  Result<std::string> out = build_message(message);
  EXPECT_TRUE(out.has_value()) << (out ? "" : out.error().message);
  return out ? *out : std::string{};
}

std::string code_of(const Message& message) {
  Result<std::string> out = build_message(message);
  return out ? "ok" : out.error().code;
}

void expect_good_lines(const std::string& data) {
  std::size_t at = 0;
  while (at < data.size()) {
    const std::size_t end = data.find("\r\n", at);
    ASSERT_NE(end, std::string::npos) << "a line without CRLF";
    ASSERT_LE(end - at, 998U);
    ASSERT_EQ(data.substr(at, end - at).find_first_of("\r\n"), std::string::npos);
    at = end + 2;
  }
}

TEST(Mime, ASimpleMail) {
  EXPECT_EQ(built(simple()),
            "Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n"
            "From: \"Ann Lee\" <ann@x.test>\r\n"
            "To: bob@y.test\r\n"
            "Subject: Hello\r\n"
            "Message-ID: <id@x.test>\r\n"
            "MIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=UTF-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n"
            "\r\n"
            "Hi Bob,\r\nhow are you?\r\n");
}

TEST(Mime, TextAndHtmlAreAlternatives) {
  Message message = simple();
  message.html = "<p>Hi</p>";
  const std::string data = built(message);
  expect_good_lines(data);
  EXPECT_THAT(data, HasSubstr("Content-Type: multipart/alternative;\r\n boundary=\"=_"));
  EXPECT_LT(data.find("text/plain"), data.find("text/html"));  // the best one last
  EXPECT_THAT(data, HasSubstr("<p>Hi</p>\r\n--=_"));
  EXPECT_THAT(data, Not(HasSubstr("multipart/mixed")));
}

TEST(Mime, AttachmentsAreMixedIn) {
  Message message = simple();
  message.attachments = {
      {.name = "a \"b\".txt", .content_type = "text/plain", .content = "x"},
      {.name = "\xc3\xa4.pdf", .content = std::string(100, '\xff')},
  };
  const std::string data = built(message);
  expect_good_lines(data);
  EXPECT_THAT(data, HasSubstr("Content-Type: multipart/mixed;"));
  EXPECT_THAT(data, HasSubstr("filename=\"a \\\"b\\\".txt\"\r\n\r\neA==\r\n"));
  EXPECT_THAT(data, HasSubstr("filename*=UTF-8''%C3%A4.pdf\r\n"));
  EXPECT_THAT(data, HasSubstr("Content-Type: application/octet-stream\r\n"));
}

TEST(Mime, IsTheSameTwice) { EXPECT_EQ(built(simple()), built(simple())); }

TEST(Mime, HeadersBeyondAsciiAreEncodedWords) {
  Message message = simple();
  message.subject =
      "Gr\xc3\xbc\xc3\x9f"
      "e";
  message.from.name = "J\xc3\xb6rg";
  const std::string data = built(message);
  EXPECT_THAT(data, HasSubstr("Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n"));
  EXPECT_THAT(data, HasSubstr("From: =?UTF-8?B?SsO2cmc=?= <ann@x.test>\r\n"));
}

TEST(Mime, LongHeaderTextIsFoldedOrCutBetweenCharacters) {
  std::string words;
  for (int i = 0; i < 40; ++i) words += "word" + std::to_string(i) + " ";
  words += "end";
  const std::string folded = encode_header_text("Subject", words);
  std::string unfolded = folded;
  for (std::size_t at; (at = unfolded.find("\r\n")) != std::string::npos;) unfolded.erase(at, 2);
  EXPECT_EQ(unfolded, words);
  std::string snow;
  for (int i = 0; i < 60; ++i) snow += "\xe2\x98\x83";
  const std::string encoded = encode_header_text("Subject", snow);
  std::string decoded;
  for (std::size_t at = 0; (at = encoded.find("=?UTF-8?B?", at)) != std::string::npos;) {
    const std::size_t end = encoded.find("?=", at + 10);
    EXPECT_LE(end + 2 - at, 75U);
    const Result<std::string> piece = crypto::decode_base64(encoded.substr(at + 10, end - at - 10));
    ASSERT_TRUE(piece);
    EXPECT_TRUE(is_valid_utf8(*piece));
    decoded += *piece;
    at = end;
  }
  EXPECT_EQ(decoded, snow);
  EXPECT_THAT(encode_header_text("X", std::string(2'000, 'a')), StartsWith("=?UTF-8?B?"));
  EXPECT_THAT(encode_header_text("X", "=?UTF-8?B?eA==?="), StartsWith("=?UTF-8?B?PT9V"));
}

TEST(Mime, NobodyCanAddAHeader) {
  for (const char* bad : {"a\r\nBcc: eve@z.test", "a\nb", "a\rb", "a\x01"}) {
    Message message = simple();
    message.subject = bad;
    EXPECT_EQ(code_of(message), "invalid_header") << bad;
    message = simple();
    message.from.name = bad;
    EXPECT_EQ(code_of(message), "invalid_header");
    message = simple();
    message.headers = {{"X-A", bad}};
    EXPECT_EQ(code_of(message), "invalid_header");
    message = simple();
    message.headers = {{bad, "x"}};
    EXPECT_EQ(code_of(message), "invalid_header");
    message = simple();
    message.attachments = {{.name = bad}};
    EXPECT_EQ(code_of(message), "invalid_header");
    message = simple();
    message.attachments = {{.name = "a", .content_type = std::string("text/plain") + bad + "\n"}};
    EXPECT_EQ(code_of(message), "invalid_value");
  }
  Message nul = simple();
  nul.subject = std::string("a\0b", 3);
  EXPECT_EQ(code_of(nul), "invalid_header");
}

TEST(Mime, HeadersOfItsOwnAreRefused) {
  for (const char* name : {"From", "bcc", "DATE", "Message-Id", "Content-Type", "MIME-Version",
                           "X Y", "X:Y", "", "X\xc3\xa4"}) {
    Message message = simple();
    message.headers = {{name, "x"}};
    EXPECT_EQ(code_of(message), "invalid_header") << name;
  }
  Message message = simple();
  message.headers = {{"List-Unsubscribe", "<mailto:u@x.test>"}};
  EXPECT_THAT(built(message), HasSubstr("List-Unsubscribe: <mailto:u@x.test>\r\n"));
}

TEST(QuotedPrintable, Rfc2045) {
  EXPECT_EQ(quoted_printable("a=b"), "a=3Db");
  EXPECT_EQ(quoted_printable("h\xc3\xa9"), "h=C3=A9");
  EXPECT_EQ(quoted_printable("end \nnext\t"), "end=20\r\nnext=09");
  EXPECT_EQ(quoted_printable("a\r\nb\rc\n"), "a\r\nb\r\nc\r\n");
  EXPECT_EQ(quoted_printable(std::string(76, 'x')), std::string(76, 'x'));
  EXPECT_EQ(quoted_printable(std::string(77, 'x')), std::string(75, 'x') + "=\r\nxx");
  const std::string all = quoted_printable(std::string(500, '='));
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find("\r\n", at), all.size());
    EXPECT_LE(end - at, 76U);
    at = end + 2;
  }
}

TEST(Mime, MostlyForeignTextIsBase64) {
  Message message = simple();
  message.text = "\xe4\xbd\xa0\xe5\xa5\xbd\xe4\xb8\x96\xe7\x95\x8c";
  EXPECT_THAT(built(message),
              HasSubstr("Content-Transfer-Encoding: base64\r\n\r\n5L2g5aW95LiW55WM\r\n"));
}

TEST(Addresses, AsPeopleWriteThem) {
  const auto read = [](std::string_view text) {
    Result<std::vector<Address>> all = parse_addresses(text, "/to");
    if (!all) return all.error().code + " " + all.error().pointer;
    std::string out;
    for (const Address& a : *all) out += "[" + a.name + "|" + a.spec + "]";
    return out;
  };
  EXPECT_EQ(read("a@b.org"), "[|a@b.org]");
  EXPECT_EQ(read("  Ann Lee <ann@b.org> "), "[Ann Lee|ann@b.org]");
  EXPECT_EQ(read("\"Lee, Ann\" <ann@b.org>, bob@c.org,"), "[Lee, Ann|ann@b.org][|bob@c.org]");
  EXPECT_EQ(read("\"a \\\"b\\\"\" <ann@b.org>"), "[a \"b\"|ann@b.org]");
  EXPECT_EQ(read("x@b\xc3\xbc"
                 "cher.test"),
            "[|x@b\xc3\xbc"
            "cher.test]");
  EXPECT_EQ(read("first.last+tag@sub.b.org"), "[|first.last+tag@sub.b.org]");
  EXPECT_EQ(read("root@localhost"), "[|root@localhost]");
  EXPECT_EQ(read(""), "");
  for (const char* bad :
       {"nobody", "@b.org", "a@", "a b@c.org", "a@b..org", "a@-b.org", ".a@b.org", "a..b@c.org",
        "<a@b.org", "a@b.org>", "a@b.org\r\nRCPT TO:<e@z.org>", "a@b.org\n", "a@b_c.org",
        "a@@b.org", "a@[127.0.0.1]", "a;b@c.org", "a@b.org b@c.org"}) {
    EXPECT_EQ(read(bad), "invalid_address /to") << bad;
  }
}

TEST(MailDate, InUtc) {
  EXPECT_EQ(mail_date(WallTime{}), "Thu, 01 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(mail_date(WallTime{std::chrono::seconds{1'709'251'199}}),
            "Thu, 29 Feb 2024 23:59:59 +0000");
}

}  // namespace
}  // namespace pilot::providers
