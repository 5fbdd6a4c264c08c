#include "providers/data/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/crypto.h"

namespace pilot::providers::data {
namespace {

// Digits with leading and trailing zeros taken off, and the power of ten of the last one.
struct Decimal {
  bool negative = false;
  std::string digits;
  int exponent = 0;
  bool operator==(const Decimal&) const = default;
};

std::optional<Decimal> parse_decimal(std::string_view text) {
  Decimal out;
  if (text.starts_with('-') || text.starts_with('+')) {
    out.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  bool point = false;
  std::size_t i = 0;
  for (; i < text.size() && text[i] != 'e' && text[i] != 'E'; ++i) {
    if (text[i] == '.' && !point) {
      point = true;
    } else if (text[i] >= '0' && text[i] <= '9') {
      out.digits += text[i];
      if (point) --out.exponent;
    } else {
      return std::nullopt;
    }
  }
  if (out.digits.empty()) return std::nullopt;
  if (i < text.size()) {
    std::string_view rest = text.substr(i + 1);
    if (rest.starts_with('+')) rest.remove_prefix(1);
    int exponent = 0;
    const auto [end, error] = std::from_chars(rest.begin(), rest.end(), exponent);
    if (error != std::errc{} || end != rest.end()) return std::nullopt;
    out.exponent += exponent;
  }
  while (!out.digits.empty() && out.digits.back() == '0') {
    out.digits.pop_back();
    ++out.exponent;
  }
  out.digits.erase(0, out.digits.find_first_not_of('0'));
  if (out.digits.empty()) return Decimal{};
  return out;
}

bool is_date(std::string_view text) {
  return text.size() >= 10 && text[4] == '-' && text[7] == '-' &&
         std::ranges::all_of(text.substr(0, 4), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void Rows::set_columns(const std::vector<std::string>& names) {
  columns_.clear();
  for (const std::string& name : names) {
    std::string unique = name;
    for (int n = 2; std::ranges::find(columns_, unique) != columns_.end(); ++n) {
      unique = fmt::format("{}_{}", name, n);
    }
    bytes_ += unique.size() + 4;
    columns_.push_back(std::move(unique));
  }
}

Error too_many_bytes() {
  return too_large("output_too_large",
                   fmt::format("the result has more than {} bytes, which is the limit of a step's "
                               "output; ask for fewer rows or columns",
                               limits::kStepOutput));
}

Status Rows::add(std::vector<Json> values) {
  if (rows_.size() >= limits::kQueryRows) {
    return too_large("output_too_large",
                     fmt::format("the result has more than {} rows, which is the limit; ask for "
                                 "fewer with LIMIT, or in pages",
                                 limits::kQueryRows));
  }
  JsonObject row;
  for (std::size_t i = 0; i < values.size() && i < columns_.size(); ++i) {
    row[columns_[i]] = std::move(values[i]);
  }
  rows_.emplace_back(std::move(row));
  bytes_ += json_size(rows_.back()) + 1;
  if (bytes_ > limits::kStepOutput) return too_many_bytes();
  return ok();
}

Json Rows::take(std::int64_t count) {
  JsonArray columns;
  for (const std::string& name : columns_) columns.emplace_back(name);
  return JsonObject{
      {"rows", std::move(rows_)}, {"columns", std::move(columns)}, {"row_count", count}};
}

Json number_or_text(std::string_view text) {
  std::int64_t integer = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), integer);
  if (error == std::errc{} && end == text.end()) return integer;
  double number = 0;
  const auto [stop, wrong] = std::from_chars(text.begin(), text.end(), number);
  if (wrong != std::errc{} || stop != text.end()) return Json(text);
  const auto exact = parse_decimal(text);
  if (!exact || exact != parse_decimal(fmt::format("{}", number))) return Json(text);
  return number;
}

std::string timestamp_text(std::string_view text, std::string_view zone) {
  if (!is_date(text) || text.size() < 19 || text.ends_with("BC")) return std::string(text);
  std::string out(text);
  out[10] = 'T';
  const std::size_t sign = out.find_first_of("+-", 19);
  if (sign == std::string::npos) return out + std::string(zone);
  if (out.substr(sign) == "+00" || out.substr(sign) == "+00:00") return out.substr(0, sign) + "Z";
  if (out.size() == sign + 3) out += ":00";
  return out;
}

Json text_or_base64(std::string_view bytes) {
  return is_valid_utf8(bytes) ? Json(bytes) : Json(crypto::base64(bytes));
}

}  // namespace pilot::providers::data
