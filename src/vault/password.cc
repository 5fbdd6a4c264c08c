#include "vault/password.h"

#include <argon2.h>

#include <array>

#include "base/json.h"

namespace pilot::vault {
namespace {

constexpr std::uint32_t kMemoryKib = 19 * 1024;
constexpr std::uint32_t kPasses = 2;
constexpr std::uint32_t kLanes = 1;
constexpr std::size_t kSalt = 16;
constexpr std::size_t kHash = 32;

// What is checked when there is nothing to check against: a hash of nobody's password, with the
// parameters of the others, so that it takes as long.
constexpr char kNobody[] =
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdC4uLg$"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

using Salt = std::array<std::byte, kSalt>;

Result<std::string> hash_now(const Secret& password, const Salt& salt) {
  const std::string_view text = password.reveal();
  std::string encoded(argon2_encodedlen(kPasses, kMemoryKib, kLanes, kSalt, kHash, Argon2_id),
                      '\0');
  const int done =
      argon2id_hash_encoded(kPasses, kMemoryKib, kLanes, text.data(), text.size(), salt.data(),
                            salt.size(), kHash, encoded.data(), encoded.size());
  if (done == ARGON2_MEMORY_ALLOCATION_ERROR) {
    return unavailable("out_of_memory", "there is no memory to hash a password; try again");
  }
  if (done != ARGON2_OK) {
    return internal_error(std::string("argon2id: ") + argon2_error_message(done));
  }
  encoded.resize(encoded.find('\0'));
  return encoded;
}

Result<bool> verify_now(const Secret& password, const std::string& encoded) {
  const bool known = encoded.starts_with("$argon2id$");
  const std::string_view text = password.reveal();
  const int same = argon2id_verify(known ? encoded.c_str() : kNobody, text.data(), text.size());
  if (same == ARGON2_MEMORY_ALLOCATION_ERROR) {
    return unavailable("out_of_memory", "there is no memory to check a password; try again");
  }
  return known && same == ARGON2_OK;
}

// Counts a caller out again, however its coroutine ends.
class Place {
 public:
  explicit Place(std::atomic<std::size_t>& inside) : inside_(inside) {}
  ~Place() { --inside_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  std::atomic<std::size_t>& inside_;
};

}  // namespace

PasswordHasher::PasswordHasher(unsigned threads, std::size_t waiting)
    : most_(waiting + std::max(1u, threads)), pool_("password", threads) {}

Status PasswordHasher::enter() {
  if (++inside_ <= most_) return ok();
  --inside_;
  return Error{ErrorKind::rate_limited, "too_many_sign_ins",
               "too many people are signing in at once; try again soon", "",
               std::chrono::seconds{1}};
}

boost::asio::awaitable<Result<std::string>> PasswordHasher::hash(Secret password, Random& random) {
  if (Status entered = enter(); !entered) co_return entered.error();
  const Place place(inside_);
  if (Status fit = check_password(password.reveal()); !fit) co_return fit.error();
  Salt salt;
  random.fill(salt);
  // Shared, because the pool's work must be copyable and a Secret is not.
  auto shared = std::make_shared<const Secret>(std::move(password));
  co_return co_await pool_.run(
      [shared = std::move(shared), salt] { return hash_now(*shared, salt); });
}

boost::asio::awaitable<Result<bool>> PasswordHasher::verify(Secret password, std::string encoded) {
  if (Status entered = enter(); !entered) co_return entered.error();
  const Place place(inside_);
  if (password.reveal().size() > limits::kPasswordBytes) co_return false;
  auto shared = std::make_shared<const Secret>(std::move(password));
  co_return co_await pool_.run([shared = std::move(shared), encoded = std::move(encoded)] {
    return verify_now(*shared, encoded);
  });
}

Status check_password(std::string_view password) {
  if (password.size() > limits::kPasswordBytes) {
    return invalid("invalid_password",
                   fmt::format("a password may have {} bytes", limits::kPasswordBytes),
                   "/password");
  }
  if (!is_valid_utf8(password) || password.find('\0') != std::string_view::npos) {
    return invalid("invalid_password", "a password must be UTF-8 text without NUL", "/password");
  }
  if (utf8_prefix_characters(password, limits::kPasswordLeast - 1).size() == password.size()) {
    return invalid("invalid_password",
                   fmt::format("a password has {} characters or more", limits::kPasswordLeast),
                   "/password");
  }
  return ok();
}

}  // namespace pilot::vault
