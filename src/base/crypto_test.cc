#include "base/crypto.h"

#include <gtest/gtest.h>

namespace pilot::crypto {
namespace {

std::string unhex(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    out += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
  }
  return out;
}
std::string hex_text(std::string_view bytes) {
  return hex({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

TEST(Crypto, Sha256OfFips180) {
  EXPECT_EQ(hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(sha256(std::string(1'000'000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Crypto, HmacSha256OfRfc4231) {
  EXPECT_EQ(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hex(hmac_sha256(std::string(20, '\xaa'), std::string(50, '\xdd'))),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(hex(hmac_sha256(unhex("0102030405060708090a0b0c0d0e0f10111213141516171819"),
                            std::string(50, '\xcd'))),
            "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b");
  EXPECT_EQ(hex(hmac_sha256(std::string(131, '\xaa'),
                            "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(hex(hmac_sha256(std::string(131, '\xaa'),
                            "This is a test using a larger than block-size key and a larger than "
                            "block-size data. The key needs to be hashed before being used by the "
                            "HMAC algorithm.")),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
  EXPECT_EQ(hex(hmac_sha256({}, {})),
            "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Crypto, Base64OfRfc4648) {
  const std::pair<std::string_view, std::string_view> kVectors[] = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : kVectors) {
    EXPECT_EQ(base64(bytes), text);
    EXPECT_EQ(base64url(bytes), text);
    EXPECT_EQ(*decode_base64(text), bytes);
    EXPECT_EQ(*decode_base64url(text), bytes);
  }
  EXPECT_EQ(base64("\xfb\xff\xfe"), "+//+");
  EXPECT_EQ(base64url("\xfb\xff\xfe"), "-__-");
  EXPECT_EQ(*decode_base64("+//+"), "\xfb\xff\xfe");
  EXPECT_EQ(*decode_base64url("-__-"), "\xfb\xff\xfe");
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(*decode_base64(base64(all)), all);
  EXPECT_EQ(*decode_base64url(base64url(all)), all);
}

TEST(Crypto, Base64IsStrict) {
  for (const std::string_view bad :
       {"Z", "Zg", "Zg=", "Zg===", "====", "=", "Z===", "Zm9v=", "Zh==", "Zm9=", "Zm 9", "Zm9v\n",
        "-__-", "Zg==Zg==", "Z=g="}) {
    const auto decoded = decode_base64(bad);
    ASSERT_FALSE(decoded) << bad;
    EXPECT_EQ(decoded.error().code, "invalid_base64");
  }
  EXPECT_FALSE(decode_base64url("+//+"));
  EXPECT_EQ(*decode_hex("00fF7a"), std::string("\0\xff\x7a", 3));
  EXPECT_EQ(*decode_hex(""), "");
  for (const char* bad : {"0", "0g", "+1", "0x", "abc"}) EXPECT_FALSE(decode_hex(bad)) << bad;
}

// NIST SP 800-38A, F.2.1; CBC has no padding there, so the last block is ours alone.
TEST(Crypto, Aes128CbcOfSp80038a) {
  const std::string key = unhex("2b7e151628aed2a6abf7158809cf4f3c");
  const std::string iv = unhex("000102030405060708090a0b0c0d0e0f");
  const std::string text = unhex(
      "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
      "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710");
  const std::string sealed = aes128_cbc_encrypt(key, iv, text);
  ASSERT_EQ(sealed.size(), 80u);
  EXPECT_EQ(hex_text(sealed).substr(0, 128),
            "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
            "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7");
  EXPECT_EQ(*aes128_cbc_decrypt(key, iv, sealed), text);
}

TEST(Crypto, Aes128CbcRefusesWhatIsNotOurs) {
  const std::string key(16, 'k');
  const std::string iv(16, 'i');
  for (std::size_t n : {0u, 1u, 15u, 16u, 17u, 1000u}) {
    const std::string text(n, 'x');
    const std::string sealed = aes128_cbc_encrypt(key, iv, text);
    EXPECT_EQ(sealed.size(), (n / 16 + 1) * 16);
    EXPECT_EQ(*aes128_cbc_decrypt(key, iv, sealed), text);
  }
  EXPECT_EQ(aes128_cbc_decrypt(key, iv, "").error().code, "cannot_decrypt");
  EXPECT_EQ(aes128_cbc_decrypt(key, iv, "short").error().code, "cannot_decrypt");
  // The last byte of this block decrypts to something that is no padding.
  EXPECT_FALSE(
      aes128_cbc_decrypt(key, iv, aes128_cbc_encrypt(key, iv, "sixteen letters!").substr(0, 16)));
}

TEST(Crypto, ConstantTimeEqual) {
  EXPECT_TRUE(constant_time_equal("", ""));
  EXPECT_TRUE(constant_time_equal("same", "same"));
  EXPECT_FALSE(constant_time_equal("same", "sama"));
  EXPECT_FALSE(constant_time_equal("same", "sam"));
  EXPECT_FALSE(constant_time_equal("", "x"));
}

// A self-signed certificate, made for this test.
constexpr std::string_view kCertificate = R"(-----BEGIN CERTIFICATE-----
MIIBbzCCARWgAwIBAgIUCOGVyRfHWfwlinC2ZjWz5uR8UpUwCgYIKoZIzj0EAwIw
DTELMAkGA1UEAwwCY2EwHhcNMjYxMTI2MjIwMzE3WhcNMjYxMTI4MjIwMzE3WjAN
MQswCQYDVQQDDAJjYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABD2sEGMFukpj
OHbnHfXcOuFn1L8wytimr+yMpxI20I8v5KPctnieVsEZXEdCkIZrpqw71eDcoR47
eDmk7dUZbqqjUzBRMB0GA1UdDgQWBBQJZaVy/yCSUFjm/wmOQF5QkViY+TAfBgNV
HSMEGDAWgBQJZaVy/yCSUFjm/wmOQF5QkViY+TAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0gAMEUCIEonLLl8hb1YGs4cA2cZQ1fdqxPbGMuvj60GAcQgqIcR
AiEAnElh4/DPs8XqSerr86pyL7Bb/3h4bCKPV6iY+8ogztI=
-----END CERTIFICATE-----
)";

TEST(Crypto, CertificatesOfAPemText) {
  const std::string one(kCertificate);
  EXPECT_EQ(*count_certificates(""), 0);
  EXPECT_EQ(*count_certificates("no certificate"), 0);
  EXPECT_EQ(*count_certificates(one), 1);
  EXPECT_EQ(*count_certificates("# an authority\n" + one + "\n# another\n" + one), 2);
  EXPECT_FALSE(count_certificates(one + one.substr(0, one.size() / 2)));
  std::string broken = one;
  broken.replace(28, 8, "AAAAAAAA");  // its length
  const Result<int> counted = count_certificates(one + broken);
  ASSERT_FALSE(counted);
  EXPECT_EQ(counted.error().code, "invalid_certificate");
  EXPECT_NE(counted.error().message.find("certificate 2"), std::string::npos);
}

}  // namespace
}  // namespace pilot::crypto
