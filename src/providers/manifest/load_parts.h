// The parts of load.cc: what reads which keys of a manifest. Used while loading only.
#pragma once

#include "providers/manifest/reader.h"
#include "providers/manifest/scheme.h"
#include "providers/manifest/spec.h"
#include "providers/registry.h"

namespace pilot::providers::manifest {

// body, arrays, ok, fail, retry, page, timeout, max_response of a provider or an action.
void read_manner(const Map& map, Manner& manner);

// `fields`: settings and secrets that are declared.
void read_fields(const Map& map, ProviderSpec& spec);

// `auth`: one scheme or a list. Fields that schemes use and nobody declared become secrets of
// `spec` (settings where the scheme says so).
std::vector<SchemePtr> read_schemes(const Json& value, const std::string& pointer,
                                    ProviderSpec& spec, Faults& faults);
void declare_field(ProviderSpec& spec, std::string_view name, bool secret);
// Declares the fields that a text has.
void declare_fields(ProviderSpec& spec, const Text& text);

// rate, burst, concurrency; none: not said, or a fault.
std::optional<RateLimit> read_rate(const Map& map);

// {header|query|body: NAME}
std::optional<KeyPlace> read_key_place(const Map& map);

// `verify` of an action; null: it has none. That its action is there is checked afterwards.
std::shared_ptr<const Verify> read_verify(const Map& action);
void check_verifies(const Map& map, const Provider& provider);

// The action and its place in the registry; none with faults.
std::optional<Action> read_action(std::string_view name, const Json& value,
                                  const std::shared_ptr<ProviderSpec>& spec,
                                  const std::string& pointer, Faults& faults);
// The action `request` that every provider has.
Action free_action(const std::shared_ptr<const ProviderSpec>& spec);

// Every {{x}} must be a field by then.
void check_fields(const Text& text, const ProviderSpec& spec, const std::string& pointer,
                  Faults& faults);

// The functions of an action, ready for the registry.
HttpAction http_action(const ActionPtr& spec);

}  // namespace pilot::providers::manifest
