// The formats: what is one and what is not.
#include "schema/schema_format.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace pilot::schema {
namespace {

void run(Format format, const std::vector<std::string>& good, const std::vector<std::string>& bad) {
  for (const std::string& text : good)
    EXPECT_TRUE(fits(format, text)) << describe(format) << ": " << text;
  for (const std::string& text : bad)
    EXPECT_FALSE(fits(format, text)) << describe(format) << ": " << text;
}

TEST(SchemaFormatTest, email) {
  run(Format::email,
      {"a@b", "joe.bloggs@example.com", "a+tag@example.co.uk", "te~st@example.com",
       "\"joe bloggs\"@example.com", "\"a\\\"b@c\"@example.com", "o'neill@x.org", "joe@[127.0.0.1]",
       "joe@[IPv6:::1]", std::string(64, 'a') + "@b.c"},
      {"",
       "@",
       "a",
       "a@",
       "@b",
       "a@b@c",
       ".a@b.c",
       "a.@b.c",
       "a..b@c.d",
       "a b@c.d",
       "a@-b.c",
       "a@b_c.d",
       "a@b..c",
       "a@b.",
       "joe@[127.0.0.300]",
       "joe@[::1]",
       "a@[1.2.3.4",
       "\"a\"b@c.d",
       "\"a@b.c",
       "\"\\\"@b.c",
       std::string(65, 'a') + "@b.c",
       "a@" + std::string(250, 'b'),
       "a@b.c\n",
       "a@b.c ",
       "ü@b.c",
       std::string("a\0@b.c", 6),
       "a,b@c.d",
       "<a@b.c>"});
}

TEST(SchemaFormatTest, uri) {
  run(Format::uri,
      {"https://example.com", "http://a:8080/b/c?d=e&f#g", "http://user:pw@h/", "urn:isbn:123",
       "mailto:a@b.c", "ftp://[::1]:21/x", "http://[v1.fe80::a]/", "file:///etc/x", "tel:+1-816",
       "a+b.c-1:x", "http://a/%C3%BC", "http://h:/", "data:,x", "x:", "http://a?x/y?z",
       "postgres://u@h/d?o='a'"},
      {"",
       ":",
       "//example.com/a",
       "/a",
       "a",
       "http//x",
       "1a:b",
       "http://a b",
       "http://a/\\",
       "http://a/%zz",
       "http://a/%4",
       "http://[::1",
       "http://[::g]/",
       "http://a:8x/",
       "http://a#b#c",
       "http://ü.de",
       "ht\ntp://a",
       "http://a/<b>",
       "http://a/{b}",
       "http://[1.2.3.4]/",
       "http://a@b@c/",
       "http://[::1]x/",
       "http://a/b[c]",
       std::string("http://a/\0", 10)});
}

TEST(SchemaFormatTest, date_and_time) {
  run(Format::date, {"2026-11-23", "2024-02-29", "2000-02-29", "0000-01-01", "9999-12-31"},
      {"", "2026-11-31", "2026-02-29", "1900-02-29", "2026-13-01", "2026-00-01", "2026-01-00",
       "2026-1-01", "26-01-01", "2026-01-011", "2026/01/01", "2026-01-0a", "-026-01-01",
       "+026-01-01", "2026-01-01T", "2026-01-\xD9\xA1"});
  run(Format::date_time,
      {"2026-11-23T02:18:41Z", "2026-11-23t02:18:41z", "2026-11-23T02:18:41.123456789Z",
       "2026-11-23T02:18:41+02:00", "2026-11-23T02:18:41-23:59", "1998-12-31T23:59:60Z",
       "1998-12-31T15:59:60.123-08:00", "1999-01-01T00:29:60+00:30"},
      {"",
       "2026-11-23",
       "2026-11-23T02:18:41",
       "2026-11-23 02:18:41Z",
       "2026-11-23T24:00:00Z",
       "2026-11-23T02:60:00Z",
       "2026-11-23T02:18:61Z",
       "2026-11-23T02:18:60Z",
       "1998-12-31T23:58:60Z",
       "1998-12-31T23:59:60+01:00",
       "2026-11-23T02:18:41.Z",
       "2026-11-23T02:18:41+24:00",
       "2026-11-23T02:18:41+0200",
       "2026-11-23T02:18:41+02",
       "2026-11-23T02:18Z",
       "2026-02-30T02:18:41Z",
       "2026-11-23T02:18:41ZZ",
       "2026-11-23T02:18:41.1.2Z",
       "2026-11-23T-2:18:41Z",
       "20261123T021841Z"});
}

TEST(SchemaFormatTest, uuid) {
  run(Format::uuid,
      {"2eb8aa08-aa98-11ea-b4aa-73b441d16380", "2EB8AA08-AA98-11EA-B4AA-73B441D16380",
       "00000000-0000-0000-0000-000000000000"},
      {"", "2eb8aa08-aa98-11ea-b4aa-73b441d1638", "2eb8aa08aa9811eab4aa73b441d16380",
       "2eb8aa08-aa98-11ea-b4aa-73b441d1638g", "2eb8-aa08-aa98-11ea-b4aa73b44-1d16380",
       "{2eb8aa08-aa98-11ea-b4aa-73b441d16380}", "2eb8aa08-aa98-11ea-b4aa-73b441d16380 "});
}

TEST(SchemaFormatTest, addresses) {
  run(Format::ipv4, {"127.0.0.1", "0.0.0.0", "255.255.255.255"},
      {"", "127.0.0", "127.0.0.1.1", "256.0.0.1", "087.10.0.1", "0x7f.0.0.1", "2130706433",
       "127.0.0.1/8", " 127.0.0.1", "1.2.3.4:80", "1..2.3", std::string("127.0.0.1\0", 10),
       "1.2.3.\xD9\xA4"});
  run(Format::ipv6,
      {"::", "::1", "2001:db8::8:800:200C:417A", "1:2:3:4:5:6:7:8", "::ffff:192.168.0.1",
       "1::", "fe80::a"},
      {"", ":", ":::", "12345::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "::256.1.1.1",
       "fe80::a%eth1", "::1/64", "[::1]", "::g", "1.2.3.4", std::string("::1\0", 4)});
}

TEST(SchemaFormatTest, hostname) {
  run(Format::hostname,
      {"localhost", "www.example.com", "a", "1.2.3", "xn--4gbwdl.xn--wgbh1c", "a-b.c",
       std::string(63, 'a') + ".b"},
      {"", ".", "a.", ".a", "a..b", "-a", "a-", "a_b", "a b", "ü", std::string(64, 'a'),
       std::string(254, 'a'), "a\n", std::string("a\0", 2)});
}

TEST(SchemaFormatTest, names_round_trip) {
  EXPECT_EQ(format_names().size(), 8u);
  for (const std::string& name : format_names()) {
    ASSERT_TRUE(parse_format(name)) << name;
    EXPECT_NE(describe(*parse_format(name)), "a string") << name;
  }
  EXPECT_FALSE(parse_format("regex"));
}

}  // namespace
}  // namespace pilot::schema
