// The provider `aws_s3` of the catalogue, told another address, against s3rver of npm; aws4 of npm
// checks the signatures (tests/node/s3.js).
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/crypto.h"
#include "pilot.h"
#include "real_server.h"

namespace pilot::e2e {
namespace {

using testing::HasSubstr;
using testing::Not;

class RealS3 : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* package : {"s3rver", "aws4"}) {
      if (const std::string why = missing_package(package); !why.empty()) GTEST_SKIP() << why;
    }
    const std::string objects = (dir_.path() / "objects").string();
    s3_ = std::make_unique<NodeServer>(
        "s3.js", Arguments{objects, "shop", "eu-central-1", "key-example", "secret-example"});
    ASSERT_FALSE(s3_->url().empty());
    std::filesystem::create_directories(dir_.path() / "catalog");
    dir_.write("catalog/local_s3.yaml",
               fmt::format("id: local_s3\nextends: aws_s3\nbase: '{}/{{{{bucket}}}}'\n"
                           "actions: {{copy_note: {{do: PUT /note, body: raw, params: {{text: "
                           "string}}, send: .text, header: {{note: {{type: string, as: "
                           "x-amz-meta-note}}}}}}}}\n",
                           s3_->url()));
    pilot_ = std::make_unique<Server>(dir_.path() / "data",
                                      Arguments{"--catalog", (dir_.path() / "catalog").string()});
    set("bucket", "shop");
    set("region", "eu-central-1");
    set("access_key_id", "key-example");
    set("secret_access_key", "secret-example");
  }
  void set(const std::string& type, const std::string& value) const {
    EXPECT_EQ(pilot_
                  ->post("/api/provider-credentials/local_s3",
                         fmt::format(R"({{"type":"{}","value":"{}"}})", type, value))
                  .status,
              201);
  }
  Json step(const std::string& action, JsonObject params) const {
    const JsonObject document{{"provider", "local_s3"},
                              {"action", action},
                              {"params", std::move(params)},
                              {"retry", "none"}};
    return pilot_->post("/api/execute-step", to_json(document)).json;
  }

  TempDir dir_;
  std::unique_ptr<NodeServer> s3_;
  std::unique_ptr<Server> pilot_;
};

TEST_F(RealS3, ObjectsWithOddNamesAreKeptFoundListedAndDeleted) {
  const std::vector<std::string> names{"plain.txt",        "a b/c  d.txt",
                                       "Grüße/日本.txt",   "1+1=2&3.txt",
                                       "what?#why%41.txt", "(all) of* it's 'fine'!~.txt"};
  for (const std::string& name : names) {
    const std::string content = "content of " + name + "\r\n";
    const Json put =
        step("upload_file",
             {{"key", name}, {"content", content}, {"content_type", "text/plain; charset=utf-8"}});
    ASSERT_EQ(text_at(put, "status"), "success") << name << to_json(put);
    const Json got = step("get_object", {{"key", name}});
    EXPECT_EQ(text_at(got, "output/content_base64"), crypto::base64(content))
        << name << to_json(got);
  }
  const Json part = step("get_object", {{"key", "plain.txt"}, {"range", "bytes=0-6"}});
  EXPECT_EQ(text_at(part, "output/content_base64"), crypto::base64("content")) << to_json(part);
  const Json all = step("list_objects", {{"prefix", ""}, {"max_keys", 100}});
  std::vector<std::string> listed;
  for (const Json& object : list_at(all, "output/Contents")) {
    listed.push_back(text_at(object, "Key"));
  }
  EXPECT_THAT(listed, testing::UnorderedElementsAreArray(names)) << to_json(all);
  const Json some = step("list_objects", {{"prefix", "1+1=2&"}, {"delimiter", "/"}});
  EXPECT_EQ(list_at(some, "output/Contents").size(), 1u) << to_json(some);
  for (const std::string& name : names) {
    EXPECT_EQ(text_at(step("delete_object", {{"key", name}}), "status"), "success") << name;
  }
  const Json gone = step("get_object", {{"key", "plain.txt"}});
  EXPECT_EQ(text_at(gone, "error/code"), "not_found") << to_json(gone);
  EXPECT_THAT(to_json(gone), HasSubstr("NoSuchKey"));
}

TEST_F(RealS3, ANameThatClimbsStaysInItsBucketsAddress) {
  // To S3 these are names as any others; the server would refuse a signature for another one.
  for (const std::string name : {"a/../../other/x.txt", "./y.txt", "..%2Fz.txt", "../../.."}) {
    const Json put = step("upload_file", {{"key", name}, {"content", "climbed"}});
    EXPECT_THAT(to_json(put), Not(HasSubstr("SignatureDoesNotMatch"))) << name;
  }
}

TEST_F(RealS3, HeadersAreSignedAsTheyAreSent) {
  const Json put = step("copy_note", {{"text", "x"}, {"note", "two  spaces, a comma"}});
  EXPECT_EQ(text_at(put, "status"), "success") << to_json(put);
}

TEST_F(RealS3, AWrongSecretRegionOrKeyIsToldAndNeverShown) {
  for (const auto& [type, wrong, says] :
       {std::array{"secret_access_key", "not-it-not-it", "SignatureDoesNotMatch"},
        std::array{"region", "us-east-1", "SignatureDoesNotMatch"},
        std::array{"access_key_id", "nobody-at-all", "InvalidAccessKeyId"}}) {
    set(type, wrong);
    const Json refused = step("list_objects", {});
    EXPECT_EQ(text_at(refused, "error/code"), "forbidden") << to_json(refused);
    EXPECT_EQ(text_at(refused, "error/details/vendor_code"), says) << to_json(refused);
    EXPECT_THAT(text_at(refused, "error/message"),
                HasSubstr("HTTP 403: The request is not signed"));
    EXPECT_EQ(at(refused, "error/retryable"), Json(false));
    EXPECT_THAT(to_json(refused), Not(HasSubstr("not-it-not-it")));
    set("secret_access_key", "secret-example");
    set("region", "eu-central-1");
  }
}

}  // namespace
}  // namespace pilot::e2e
