// Fernet against the published vectors (github.com/fernet/spec), and against damage.
#include "vault/fernet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/crypto.h"

namespace pilot::vault {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kKey = "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=";
constexpr std::string_view kToken =
    "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU"
    "4IwqDA==";

WallTime at(std::string_view text) { return parse_rfc3339(text).value(); }
FernetKey key_of(std::string_view text) { return std::move(FernetKey::parse(text)).value(); }

TEST(FernetTest, generate_json) {
  std::string iv;
  for (char byte = 0; byte < 16; ++byte) iv.push_back(byte);
  EXPECT_EQ(key_of(kKey).encrypt_with_iv("hello", at("1985-10-26T01:20:00-07:00"), iv), kToken);
}

TEST(FernetTest, verify_json) {
  Result<Secret> text = key_of(kKey).decrypt(kToken, 60s, at("1985-10-26T01:20:01-07:00"));
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(text->reveal(), "hello");
}

struct InvalidCase {
  std::string_view description;
  std::string_view token;
  std::string_view now = "1985-10-26T01:20:01-07:00";
  bool needs_clock = false;  // fine but for its time
};

const std::vector<InvalidCase>& invalid_json() {
  static const std::vector<InvalidCase> kCases = {
      {"incorrect mac",
       "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUF"
       "BQUFBQQ=="},
      {"too short", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA=="},
      {"invalid base64",
       "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p"
       "1YsUD2Q=="},
      {"payload size not multiple of block size",
       "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfy"
       "udzUm"},
      {"payload padding error",
       "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbk"
       "uKNqOhw=="},
      {"far-future TS (unacceptable clock skew)",
       "gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-Y6mSkTOyTGJmw2Xc2a6kBd-iX9"
       "b_qXQcw==",
       "1985-10-26T01:20:01-07:00", true},
      {"expired TTL",
       "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p"
       "1YsUD2Q==",
       "1985-10-26T01:21:31-07:00", true},
      {"incorrect IV (causes padding error)",
       "gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIv"
       "cZjK1zQ=="},
      {"trailing characters after b64 padding",
       "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmp"
       "U4IwqDA==trailingdata"},
      {"invalid characters in b64",
       "*gAAAAAAdwJ6wAAECAwQFBgcI!CQoLDA0ODy021?cpGVWKZ_eEwC@GM4BLLF_"
       "5CV9dOPmrhuVUPgJobwOz7JcbmrR64j"
       "VmpU4IwqDA=="},
      {"invalid non-urlsafe characters in b64",
       "gAAAAAAdwJ6wAAEC/AwQFBgcICQoLDA0ODy+021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jV"
       "mpU4IwqDA=="},
  };
  return kCases;
}

TEST(FernetTest, invalid_json) {
  const FernetKey key = key_of(kKey);
  for (const InvalidCase& invalid_case : invalid_json()) {
    SCOPED_TRACE(invalid_case.description);
    const Result<Secret> text = key.decrypt(invalid_case.token, 60s, at(invalid_case.now));
    ASSERT_FALSE(text);
    EXPECT_EQ(text.error().code, "invalid_token");
    // The two that fail by the clock alone show that the others fail for what they are.
    EXPECT_EQ(key.decrypt(invalid_case.token).has_value(), invalid_case.needs_clock);
  }
}

TEST(FernetTest, time_to_live_has_exact_edges) {
  const FernetKey key = key_of(kKey);
  const WallTime made = at("1985-10-26T01:20:00-07:00");
  EXPECT_TRUE(key.decrypt(kToken, 60s, made + 60s));
  EXPECT_FALSE(key.decrypt(kToken, 60s, made + 61s));
  EXPECT_TRUE(key.decrypt(kToken, 60s, made - 60s));
  EXPECT_FALSE(key.decrypt(kToken, 60s, made - 61s));
  EXPECT_TRUE(key.decrypt(kToken, 0s, made));
  EXPECT_FALSE(key.decrypt(kToken, -1s, made));
}

TEST(FernetTest, round_trip_of_every_length_and_byte) {
  const auto random = make_seeded_random(7);
  const FernetKey key = FernetKey::generate(*random);
  std::string text;
  for (int length = 0; length < 300; ++length) {
    const Result<Secret> back = key.decrypt(key.encrypt(text, at("2026-01-02T03:04:05Z"), *random));
    ASSERT_TRUE(back) << length;
    EXPECT_EQ(back->reveal(), text);
    text.push_back(static_cast<char>(length));
  }
}

TEST(FernetTest, every_flipped_bit_of_the_bytes_is_refused) {
  const FernetKey key = key_of(kKey);
  const std::string bytes = crypto::decode_base64url(kToken).value();
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      EXPECT_FALSE(key.decrypt(crypto::base64url(damaged))) << "byte " << i << ", bit " << bit;
    }
  }
}

TEST(FernetTest, every_other_spelling_of_the_text_is_refused) {
  const FernetKey key = key_of(kKey);
  for (std::size_t i = 0; i < kToken.size(); ++i) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string damaged{kToken};
      damaged[i] = static_cast<char>(byte);
      if (damaged == kToken) continue;
      EXPECT_FALSE(key.decrypt(damaged)) << "character " << i << ", byte " << byte;
    }
  }
  for (std::size_t length = 0; length < kToken.size(); ++length) {
    EXPECT_FALSE(key.decrypt(kToken.substr(0, length))) << length;
  }
  EXPECT_FALSE(key.decrypt(std::string(kToken) + "\n"));
  EXPECT_FALSE(key.decrypt(" " + std::string(kToken)));
}

TEST(FernetTest, another_key_is_refused) {
  const auto random = make_seeded_random(11);
  const FernetKey key = FernetKey::generate(*random);
  EXPECT_FALSE(key.decrypt(kToken));
  // Right for signing and wrong for encryption: the mac fits, the text does not.
  const std::string signing = crypto::decode_base64url(kKey).value().substr(0, 16);
  const FernetKey half = key_of(crypto::base64url(signing + std::string(16, 'x')));
  const Result<Secret> text = half.decrypt(kToken);
  EXPECT_TRUE(!text || text->reveal() != "hello");
}

TEST(FernetTest, a_token_names_its_second_and_never_repeats) {
  const auto random = make_system_random();
  const FernetKey key = FernetKey::generate(*random);
  const WallTime now = at("2026-11-23T02:18:41.999Z");
  const std::string first = key.encrypt("x", now, *random);
  EXPECT_NE(first, key.encrypt("x", now, *random));
  EXPECT_TRUE(key.decrypt(first, 0s, at("2026-11-23T02:18:41Z")));
  EXPECT_FALSE(key.decrypt(first, 0s, at("2026-11-23T02:18:42Z")));
}

TEST(FernetTest, key_text_round_trip) {
  EXPECT_EQ(key_of(kKey).to_text().reveal(), kKey);
  const auto random = make_seeded_random(13);
  const FernetKey key = FernetKey::generate(*random);
  const Secret text = key.to_text();
  EXPECT_EQ(text.reveal().size(), 44u);
  EXPECT_EQ(key_of(text.reveal()).decrypt(key.encrypt("a", WallTime{}, *random))->reveal(), "a");
}

TEST(FernetTest, broken_keys_are_refused_without_being_shown) {
  const std::string key{kKey};
  for (const std::string& text :
       {std::string(), key.substr(0, 43), key.substr(1), key + "=", key + "x",
        key.substr(0, 43) + "x", key.substr(0, 20) + "*" + key.substr(21),
        key.substr(0, 20) + " " + key.substr(21),
        key.substr(0, 20) + std::string(1, '\0') + key.substr(21),
        key.substr(0, 42) + "==", std::string(44, '=')}) {
    const Result<FernetKey> parsed = FernetKey::parse(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, "invalid_key");
    EXPECT_THAT(parsed.error().message, ::testing::Not(::testing::HasSubstr("cw_0x")));
  }
}

TEST(FernetTest, keys_that_openssl_or_a_person_made_open_what_they_sealed) {
  // As Python has it: + and / for - and _, and spare bits in the last character.
  EXPECT_EQ(key_of("cw/0x689RpI+jtRR7oE8h/eQsKImvJapLeSbXpwF4e7=").decrypt(kToken)->reveal(),
            "hello");
}

}  // namespace
}  // namespace pilot::vault
