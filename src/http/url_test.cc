#include "http/url.h"

#include <gtest/gtest.h>

namespace pilot::http {
namespace {

std::string normal(std::string_view text) {
  const Result<Url> url = parse_url(text);
  return url ? url->text() : "error " + url.error().code + ": " + url.error().message;
}

TEST(Url, HasItsParts) {
  const Result<Url> url = parse_url("HTTPS://API.Example.com:8443/v1/Items?q=a%20b#frag");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "api.example.com");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->target, "/v1/Items?q=a%20b");
  EXPECT_EQ(url->text(), "https://api.example.com:8443/v1/Items?q=a%20b");
  EXPECT_EQ(url->authority(), "api.example.com:8443");
}

TEST(Url, IsNormalised) {
  EXPECT_EQ(normal("http://a.test"), "http://a.test/");
  EXPECT_EQ(normal("http://a.test:80?x"), "http://a.test/?x");
  EXPECT_EQ(normal("https://a.test:443/"), "https://a.test/");
  EXPECT_EQ(normal("https://a.test:80/"), "https://a.test:80/");
  EXPECT_EQ(normal("  http://a.test/x \t"), "http://a.test/x");
  EXPECT_EQ(normal("http://[::FFFF:127.0.0.1]:8080/"), "http://[::ffff:127.0.0.1]:8080/");
  EXPECT_EQ(normal("http://2130706433/"), "http://2130706433/");
  EXPECT_EQ(normal("http://%6cocalhost/"), "http://localhost/");
  EXPECT_EQ(normal("http://1.2.3.4.example.com/x"), "http://1.2.3.4.example.com/x");
  EXPECT_EQ(normal("http://10.0.0.1./"), "http://10.0.0.1./");
  EXPECT_EQ(normal("http://a.test:/x"), "http://a.test/x");
}

TEST(Url, PathIsLeftAlone) {
  EXPECT_EQ(normal("http://a.test/a/../b/%2e%2e/c//d"), "http://a.test/a/../b/%2e%2e/c//d");
}

TEST(Url, WhatPeopleTypeIsEncoded) {
  EXPECT_EQ(normal("http://a.test/a b?q=\"x\"&y[]=1&z=100%&ü"),
            "http://a.test/a%20b?q=%22x%22&y%5B%5D=1&z=100%25&%C3%BC");
  EXPECT_EQ(normal("http://a.test/x//y[1]"), "http://a.test/x//y%5B1%5D");
}

TEST(Url, RefusesWhatIsNone) {
  for (const std::string_view bad : {"",
                                     "a.test/x",
                                     "/x",
                                     "//a.test/x",
                                     "ftp://a.test/",
                                     "file:///etc/passwd",
                                     "http:a.test",
                                     "http://",
                                     "http:///x",
                                     "http://:80/",
                                     "http://a.test:0/",
                                     "http://a.test:65536/",
                                     "http://a.test:99999999999/",
                                     "http://a.test:8o/",
                                     "http://1.2.3.4:80.b.test/",
                                     "http://[::1]x/",
                                     "http://[v1.a]/",
                                     "http://a:1:2/",
                                     "http://::1/",
                                     "http://[::1",
                                     "http://]/",
                                     "http://[/",
                                     "http://user@a.test/",
                                     "http://user:word@a.test/",
                                     "http://@a.test/",
                                     "http://a b.test/",
                                     "http://a.test\\@b/",
                                     "http://\xc3\xbc.test/",
                                     "http://a.test/x\r\nHost: b",
                                     "http://a.test/\x01",
                                     "http://[::1/",
                                     "http://[fe80::1%25eth0]/",
                                     "http://a%2fb.test/",
                                     "http://a%00.test/",
                                     "http://%zz/",
                                     "http://-a.test/",
                                     "http://.test/",
                                     "gopher://a.test/",
                                     "javascript:x",
                                     "http://127.0.0.1%2f@b.test/",
                                     "http:\\\\a.test/"}) {
    const Result<Url> url = parse_url(bad);
    EXPECT_FALSE(url) << bad << " became " << (url ? url->text() : "");
    if (!url) EXPECT_EQ(url.error().code, "invalid_url") << bad;
  }
  EXPECT_FALSE(parse_url("http://a.test/" + std::string(70'000, 'x')));
  EXPECT_FALSE(parse_url("http://" + std::string(300, 'a') + ".test/"));
  EXPECT_FALSE(parse_url(std::string_view("http://a.test/\0x", 16)));
}

TEST(Url, ErrorsQuoteNoSecret) {
  const Result<Url> url = parse_url("http://user:canary1@a.test/?key=canary2");
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().message.find("canary"), std::string::npos);
}

TEST(Url, MailServers) {
  EXPECT_EQ(parse_mail_url("smtp://mail.test:587")->text(), "smtp://mail.test:587/");
  EXPECT_EQ(parse_mail_url("smtps://mail.test")->port, 465);
  EXPECT_EQ(parse_mail_url("smtp://mail.test")->port, 25);
  EXPECT_FALSE(parse_mail_url("http://mail.test"));
  EXPECT_FALSE(parse_mail_url("smtp://a:b@mail.test"));
  EXPECT_FALSE(parse_mail_url("smtp://mail.test/x"));
}

std::string joined(std::string_view base, std::string_view location) {
  const Result<Url> url = join(*parse_url(base), location);
  return url ? url->text() : "error " + url.error().code;
}

TEST(Url, Joins) {
  const std::string_view base = "https://a.test/x/y?q=1";
  EXPECT_EQ(joined(base, "/z"), "https://a.test/z");
  EXPECT_EQ(joined(base, "z?w=2"), "https://a.test/x/z?w=2");
  EXPECT_EQ(joined(base, "../z"), "https://a.test/z");
  EXPECT_EQ(joined(base, "?w=2"), "https://a.test/x/y?w=2");
  EXPECT_EQ(joined(base, "//b.test/z"), "https://b.test/z");
  EXPECT_EQ(joined(base, "HTTP://B.test:8080/z%7E#f"), "http://b.test:8080/z%7E");
  EXPECT_EQ(joined(base, "/a b[1]"), "https://a.test/a%20b%5B1%5D");
  EXPECT_EQ(joined("http://1.2.3.4.b.test:81/x", "y"), "http://1.2.3.4.b.test:81/y");
  EXPECT_EQ(joined(base, ""), "https://a.test/x/y?q=1");
  EXPECT_EQ(joined(base, "javascript:alert(1)"), "error unsupported");
  EXPECT_EQ(joined(base, "file:///etc/passwd"), "error unsupported");
  EXPECT_EQ(joined(base, "https://u:p@b.test/"), "error invalid_url");
  EXPECT_EQ(joined(base, "https://b.test/\n"), "error invalid_url");
}

TEST(Url, Encoding) {
  EXPECT_EQ(encode_component("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(encode_component("a b/c?d#e%f&g=h@\n\xc3\xbc"),
            "a%20b%2Fc%3Fd%23e%25f%26g%3Dh%40%0A%C3%BC");
  EXPECT_EQ(encode_segment("../x"), "..%2Fx");
  EXPECT_EQ(encode_segment(".."), "%2E%2E");
  EXPECT_EQ(encode_segment("."), "%2E");
  EXPECT_EQ(encode_segment("..."), "...");
  EXPECT_EQ(encode_form_component("a b+c~*"), "a+b%2Bc%7E*");
}

// What fills one segment stays one segment, all the way to the wire.
TEST(Url, SegmentsSurviveParsing) {
  for (const std::string_view value : {"../", "%2e%2e", "//", "@", "?", "#", "..", ".", "a\\b"}) {
    const Result<Url> url = parse_url("http://a.test/items/" + encode_segment(value) + "/x");
    ASSERT_TRUE(url) << value;
    EXPECT_EQ(url->host, "a.test");
    EXPECT_EQ(std::count(url->target.begin(), url->target.end(), '/'), 3) << url->target;
    EXPECT_EQ(url->target.find('?'), std::string::npos);
  }
}

TEST(Url, WithQuery) {
  EXPECT_EQ(*with_query("http://a.test", {{"a b", "c&d"}, {"e", ""}}),
            "http://a.test/?a%20b=c%26d&e=");
  EXPECT_EQ(*with_query("http://a.test/x?y=1#f", {{"z", "2"}}), "http://a.test/x?y=1&z=2");
  EXPECT_EQ(*with_query("http://a.test/x?", {{"z", "2"}}), "http://a.test/x?z=2");
  EXPECT_EQ(*with_query("http://a.test/x", {}), "http://a.test/x");
  EXPECT_EQ(with_query("nonsense", {{"z", "2"}}).error().code, "invalid_url");
}

}  // namespace
}  // namespace pilot::http
