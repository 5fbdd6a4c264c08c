// What becomes of XML answers.
#include "providers/manifest/xml.h"

#include <gmock/gmock.h>

namespace pilot::providers::manifest {
namespace {

using testing::HasSubstr;

std::string json_of(std::string_view xml) {
  const Result<Json> read = read_xml(xml);
  return read ? to_json(*read) : read.error().message;
}

TEST(ManifestXml, IsAMapOfItsElements) {
  EXPECT_EQ(json_of("<a/>"), R"({"a":""})");
  EXPECT_EQ(
      json_of("<?xml version=\"1.0\"?>\n<a xmlns='x:y' xmlns:z='q' k='1'>t &amp;<b>2</b></a>"),
      R"({"a":{"@k":"1","b":"2","#text":"t &"}})");
  EXPECT_EQ(json_of("<l>\n <i>1</i>\n <i/>\n <n>x</n> <i><d>3</d></i></l>"),
            R"({"l":{"i":["1","",{"d":"3"}],"n":"x"}})");
  EXPECT_EQ(json_of("<a><![CDATA[<b>]]> ü</a>"), R"({"a":"<b> ü"})");
  EXPECT_EQ(json_of("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xfc</a>"), R"({"a":"ü"})");
}

TEST(ManifestXml, WhatIsNoneOrAttacksSaysSo) {
  EXPECT_THAT(json_of("<a><b></a>"), HasSubstr("mismatched tag in line 1"));
  EXPECT_THAT(json_of(""), HasSubstr("no element found"));
  EXPECT_THAT(json_of("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>"), HasSubstr("entities"));
  EXPECT_THAT(json_of("<!DOCTYPE a [<!ENTITY x SYSTEM '/etc/passwd'>]><a>&x;</a>"),
              HasSubstr("entities"));
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "<a>";
  EXPECT_THAT(json_of(deep), HasSubstr("too deep"));
}

}  // namespace
}  // namespace pilot::providers::manifest
