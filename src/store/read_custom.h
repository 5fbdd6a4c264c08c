// Reading the rows of custom integrations, for both drivers (as read_rows.h).
#pragma once

#include "store/custom_store.h"
#include "store/sql_text.h"

namespace pilot::store {

inline constexpr SqlText kCustomColumns =
    "user_id, id, name, display_name, description, auth_type, base_url, coalesce(auth_header, ''),"
    " auth_prefix IS NULL, coalesce(auth_prefix, ''), is_active, created_at, updated_at,"
    " created_by, updated_by, oauth_config, summary, manifest";
// For lists; behind them, in the driver's own words, only whether there is a manifest.
inline constexpr SqlText kListedCustomColumns =
    "user_id, id, name, display_name, description, auth_type, base_url, coalesce(auth_header, ''),"
    " auth_prefix IS NULL, coalesce(auth_prefix, ''), is_active, created_at, updated_at,"
    " created_by, updated_by, oauth_config, summary, ";
inline constexpr SqlText kCustomActionColumns =
    "id, action_id, action_name, description, http_method, endpoint, created_at, updated_at,"
    " parameters";
inline constexpr SqlText kCustomCredentialColumns =
    "user_id, integration_id, credential_type, encrypted_value, key_id, token_expires_at,"
    " created_at, updated_at, is_valid, last_validated_at";

// All columns but the last.
template <class Row>
CustomIntegration read_custom_head(Row& row) {
  CustomIntegration out;
  out.user = {row.text()};
  out.id = {row.text()};
  out.name = row.text();
  out.display_name = row.text();
  out.description = row.text();
  out.auth_type = row.text();
  out.base_url = row.text();
  out.auth_header = row.text();
  const bool usual_prefix = row.boolean();
  out.auth_prefix = row.text();
  if (usual_prefix) out.auth_prefix.reset();
  out.is_active = row.boolean();
  out.created_at = row.time();
  out.updated_at = row.time();
  out.created_by = row.text();
  out.updated_by = row.text();
  out.oauth_config = row.json();
  out.summary = row.json();
  return out;
}

template <class Row>
CustomIntegration read_custom_integration(Row& row) {
  CustomIntegration out = read_custom_head(row);
  out.manifest = row.json();
  return out;
}

template <class Row>
CustomIntegration read_listed_custom(Row& row) {
  CustomIntegration out = read_custom_head(row);
  if (row.boolean()) out.manifest = JsonObject{};
  return out;
}

template <class Row>
CustomAction read_custom_action(Row& row) {
  CustomAction out;
  out.id = row.text();
  out.action_id = row.text();
  out.action_name = row.text();
  out.description = row.text();
  out.http_method = row.text();
  out.endpoint = row.text();
  out.created_at = row.time();
  out.updated_at = row.time();
  out.parameters = row.json();
  return out;
}

template <class Row>
SealedCredential read_custom_credential(Row& row) {
  SealedCredential out;
  out.user = {row.text()};
  out.provider = kCustomCredential;
  out.connection = row.text();
  out.type = row.text();
  out.encrypted_value = row.text();
  out.key_id = row.text();
  out.expires_at = row.maybe_time();
  out.created_at = row.time();
  out.updated_at = row.time();
  out.valid = row.boolean();
  out.validated_at = row.maybe_time();
  return out;
}

inline Error no_integration(const CustomIntegrationId& id) {
  return not_found("there is no custom integration " + id.text);
}

// A key that is taken is the name: ids are made, not chosen.
inline Error name_taken(const Status& failed, const std::string& name) {
  if (failed.error().code != "duplicate_id") return failed.error();
  return conflict("name_taken", "there is already a custom integration \"" + name + "\"");
}

}  // namespace pilot::store
