// What a key may do: the scopes and sets of them. Values; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pilot {

enum class Scope : std::uint8_t { read, run, write, credentials, admin, act_as };

inline constexpr std::array<Scope, 6> kAllScopes{Scope::read,        Scope::run,   Scope::write,
                                                 Scope::credentials, Scope::admin, Scope::act_as};

std::string_view to_string(Scope scope);  // "read" ... "act-as"
std::optional<Scope> scope_from(std::string_view text);

class Scopes {
 public:
  constexpr Scopes() = default;
  static constexpr Scopes all() { return Scopes{(1u << kAllScopes.size()) - 1}; }

  constexpr void add(Scope scope) { bits_ |= bit(scope); }
  constexpr bool has(Scope scope) const { return (bits_ & bit(scope)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  // Every one of these is in `other`, too.
  constexpr bool within(Scopes other) const { return (bits_ & ~other.bits_) == 0; }
  constexpr bool operator==(const Scopes&) const = default;

 private:
  constexpr explicit Scopes(unsigned bits) : bits_(bits) {}
  static constexpr unsigned bit(Scope scope) { return 1u << static_cast<unsigned>(scope); }
  unsigned bits_ = 0;
};

// "read,run", in the order of the enum; what the store holds and people type.
std::string to_string(Scopes scopes);
// Spaces around the commas are fine. Codes: invalid_value (an unknown one, or none at all).
Result<Scopes> parse_scopes(std::string_view text);

}  // namespace pilot
