#include "store/postgres/rows.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <charconv>
#include <cstring>

namespace pilot::store::postgres {
namespace {

constexpr std::int64_t kEpochMicros = 946'684'800'000'000;  // 2000-01-01 UTC
constexpr Oid kJsonb = 3802;
// Documents are bounded when they are written, not when they are read.
constexpr JsonLimits kStoredJson{
    .max_bytes = std::size_t{1} << 30, .max_depth = 1'000, .max_keys = 100'000'000};
// jsonb has decimals of any length for numbers, and writes them out: 1e300 is a whole one of 301
// digits there.
constexpr JsonLimits kStoredJsonb{.max_bytes = kStoredJson.max_bytes,
                                  .max_depth = kStoredJson.max_depth,
                                  .max_keys = kStoredJson.max_keys,
                                  .lenient_numbers = true};

std::int64_t big_endian(std::string_view bytes) {
  std::uint64_t bits = bytes.empty() || (bytes.front() & 0x80) == 0 ? 0 : ~std::uint64_t{0};
  for (const char c : bytes) bits = (bits << 8) | static_cast<unsigned char>(c);
  return static_cast<std::int64_t>(bits);
}

}  // namespace

void Rows::Free::operator()(pg_result* result) const { PQclear(result); }

Rows::Rows(pg_result* result) : result_(result) {}

bool Rows::next() {
  if (result_ == nullptr || row_ + 1 >= PQntuples(result_.get())) return false;
  ++row_;
  column_ = 0;
  return true;
}

std::int64_t Rows::affected() const {
  std::int64_t count = 0;
  const std::string_view text = result_ ? PQcmdTuples(result_.get()) : "";
  std::from_chars(text.data(), text.data() + text.size(), count);
  return count;
}

std::optional<std::string_view> Rows::value() {
  const int column = column_++;
  if (column >= PQnfields(result_.get())) {
    unreadable();
    return std::nullopt;
  }
  if (PQgetisnull(result_.get(), row_, column) != 0) return std::nullopt;
  const auto length = static_cast<std::size_t>(PQgetlength(result_.get(), row_, column));
  bytes_ += length;
  return std::string_view(PQgetvalue(result_.get(), row_, column), length);
}

void Rows::unreadable() {
  if (!status_) return;
  status_ = internal_error(fmt::format("column {} of the answer cannot be read", column_));
}

std::string Rows::text() { return std::string(value().value_or(std::string_view{})); }

std::int64_t Rows::integer() { return maybe_integer().value_or(0); }

std::optional<std::int64_t> Rows::maybe_integer() {
  const auto bytes = value();
  if (!bytes) return std::nullopt;
  if (bytes->size() != 4 && bytes->size() != 8) unreadable();
  return big_endian(*bytes);
}

int Rows::small() { return static_cast<int>(integer()); }

bool Rows::boolean() {
  const auto bytes = value();
  return bytes && !bytes->empty() && bytes->front() != 0;
}

WallTime Rows::time() { return from_unix_micros(integer() + kEpochMicros); }

std::optional<WallTime> Rows::maybe_time() {
  const auto micros = maybe_integer();
  if (!micros) return std::nullopt;
  return from_unix_micros(*micros + kEpochMicros);
}

Json Rows::json() {
  const bool binary = PQftype(result_.get(), column_) == kJsonb;
  auto bytes = value();
  if (!bytes) return nullptr;
  if (binary) bytes->remove_prefix(1);  // its version
  Result<Json> parsed = parse_json(*bytes, binary ? kStoredJsonb : kStoredJson);
  if (parsed) return std::move(*parsed);
  if (status_) status_ = internal_error("a stored value is no JSON: " + parsed.error().message);
  return nullptr;
}

// Dimensions, flags, type, [size, first index], then each with its length.
std::vector<std::string> Rows::texts() {
  std::vector<std::string> all;
  auto bytes = value();
  if (!bytes || bytes->size() < 20) return all;
  const std::int64_t size = big_endian(bytes->substr(12, 4));
  bytes->remove_prefix(20);
  for (std::int64_t i = 0; i < size && bytes->size() >= 4; ++i) {
    const std::int64_t length = big_endian(bytes->substr(0, 4));
    bytes->remove_prefix(4);
    const auto taken = static_cast<std::size_t>(std::max<std::int64_t>(length, 0));
    all.emplace_back(bytes->substr(0, taken));
    bytes->remove_prefix(std::min(taken, bytes->size()));
  }
  return all;
}

}  // namespace pilot::store::postgres
