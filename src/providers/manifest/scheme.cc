#include "providers/manifest/scheme.h"

#include <algorithm>

#include "providers/http_call.h"

namespace pilot::providers::manifest {

std::optional<std::string_view> Fields::find(std::string_view name) const {
  if (const auto value = connection_.value(name)) return value;
  const auto field = spec_.fields.find(name);
  if (field == spec_.fields.end() || !field->second.fallback) return std::nullopt;
  return std::string_view(*field->second.fallback);
}

Result<std::string_view> Fields::get(std::string_view name) const {
  const auto value = find(name);
  if (!value) return missing_credentials(spec_.id, name);
  const auto field = spec_.fields.find(name);
  if (field == spec_.fields.end() || !field->second.allowed) return *value;
  if (field->second.allowed->check(Json(*value), "", 1).empty()) return *value;
  return invalid("invalid_connection",
                 fmt::format("the connection's {} {}; set it with `pilot "
                             "credentials set {} {}`",
                             name, field->second.allowed_text, spec_.id, name));
}

Result<std::string> Fields::fill(const Text& text) const {
  return text.render([&](const Text::Piece& piece) -> Result<std::string> {
    const Result<std::string_view> value = get(piece.text);
    if (!value) return value.error();
    return std::string(*value);
  });
}

bool Scheme::fits(const Fields& fields) const {
  return std::ranges::all_of(
      needs_, [&](const std::string& name) { return fields.find(name).has_value(); });
}

Result<const Scheme*> choose(const Manner& manner, const ProviderSpec& spec, const Fields& fields) {
  if (manner.schemes.empty()) return nullptr;
  for (const auto& scheme : manner.schemes) {
    if (scheme->fits(fields)) return scheme.get();
  }
  const auto& wanted = manner.schemes.front()->needs();
  const auto missing = std::ranges::find_if(
      wanted, [&](const std::string& name) { return !fields.find(name).has_value(); });
  Error error = missing_credentials(spec.id, *missing);
  for (std::size_t i = 1; i < manner.schemes.size(); ++i) {
    error.message += fmt::format("{} {}", i == 1 ? "; or instead" : " or",
                                 fmt::join(manner.schemes[i]->needs(), " and "));
  }
  return error;
}

void put_header(std::vector<http::Header>& headers, std::string_view name, std::string value,
                bool sensitive) {
  const auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  std::erase_if(headers, [&](const http::Header& h) {
    return std::ranges::equal(h.name, name, {}, low, low);
  });
  headers.push_back({std::string(name), std::move(value), sensitive});
}

}  // namespace pilot::providers::manifest
