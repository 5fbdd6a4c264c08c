#include <gmock/gmock.h>

#include "providers/call_for_test.h"
#include "providers/data/feed.h"

namespace pilot::providers {
namespace {

using testing::HasSubstr;

ProviderResult read(std::string body, std::string_view more = "") {
  const TestCall call("rss", "parse_feed",
                      fmt::format(R"({{"feed_url": "https://f.test/feed"{}}})", more));
  EXPECT_TRUE(call.checked) << (call.checked ? "" : call.checked.error().message);
  return call.read(answer(200, std::move(body), {{"Content-Type", "application/rss+xml"}}));
}

std::string items(const ProviderResult& result) {
  EXPECT_TRUE(result.success) << result.message;
  return result.success ? to_json(result.output.at("items")) : "";
}

std::string code(const ProviderResult& result) { return result.error ? result.error->code : ""; }

constexpr std::string_view kRss = R"(<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"
     xmlns:content="http://purl.org/rss/1.0/modules/content/"
     xmlns:atom="http://www.w3.org/2005/Atom"
     xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd">
<channel>
  <title>News &amp; more</title><link>https://f.test/</link>
  <atom:link rel="self" href="https://f.test/feed"/>
  <description>All of it</description><lastBuildDate>Wed, 02 Oct 2002 13:00:00 GMT</lastBuildDate>
  <image><title>Not this one</title></image>
  <item><title>First</title><link>https://f.test/1</link><guid isPermaLink="false">g-1</guid>
    <pubDate>Wed, 02 Oct 2002 15:00:00 +0200</pubDate><dc:creator>Ada</dc:creator>
    <itunes:title>Not this one</itunes:title>
    <description>Short</description><content:encoded><![CDATA[<p>Grüße</p>]]></content:encoded>
    <category>a</category><category>b</category>
    <enclosure url="https://f.test/1.mp3" type="audio/mpeg" length="123"/></item>
  <item><title>Second</title><pubDate>some day</pubDate></item>
</channel></rss>)";

TEST(Rss, ReadsRss2) {
  const ProviderResult result = read(std::string(kRss));
  ASSERT_TRUE(result.success) << result.message;
  EXPECT_EQ(result.output.at("title"), "News & more");
  EXPECT_EQ(result.output.at("link"), "https://f.test/");
  EXPECT_EQ(result.output.at("description"), "All of it");
  EXPECT_EQ(result.output.at("updated"), "2002-10-02T13:00:00Z");
  EXPECT_EQ(items(result),
            R"([{"id":"g-1","title":"First","link":"https://f.test/1",)"
            R"("published":"2002-10-02T13:00:00Z","updated":null,"author":"Ada",)"
            R"("summary":"Short","content":"<p>Grüße</p>","categories":["a","b"],)"
            R"("enclosure":{"url":"https://f.test/1.mp3","type":"audio/mpeg","length":"123"}},)"
            R"({"id":null,"title":"Second","link":null,"published":"some day","updated":null,)"
            R"("author":null,"summary":null,"content":null,"categories":[],"enclosure":null}])");
}

TEST(Rss, ReadsAtom) {
  const ProviderResult result = read(R"(<feed xmlns="http://www.w3.org/2005/Atom">
    <title type="text">Blog</title><subtitle>Sub</subtitle><link rel="self" href="https://b.test/f"/>
    <link href="https://b.test/"/><updated>2026-01-02T03:04:05+01:00</updated>
    <entry><id>urn:1</id><title>One</title><link rel="enclosure" href="https://b.test/x.zip"/>
      <link rel="alternate" href="https://b.test/1"/><updated>2026-01-02T00:00:00Z</updated>
      <author><name>Bob</name><email>bob@b.test</email></author><category term="t"/>
      <content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">Hello <b>you</b></div></content>
    </entry></feed>)");
  ASSERT_TRUE(result.success) << result.message;
  EXPECT_EQ(result.output.at("link"), "https://b.test/");
  EXPECT_EQ(result.output.at("updated"), "2026-01-02T02:04:05Z");
  EXPECT_EQ(items(result),
            R"([{"id":"urn:1","title":"One","link":"https://b.test/1","published":null,)"
            R"("updated":"2026-01-02T00:00:00Z","author":"Bob","summary":null,)"
            R"("content":"Hello you","categories":["t"],)"
            R"("enclosure":{"url":"https://b.test/x.zip","type":null,"length":null}}])");
}

TEST(Rss, ReadsRdf) {
  const ProviderResult result = read(R"(<rdf:RDF xmlns="http://purl.org/rss/1.0/"
      xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
      xmlns:dc="http://purl.org/dc/elements/1.1/">
    <channel rdf:about="https://r.test/"><title>Old</title><items/></channel>
    <item><title>A</title><link>https://r.test/a</link><dc:date>2026-01-02</dc:date></item>
    </rdf:RDF>)");
  ASSERT_TRUE(result.success) << result.message;
  EXPECT_EQ(result.output.at("title"), "Old");
  EXPECT_THAT(items(result), HasSubstr(R"("title":"A","link":"https://r.test/a","published":)"
                                       R"("2026-01-02T00:00:00Z")"));
}

TEST(Rss, TakesWhatIsAskedFor) {
  EXPECT_EQ(read(std::string(kRss), R"(, "limit": 1)").output.at("items").as_array().size(), 1u);
  const ProviderResult newer = read(std::string(kRss), R"(, "since": "2002-10-02T13:00:00Z")");
  EXPECT_EQ(newer.output.at("items").as_array().size(), 1u) << "the one without a date";
  const TestCall call("rss", "parse_feed", R"({"url": "https://f.test/feed?a=b"})");
  EXPECT_EQ(call.build()->url, "https://f.test/feed?a=b");
  EXPECT_EQ(call.effect(), EffectClass::read);
  EXPECT_EQ(TestCall("rss", "parse_feed", R"({"url": "file:///etc/passwd"})").build().error().code,
            "invalid_url");
}

TEST(Rss, KnowsOldEncodings) {
  EXPECT_THAT(items(read("<?xml version=\"1.0\" encoding=\"windows-1252\"?><rss><channel><item>"
                         "<title>10 \x80 f\xfcr alle</title></item></channel></rss>")),
              HasSubstr("10 € für alle"));
}

TEST(Rss, RefusesWhatIsNoFeedOrWantsTooMuch) {
  EXPECT_EQ(code(read("<html><body>hello</body></html>")), "invalid_feed");
  EXPECT_EQ(code(read("{\"a\": 1}")), "invalid_feed");
  EXPECT_EQ(code(read("")), "invalid_feed");
  EXPECT_EQ(code(read("<rss><channel><item></channel></rss>")), "invalid_feed");
  std::string deep = "<rss>";
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  EXPECT_THAT(read(deep).message, HasSubstr("nested too deep"));
  const ProviderResult laughs = read(R"(<!DOCTYPE rss [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>
    <rss><channel><title>&b;</title></channel></rss>)");
  EXPECT_EQ(code(laughs), "invalid_feed");
  EXPECT_THAT(laughs.message, HasSubstr("entities"));
  EXPECT_EQ(code(read(R"(<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>
    <rss><channel><title>&x;</title></channel></rss>)")),
            "invalid_feed");
  EXPECT_EQ(
      code(
          TestCall("rss", "parse_feed", R"({"url": "https://f.test/"})").read(answer(404, "gone"))),
      "not_found");
}

TEST(FeedTime, IsReadInAllItsForms) {
  const auto text = [](std::string_view given) {
    const auto time = data::parse_feed_time(given);
    return time ? to_rfc3339(*time) : "";
  };
  EXPECT_EQ(text("02 Oct 2002 08:00 EST"), "2002-10-02T13:00:00Z");
  EXPECT_EQ(text("Thu, 2 October 02 08:00:05 -0130"), "2002-10-02T09:30:05Z");
  EXPECT_EQ(text("2002-10-02T15:00:00+02:00"), "2002-10-02T13:00:00Z");
  EXPECT_EQ(text("2002-10-02"), "2002-10-02T00:00:00Z");
  for (const char* bad : {"", "x", "31 Feb 2002 08:00 GMT", "2 Oct 2002 25:00 GMT", "2 Oct"}) {
    EXPECT_EQ(text(bad), "") << bad;
  }
}

}  // namespace
}  // namespace pilot::providers
