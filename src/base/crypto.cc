#include "base/crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <stdexcept>

#include "base/assert.h"
#include "base/secret.h"

namespace pilot::crypto {
namespace {

// An OpenSSL call that can only fail when memory is out or the library is broken.
void must(bool fine, const char* what) {
  if (!fine) throw std::runtime_error(std::string("OpenSSL: ") + what + " failed");
}

// HMAC-SHA-256 without a key yet, to be copied: setting its digest costs ten times its work.
EVP_MAC_CTX* make_hmac_sha256() {
  EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  EVP_MAC_CTX* const context = EVP_MAC_CTX_new(hmac);
  EVP_MAC_free(hmac);  // the context holds it
  char name[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
                               OSSL_PARAM_construct_end()};
  must(context != nullptr && EVP_MAC_CTX_set_params(context, params) == 1, "fetching HMAC-SHA-256");
  return context;
}

// Fetched once: fetching costs more than hashing a short text. Immutable afterwards.
struct Algorithms {
  EVP_MD* sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MAC_CTX* hmac_sha256 = make_hmac_sha256();
  EVP_CIPHER* aes128_cbc = EVP_CIPHER_fetch(nullptr, "AES-128-CBC", nullptr);
  Algorithms() { must(sha256 && aes128_cbc, "fetching SHA-256 and AES-128-CBC"); }
  ~Algorithms() {
    EVP_MD_free(sha256);
    EVP_MAC_CTX_free(hmac_sha256);
    EVP_CIPHER_free(aes128_cbc);
  }
  Algorithms(const Algorithms&) = delete;
  Algorithms& operator=(const Algorithms&) = delete;
};
const Algorithms& algorithms() {
  static const Algorithms kAlgorithms;
  return kAlgorithms;
}

using MacContext = std::unique_ptr<EVP_MAC_CTX, decltype(&EVP_MAC_CTX_free)>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// One CBC pass; false when the padding is wrong (decryption only).
bool aes128_cbc(bool encrypt, std::string_view key, std::string_view iv, std::string_view in,
                std::string& out) {
  PILOT_ASSERT(key.size() == 16 && iv.size() == 16);
  PILOT_ASSERT(in.size() < (1u << 30));  // OpenSSL counts in int
  const CipherContext context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  must(context != nullptr, "EVP_CIPHER_CTX_new");
  must(EVP_CipherInit_ex2(context.get(), algorithms().aes128_cbc, bytes_of(key), bytes_of(iv),
                          encrypt ? 1 : 0, nullptr) == 1,
       "EVP_CipherInit_ex2");
  out.resize(in.size() + 16);
  int length = 0;
  int tail = 0;
  const bool fine = EVP_CipherUpdate(context.get(), bytes_of(out), &length, bytes_of(in),
                                     static_cast<int>(in.size())) == 1 &&
                    EVP_CipherFinal_ex(context.get(), bytes_of(out) + length, &tail) == 1;
  if (!fine) {
    wipe(out);
    return false;
  }
  out.resize(static_cast<std::size_t>(length + tail));
  return true;
}

}  // namespace

Sha256 sha256(std::string_view data) {
  Sha256 digest;
  must(EVP_Digest(data.data(), data.size(), digest.data(), nullptr, algorithms().sha256, nullptr) ==
           1,
       "SHA-256");
  return digest;
}

Sha256 hmac_sha256(std::string_view key, std::string_view data) {
  const MacContext context(EVP_MAC_CTX_dup(algorithms().hmac_sha256), &EVP_MAC_CTX_free);
  must(context != nullptr, "EVP_MAC_CTX_dup");
  // A null key would mean "the one from before".
  const unsigned char* key_bytes = bytes_of(key.empty() ? std::string_view("") : key);
  Sha256 digest;
  std::size_t written = 0;
  must(EVP_MAC_init(context.get(), key_bytes, key.size(), nullptr) == 1 &&
           EVP_MAC_update(context.get(), bytes_of(data), data.size()) == 1 &&
           EVP_MAC_final(context.get(), digest.data(), &written, digest.size()) == 1 &&
           written == digest.size(),
       "HMAC-SHA-256");
  return digest;
}

bool constant_time_equal(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string aes128_cbc_encrypt(std::string_view key, std::string_view iv, std::string_view text) {
  std::string out;
  must(aes128_cbc(true, key, iv, text, out), "AES-128-CBC");
  return out;
}

Result<std::string> aes128_cbc_decrypt(std::string_view key, std::string_view iv,
                                       std::string_view bytes) {
  std::string out;
  if (bytes.empty() || bytes.size() % 16 != 0 || !aes128_cbc(false, key, iv, bytes, out)) {
    return invalid("cannot_decrypt", "this was not encrypted with this key, or it was damaged");
  }
  return out;
}

Result<int> count_certificates(std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> in(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  must(in != nullptr, "reading from memory");
  int count = 0;
  ERR_clear_error();
  for (;;) {
    X509* one = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr);
    if (one == nullptr) break;
    X509_free(one);
    ++count;
  }
  // At its end OpenSSL finds no further beginning; anything else is a certificate that is broken.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (at_end) return count;
  return invalid("invalid_certificate",
                 "certificate " + std::to_string(count + 1) + " of it cannot be read");
}

}  // namespace pilot::crypto
