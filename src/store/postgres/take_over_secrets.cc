#include "store/postgres/take_over_secrets.h"

#include <fmt/format.h>

namespace pilot::store::postgres {
namespace {

Error no_key_to_seal(std::size_t secrets) {
  return invalid("key_missing",
                 fmt::format("the old service kept {} secrets of custom integrations in clear (in "
                             "oauth_config, like client_secret), and there is no key to seal them "
                             "with. Give its key as PILOT_ENCRYPTION_KEY, or a new one if it had "
                             "none, here and to pilot serve. Nothing was changed",
                             secrets));
}

}  // namespace

// A credential of the same type that can be opened is what the old service used: it stays.
Status seal_secrets(Session& session, const TakeOverOptions& options) {
  constexpr char kPut[] =
      "INSERT INTO public.custom_integration_credentials (user_id, integration_id,"
      " credential_type, id, is_valid, created_at, updated_at, key_id, encrypted_value)"
      " VALUES ($1, $2, $3, gen_random_uuid()::text, true, $4, $4, $5, $6)"
      " ON CONFLICT (user_id, integration_id, credential_type) DO UPDATE SET is_valid = true,"
      " last_validated_at = NULL, updated_at = excluded.updated_at, key_id = excluded.key_id,"
      " encrypted_value = excluded.encrypted_value RETURNING id";
  if (Status role = session.execute("SET LOCAL ROLE pilot_system"); !role) return role;
  const auto secrets = session.rows(
      "SELECT s.user_id, s.integration_id, s.credential_type, s.updated_at, s.value,"
      " c.encrypted_value FROM old_service.clear_secrets s"
      " LEFT JOIN public.custom_integration_credentials c ON c.user_id = s.user_id"
      " AND c.integration_id = s.integration_id AND c.credential_type = s.credential_type");
  if (!secrets) return secrets.error();
  if (!secrets->empty() && !options.seal) return no_key_to_seal(secrets->size());
  for (const Session::Row& row : *secrets) {
    if (row[5] && options.can_open && options.can_open(*row[5])) continue;
    SealedText sealed = options.seal(row[4].value_or(""));
    const auto put = session.value(
        kPut, {row[0].value_or(""), row[1].value_or(""), row[2].value_or(""), row[3].value_or(""),
               std::move(sealed.key_id), std::move(sealed.token)});
    if (!put) return put.error();
  }
  return session.execute("SET LOCAL ROLE NONE");
}

}  // namespace pilot::store::postgres
