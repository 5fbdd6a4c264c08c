// Reading the rows of OAuth connections, for both drivers (as read_rows.h).
#pragma once

#include "store/oauth_store.h"
#include "store/sql_text.h"

namespace pilot::store {

// The columns that the readers below expect, in their order.
inline constexpr SqlText kOAuthStateColumns =
    "user_id, state_sha256, provider, connection, return_to, browser_sha256, verifier, key_id,"
    " created_at, expires_at";
inline constexpr SqlText kConnectionStateColumns =
    "provider, connection, needs_reauth_at, reason, scopes";

template <class Row>
OAuthState read_oauth_state(Row& row) {
  OAuthState out;
  out.user = {row.text()};
  out.state_sha256 = row.text();
  out.provider = row.text();
  out.connection = row.text();
  out.return_to = row.text();
  out.browser_sha256 = row.text();
  out.verifier = row.text();
  out.key_id = row.text();
  out.created_at = row.time();
  out.expires_at = row.time();
  return out;
}

template <class Row>
ConnectionState read_connection_state(Row& row) {
  ConnectionState out;
  out.provider = row.text();
  out.connection = row.text();
  out.needs_reauth_at = row.maybe_time();
  out.reason = row.text();
  out.scopes = row.text();
  return out;
}

// Of provider_credentials c: access tokens of grants that can be renewed.
inline constexpr SqlText kRenewable =
    "c.type = 'access_token' AND EXISTS (SELECT 1 FROM provider_credentials r"
    " WHERE r.user_id = c.user_id AND r.provider = c.provider AND r.connection = c.connection"
    " AND r.type = 'refresh_token') AND NOT EXISTS (SELECT 1 FROM connection_states s"
    " WHERE s.user_id = c.user_id AND s.provider = c.provider AND s.connection = c.connection"
    " AND s.needs_reauth_at IS NOT NULL)";
inline constexpr SqlText kConnectionKeyColumns = "c.user_id, c.provider, c.connection";

template <class Row>
ConnectionKey read_connection_key(Row& row) {
  ConnectionKey out;
  out.user = {row.text()};
  out.provider = row.text();
  out.connection = row.text();
  return out;
}

// The state of a connection that has no row: one that says nothing.
inline ConnectionState state_or_none(std::vector<ConnectionState> found, const ConnectionKey& key) {
  if (!found.empty()) return std::move(found.front());
  ConnectionState none;
  none.provider = key.provider;
  none.connection = key.connection;
  return none;
}

}  // namespace pilot::store
