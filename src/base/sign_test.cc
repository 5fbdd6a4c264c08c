#include "base/sign.h"

#include <gtest/gtest.h>

#include "base/crypto.h"

namespace pilot::crypto {
namespace {

std::string hex_of(std::string_view bytes) {
  return hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

TEST(Sign, DigestsAreTheKnownOnes) {
  EXPECT_EQ(hex_of(digest(Hash::md5, "abc")), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(hex_of(digest(Hash::sha1, "abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
}

TEST(Sign, HmacIsThatOfRfc2202And4231) {
  EXPECT_EQ(hex_of(hmac(Hash::sha1, "Jefe", "what do ya want for nothing?")),
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(hex_of(hmac(Hash::sha256, "Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

// RFC 7515 A.1: the key is given in base64url there.
TEST(Sign, Hs256IsThatOfRfc7515) {
  const std::string key = *decode_base64url(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTw"
      "jAzZr1Z9CAow==");
  const std::string input =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh"
      "0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
  EXPECT_EQ(base64url_bare(*sign_jws("HS256", key, input)),
            "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
}

TEST(Sign, SaysWhatIsWrongWithAKeyAndNeverShowsIt) {
  const Result<std::string> bad = sign_jws("RS256", "hunter2-hunter2", "data");
  ASSERT_FALSE(bad);
  EXPECT_EQ(bad.error().code, "invalid_key");
  EXPECT_EQ(bad.error().message.find("hunter2"), std::string::npos);
  EXPECT_EQ(sign_jws("none", "", "data").error().code, "unsupported_alg");
  EXPECT_EQ(sign_jws("PS256", "", "data").error().code, "unsupported_alg");
}

}  // namespace
}  // namespace pilot::crypto
