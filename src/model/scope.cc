#include "model/scope.h"

namespace pilot {
namespace {

constexpr std::array<std::string_view, kAllScopes.size()> kNames{"read",        "run",   "write",
                                                                 "credentials", "admin", "act-as"};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

}  // namespace

std::string_view to_string(Scope scope) { return kNames[static_cast<std::size_t>(scope)]; }

std::optional<Scope> scope_from(std::string_view text) {
  for (const Scope scope : kAllScopes) {
    if (to_string(scope) == text) return scope;
  }
  return std::nullopt;
}

std::string to_string(Scopes scopes) {
  std::string out;
  for (const Scope scope : kAllScopes) {
    if (!scopes.has(scope)) continue;
    if (!out.empty()) out += ',';
    out += to_string(scope);
  }
  return out;
}

Result<Scopes> parse_scopes(std::string_view text) {
  Scopes out;
  while (true) {
    const std::size_t comma = text.find(',');
    const auto scope = scope_from(trimmed(text.substr(0, comma)));
    if (!scope) {
      return invalid("invalid_value",
                     "a scope is one of read, run, write, credentials, admin, act-as", "/scopes");
    }
    out.add(*scope);
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace pilot
