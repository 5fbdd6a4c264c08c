#include "base/sign.h"

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>

#include <array>
#include <memory>

#include "base/assert.h"
#include "base/crypto.h"

namespace pilot::crypto {
namespace {

const EVP_MD* md_of(Hash hash) {
  switch (hash) {
    case Hash::md5:
      return EVP_md5();
    case Hash::sha1:
      return EVP_sha1();
    case Hash::sha256:
      return EVP_sha256();
    case Hash::sha384:
      return EVP_sha384();
    case Hash::sha512:
      return EVP_sha512();
  }
  return EVP_sha256();
}

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Context = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using EcSignature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;

// Never asks for a pass phrase on the terminal.
int no_phrase(char*, int, int, void*) { return -1; }

Key read_key(std::string_view pem) {
  // Keys come with their line ends written as \n when they were copied out of a JSON file.
  std::string text(pem);
  for (std::size_t at; (at = text.find("\\n")) != std::string::npos;) text.replace(at, 2, "\n");
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (!bio) return nullptr;
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_phrase, nullptr));
  OPENSSL_cleanse(text.data(), text.size());
  return key;
}

// DER {r, s} as the two numbers of fixed length (RFC 7518 3.4).
std::string bare_ec(const std::string& der, int bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const EcSignature parsed(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  if (!parsed) return {};
  std::string out(static_cast<std::size_t>(bytes) * 2, '\0');
  auto* to = reinterpret_cast<unsigned char*>(out.data());
  if (BN_bn2binpad(ECDSA_SIG_get0_r(parsed.get()), to, bytes) < 0) return {};
  if (BN_bn2binpad(ECDSA_SIG_get0_s(parsed.get()), to + bytes, bytes) < 0) return {};
  return out;
}

Result<std::string> sign_with_key(Hash hash, bool ec, std::string_view pem, std::string_view data) {
  const auto bad = [](std::string_view why) {
    return invalid("invalid_key", fmt::format("the private key {}", why));
  };
  const Key key = read_key(pem);
  if (!key) return bad("is no PEM (-----BEGIN PRIVATE KEY-----), or is locked by a pass phrase");
  if (EVP_PKEY_get_base_id(key.get()) != (ec ? EVP_PKEY_EC : EVP_PKEY_RSA)) {
    return bad(ec ? "is not for elliptic curves, as ES256 wants it"
                  : "is not for RSA, as RS256 wants it");
  }
  const Context context(EVP_MD_CTX_new());
  std::size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
  if (!context ||
      EVP_DigestSignInit(context.get(), nullptr, md_of(hash), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, data.size()) != 1) {
    return bad("cannot sign");
  }
  std::string out(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes,
                     data.size()) != 1) {
    return bad("cannot sign");
  }
  out.resize(size);
  if (ec) out = bare_ec(out, (EVP_PKEY_get_bits(key.get()) + 7) / 8);
  if (out.empty()) return bad("cannot sign");
  return out;
}

}  // namespace

std::optional<Hash> hash_named(std::string_view name) {
  if (name == "md5") return Hash::md5;
  if (name == "sha1") return Hash::sha1;
  if (name == "sha256") return Hash::sha256;
  if (name == "sha384") return Hash::sha384;
  if (name == "sha512") return Hash::sha512;
  return std::nullopt;
}

std::string digest(Hash hash, std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  const int done = EVP_Digest(data.data(), data.size(), out.data(), &size, md_of(hash), nullptr);
  PILOT_ASSERT(done == 1);
  return {reinterpret_cast<const char*>(out.data()), size};
}

std::string hmac(Hash hash, std::string_view key, std::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(data.data());
  const unsigned char* done = HMAC(md_of(hash), key.data(), static_cast<int>(key.size()), bytes,
                                   data.size(), out.data(), &size);
  PILOT_ASSERT(done != nullptr);
  return {reinterpret_cast<const char*>(out.data()), size};
}

Result<std::string> sign_jws(std::string_view alg, std::string_view key, std::string_view data) {
  const std::string_view bits = alg.size() == 5 ? alg.substr(2) : std::string_view{};
  const std::optional<Hash> hash = hash_named(fmt::format("sha{}", bits));
  if (hash && *hash != Hash::sha1 && *hash != Hash::md5) {
    if (alg.starts_with("HS")) return hmac(*hash, key, data);
    if (alg.starts_with("RS")) return sign_with_key(*hash, false, key, data);
    if (alg.starts_with("ES") && bits != "512") return sign_with_key(*hash, true, key, data);
  }
  return invalid("unsupported_alg", fmt::format("there is no signature \"{}\"; use one of HS256, "
                                                "HS384, HS512, RS256, RS384, RS512, ES256, ES384",
                                                alg));
}

std::string base64url_bare(std::string_view bytes) {
  std::string text = base64url(bytes);
  while (text.ends_with('=')) text.pop_back();
  return text;
}

}  // namespace pilot::crypto
