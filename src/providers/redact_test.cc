#include "providers/redact.h"

#include <gmock/gmock.h>

#include "base/crypto.h"
#include "http/url.h"
#include "providers/call_for_test.h"

namespace pilot::providers {
namespace {

using testing::HasSubstr;
using testing::Not;

const std::string kSecret =
    "s3cr3t/+ K\"&<%>ey'\xc3\xa9:9Zz";  // with everything that encoders touch

std::string masked(const std::string& text, const std::string& secret = kSecret) {
  return Redactor(connection_of({{"api_key", secret}})).text(text);
}

std::string hex_of(std::string_view text) {
  return crypto::hex({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

TEST(Redactor, MasksTheSecretAsItIs) {
  EXPECT_EQ(masked("a" + kSecret + "b" + kSecret), "a***b***");
  EXPECT_EQ(masked("nothing here"), "nothing here");
  EXPECT_EQ(masked(""), "");
}

// Whatever stands around the secret in the encoded text, and at whichever of the three alignments.
TEST(Redactor, MasksBase64AtEveryAlignment) {
  for (const std::string before : {"", "u", "us", "user:", "Basic user:", "{\"key\":\""}) {
    for (const std::string after : {"", "x", "xy", "\"}"}) {
      for (const bool url : {false, true}) {
        const std::string plain = before + kSecret + after;
        const std::string encoded = url ? crypto::base64url(plain) : crypto::base64(plain);
        const std::string out = masked("Authorization: Basic " + encoded + " end");
        SCOPED_TRACE(plain);
        EXPECT_THAT(out, HasSubstr("***"));
        EXPECT_THAT(out, HasSubstr("Authorization: Basic "));
        // What is left decodes to nothing of the secret's middle.
        const std::size_t from = std::string("Authorization: Basic ").size();
        EXPECT_THAT(out.substr(from, out.find(" end") - from),
                    Not(HasSubstr(encoded.substr(before.size() * 4 / 3 + 4, 12))));
      }
    }
  }
}

TEST(Redactor, MasksHexPercentJsonAndHtml) {
  EXPECT_EQ(masked("<" + hex_of(kSecret) + ">"), "<***>");
  std::string upper = hex_of(kSecret);
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  EXPECT_EQ(masked(upper), "***");
  EXPECT_EQ(masked("q=" + http::encode_component(kSecret) + "&x=1"), "q=***&x=1");
  EXPECT_EQ(masked(http::encode_component(http::encode_component(kSecret))), "***");
  EXPECT_EQ(masked(http::encode_form_component(kSecret)), "***");
  std::string quoted;
  append_json_string(quoted, kSecret);
  EXPECT_EQ(masked(quoted), "\"***\"");
  EXPECT_EQ(masked(to_json(Json(quoted))), "\"\\\"***\\\"\"");  // JSON in JSON
  const auto html = "s3cr3t/+ K&quot;&amp;&lt;%&gt;ey&#39;\xc3\xa9:9Zz";
  EXPECT_EQ(masked(html), "***");
}

TEST(Redactor, MasksEscapesOfOtherWriters) {
  EXPECT_EQ(masked(R"(s3cr3t/+ K\"&<%>ey'\u00e9:9Zz)"), "***");                      // Python
  EXPECT_EQ(masked(R"(s3cr3t/+ K\"\u0026\u003c%\u003eey\u0027\u00e9:9Zz)"), "***");  // PHP flags
  EXPECT_EQ(masked("s3cr3t\\/+ K\\\"&<%>ey'\xc3\xa9:9Zz"), "***");  // escaped slash
  EXPECT_EQ(masked(R"(\ud83d\ude00-secret)", "\xf0\x9f\x98\x80-secret"), "***");
  EXPECT_EQ(masked(std::string("a\0b\0c\0d\0e\0", 10), "abcde"), std::string("***\0", 4));
}

TEST(Redactor, LongerSecretsFirst) {
  const Redactor redactor(connection_of({{"a", "abcdef"}, {"b", "abcdefghijkl"}}));
  EXPECT_EQ(redactor.text("abcdefghijkl abcdef"), "*** ***");
}

TEST(Redactor, ShortSecretsAreLeft) {
  EXPECT_EQ(masked("four", "four"), "four");
  EXPECT_TRUE(Redactor(connection_of({{"pin", "1234"}})).empty());
  EXPECT_EQ(masked("fiver", "fiver"), "***");
}

TEST(Redactor, LinesOfAKeyAndTrimmedValues) {
  const std::string pem =
      "-----BEGIN KEY-----\nMIIBVgIBADANBgkqhkiG9w0B\nAQEFAASCAUAwggE8AgEAAkEA\n-----END "
      "KEY-----\n";
  EXPECT_EQ(masked("MIIBVgIBADANBgkqhkiG9w0B\r\nAQEFAASCAUAwggE8AgEAAkEA", pem), "***\r\n***");
  EXPECT_EQ(masked("-----BEGIN KEY-----", pem), "-----BEGIN KEY-----");
  EXPECT_EQ(masked("token-value", "token-value\n"), "***");
  EXPECT_EQ(masked("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            "***");
}

TEST(Redactor, JsonKeepsItsShapeAndNumbers) {
  const Redactor redactor(connection_of({{"api_key", "12345678"}}));
  Json value = json(
      R"({"n":12345678,"d":12345678.5,"t":"id 12345678","12345678":{"x":["12345678",null,true]},
          "***":1})");
  redactor.json(value);
  EXPECT_EQ(to_json(value),
            R"({"n":12345678,"d":12345678.5,"t":"id ***","***":{"x":["***",null,true]},)"
            R"x("*** (2)":1})x");
  EXPECT_TRUE(parse_json(to_json(value)));
}

TEST(Redactor, ResultsAreMaskedThroughout) {
  const Redactor redactor(connection_of({{"api_key", kSecret}}));
  ProviderResult result = ProviderResult::fail({.code = "unauthorized",
                                                .message = "bad key " + kSecret,
                                                .details = JsonObject{{"body", kSecret}}});
  result.output = JsonArray{Json(kSecret), Json(7)};
  result.metadata = JsonObject{{"url", "https://a.test/?k=" + http::encode_component(kSecret)}};
  redactor.result(result);
  EXPECT_EQ(result.error->message, "bad key ***");
  EXPECT_EQ(result.message, "bad key ***");
  EXPECT_EQ(to_json(result.error->details), R"({"body":"***"})");
  EXPECT_EQ(to_json(result.output), R"(["***",7])");
  EXPECT_EQ(to_json(result.metadata), R"({"url":"https://a.test/?k=***"})");
}

TEST(Redactor, FieldsThatAreNoSecretStayReadable) {
  const Provider& openai = *native_registry().find("openai");
  const Connection connection =
      connection_of({{"api_key", "sk-verysecret"}, {"base_url", "https://llm.test/v1"}});
  EXPECT_EQ(Redactor(connection, &openai).text("https://llm.test/v1 sk-verysecret"),
            "https://llm.test/v1 ***");
  EXPECT_EQ(Redactor(connection).text("https://llm.test/v1 sk-verysecret"), "*** ***");
}

TEST(Redactor, OtherPeoplesSecretsAreNotKnown) {
  EXPECT_TRUE(Redactor().empty());
  EXPECT_EQ(Redactor().text(kSecret), kSecret);
}

}  // namespace
}  // namespace pilot::providers
