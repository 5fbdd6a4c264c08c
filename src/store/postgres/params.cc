#include "store/postgres/params.h"

#include <algorithm>

namespace pilot::store::postgres {
namespace {

// PostgreSQL counts microseconds from 2000-01-01 UTC.
constexpr std::int64_t kEpochMicros = 946'684'800'000'000;
constexpr unsigned kBytea = 17;
constexpr unsigned kJsonb = 3802;
constexpr char kJsonbVersion = 1;

template <class Int>
void append_big_endian(std::string& out, Int value) {
  const auto bits = static_cast<std::make_unsigned_t<Int>>(value);
  for (int shift = 8 * (sizeof(Int) - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>((bits >> shift) & 0xff));
  }
}

template <class Int>
std::string big_endian(Int value) {
  std::string out;
  append_big_endian(out, value);
  return out;
}

std::int64_t pg_micros(WallTime at) { return to_unix_micros(at) - kEpochMicros; }

unsigned array_of(Type type) {
  switch (type) {
    case Type::boolean:
      return 1000;
    case Type::int8:
      return 1016;
    case Type::int4:
      return 1007;
    case Type::text:
      return 1009;
    case Type::json:
      return 199;
    case Type::timestamptz:
      return 1185;
  }
  return 0;
}

}  // namespace

Column::Column(Type type) : type_(type) {}

void Column::length(std::size_t bytes) {
  append_big_endian(elements_, static_cast<std::int32_t>(bytes));
  ++size_;
}

void Column::text(std::string_view value) {
  if (value.find('\0') == std::string_view::npos) {
    length(value.size());
    elements_ += value;
    return;
  }
  std::string clean;
  for (const char c : value) {
    if (c == '\0') {
      clean += "\xEF\xBF\xBD";
    } else {
      clean += c;
    }
  }
  length(clean.size());
  elements_ += clean;
}

void Column::integer(std::int64_t value) {
  length(8);
  append_big_endian(elements_, value);
}

void Column::small(int value) {
  length(4);
  append_big_endian(elements_, static_cast<std::int32_t>(value));
}

void Column::maybe_small(std::optional<int> value) {
  if (value) return small(*value);
  null();
}

void Column::boolean(bool value) {
  length(1);
  elements_.push_back(value ? 1 : 0);
}

void Column::time(WallTime value) { integer(pg_micros(value)); }

void Column::maybe_time(std::optional<WallTime> value) {
  if (value) return time(*value);
  null();
}

void Column::json(const Json& value) {
  if (value.is_null()) return null();
  const std::size_t at = elements_.size();
  length(0);
  append_json(elements_, value);
  const std::string size = big_endian(static_cast<std::int32_t>(elements_.size() - at - 4));
  std::copy(size.begin(), size.end(), elements_.begin() + static_cast<std::ptrdiff_t>(at));
}

void Column::null() {
  append_big_endian(elements_, std::int32_t{-1});
  ++size_;
  has_null_ = true;
}

std::string Column::bytes() const {
  std::string out;
  out.reserve(elements_.size() + 20);
  append_big_endian(out, std::int32_t{size_ == 0 ? 0 : 1});  // dimensions
  append_big_endian(out, std::int32_t{has_null_ ? 1 : 0});
  append_big_endian(out, static_cast<std::uint32_t>(type_));
  if (size_ == 0) return out;
  append_big_endian(out, size_);
  append_big_endian(out, std::int32_t{1});  // the first index
  return out + elements_;
}

Params& Params::put(unsigned type, std::string_view bytes) {
  slots_.push_back({bytes_.size(), static_cast<int>(bytes.size()), false});
  types_.push_back(type);
  bytes_ += bytes;
  return *this;
}

Params& Params::put_null(unsigned type) {
  slots_.push_back({0, 0, true});
  types_.push_back(type);
  return *this;
}

Params& Params::text(std::string_view value) {
  return put(static_cast<unsigned>(Type::text), value);
}
Params& Params::integer(std::int64_t value) {
  return put(static_cast<unsigned>(Type::int8), big_endian(value));
}
Params& Params::maybe_integer(std::optional<std::int64_t> value) {
  return value ? integer(*value) : put_null(static_cast<unsigned>(Type::int8));
}
Params& Params::small(int value) {
  return put(static_cast<unsigned>(Type::int4), big_endian(static_cast<std::int32_t>(value)));
}
Params& Params::boolean(bool value) {
  return put(static_cast<unsigned>(Type::boolean), std::string(1, value ? '\1' : '\0'));
}
Params& Params::time(WallTime value) {
  return put(static_cast<unsigned>(Type::timestamptz), big_endian(pg_micros(value)));
}
Params& Params::maybe_time(std::optional<WallTime> value) {
  return value ? time(*value) : put_null(static_cast<unsigned>(Type::timestamptz));
}
Params& Params::json(const Json& value) {
  if (value.is_null()) return put_null(static_cast<unsigned>(Type::json));
  return put(static_cast<unsigned>(Type::json), to_json(value));
}
Params& Params::jsonb(const Json& value) {
  if (value.is_null()) return put_null(kJsonb);
  return put(kJsonb, kJsonbVersion + to_json(value));
}

Params& Params::maybe_text(const std::optional<std::string>& value) {
  return value ? text(*value) : put_null(static_cast<unsigned>(Type::text));
}
Params& Params::maybe_boolean(std::optional<bool> value) {
  return value ? boolean(*value) : put_null(static_cast<unsigned>(Type::boolean));
}
Params& Params::bytes_of(std::string_view value) { return put(kBytea, value); }

Params& Params::texts(std::span<const std::string> values) {
  Column all(Type::text);
  for (const std::string& value : values) all.text(value);
  return column(all);
}

Params& Params::column(const Column& column) {
  return put(array_of(column.type()), column.bytes());
}

std::vector<const char*> Params::values() const {
  std::vector<const char*> all;
  all.reserve(slots_.size());
  for (const Slot& slot : slots_) all.push_back(slot.null ? nullptr : bytes_.data() + slot.begin);
  return all;
}

std::vector<int> Params::lengths() const {
  std::vector<int> all;
  all.reserve(slots_.size());
  for (const Slot& slot : slots_) all.push_back(slot.length);
  return all;
}

}  // namespace pilot::store::postgres
