// The key ring, for the operator: which keys there are and who needs them, rotation page by page,
// and taking a key out. Only ids of keys are ever answered.
//
// Rotation keeps no state here: each call seals one page anew and answers a cursor, and the caller
// comes again with it. So a caller or a server that dies half-way leaves nothing to tidy up.
#include "api/body.h"
#include "api/problem.h"
#include "api/services.h"
#include "base/blocking_pool.h"
#include "base/crypto.h"
#include "engine/key_rotation.h"

namespace pilot::api {
namespace {

std::optional<Response> refuse_others(const Request& request) {
  if (request.caller.is_operator()) return std::nullopt;
  return problem(Error{ErrorKind::permission_denied,
                       "not_operator",
                       "the key ring is for whoever runs this server: use the command line there",
                       {}});
}

std::string cursor_of(const store::CredentialKey& key) {
  return crypto::base64url(to_json(
      JsonArray{text(key.user.text), text(key.provider), text(key.connection), text(key.type)}));
}

Result<store::CredentialKey> read_cursor(const std::string& cursor) {
  const Error wrong = invalid("invalid_cursor", "this is no cursor of a rotation", "/cursor");
  const Result<std::string> decoded = crypto::decode_base64url(cursor);
  if (!decoded) return wrong;
  const Result<Json> parts = parse_json(*decoded);
  if (!parts || !parts->is_array() || parts->get_array().size() != 4) return wrong;
  for (const Json& part : parts->get_array()) {
    if (!part.is_string()) return wrong;
  }
  const auto at = [&](std::size_t i) {
    return std::string(as_view(parts->get_array()[i].get_string()));
  };
  return store::CredentialKey{{at(0)}, at(1), at(2), at(3)};
}

awaitable<Response> list(ApiPtr api, Request& request) {
  if (auto refusal = refuse_others(request)) co_return std::move(*refusal);
  const auto uses = co_await api->services.store.key_usage();
  if (!uses) co_return problem(uses.error());
  const auto ring = api->services.keys.ring();
  const auto rows_of = [&](std::string_view id) {
    for (const store::KeyUse& use : *uses) {
      if (use.key_id == id) return use.rows;
    }
    return std::int64_t{0};
  };
  JsonArray keys;
  for (const vault::KeyRing::Entry& entry : ring->keys()) {
    keys.push_back(JsonObject{{"id", text(entry.id)},
                              {"first", &entry == &ring->first()},
                              {"created_at", time_or_null(entry.made)},
                              {"rows", rows_of(entry.id)}});
  }
  JsonArray missing;
  for (const store::KeyUse& use : *uses) {
    if (use.key_id.empty() || ring->find(use.key_id) != nullptr) continue;
    missing.push_back(JsonObject{{"id", text(use.key_id)}, {"rows", use.rows}});
  }
  const vault::KeySource& source = api->services.keys.source();
  co_return json_response(JsonObject{{"source", text(source.is_file() ? "file" : "environment")},
                                     {"variable", text_or_null(source.variable)},
                                     {"keys", std::move(keys)},
                                     {"missing", std::move(missing)},
                                     {"rows_without_key_id", rows_of("")}});
}

// On a thread of its own: changing the file waits for the disk, and happens once in a year.
awaitable<Result<std::string>> add_key(vault::KeyHolder& keys, WallTime now) {
  BlockingPool pool("pilot-keys", 1);
  co_return co_await pool.run([&keys, now] { return keys.add_key(now, *make_system_random()); });
}

awaitable<Status> drop_key(vault::KeyHolder& keys, std::string id) {
  BlockingPool pool("pilot-keys", 1);
  co_return co_await pool.run([&keys, id = std::move(id)] { return keys.drop_key(id); });
}

struct Rotation {
  bool add = true;             // a new key first; not when going on, nor with a cursor
  store::CredentialKey after;  // where to go on
};

Result<Rotation> read_rotation(Request& request) {
  const Result<JsonObject> body = read_optional_object(request);
  if (!body) return body.error();
  if (Status known = refuse_unknown(*body, {"cursor", "continue"}); !known) return known.error();
  Rotation out;
  const Result<std::string> cursor = text_member(*body, "cursor");
  if (!cursor) return cursor.error();
  if (!cursor->empty()) {
    Result<store::CredentialKey> after = read_cursor(*cursor);
    if (!after) return after.error();
    return Rotation{false, std::move(*after)};
  }
  if (const Json* go_on = find(*body, "continue"); go_on != nullptr) {
    if (!go_on->is_bool())
      return invalid("wrong_type", "\"continue\" must be a boolean", "/continue");
    out.add = !go_on->get_bool();
  }
  return out;
}

awaitable<Response> rotate(ApiPtr api, Request& request) {
  if (auto refusal = refuse_others(request)) co_return std::move(*refusal);
  Result<Rotation> rotation = read_rotation(request);
  if (!rotation) co_return problem(rotation.error());
  Services& services = api->services;
  const WallTime now = services.clock.now();
  const bool add = rotation->add && services.keys.source().is_file();
  if (add) {
    const Result<std::string> added = co_await add_key(services.keys, now);
    if (!added) co_return problem(added.error());
    services.log.info("key ring: {} is the new first key", *added);
  }
  const auto page = co_await engine::reseal_page(
      services.store, services.keys, std::move(rotation->after), now, api->random(request));
  if (!page) co_return problem(page.error());
  co_return json_response(
      JsonObject{{"key_id", text(services.keys.ring()->first().id)},
                 {"added", add},
                 {"seen", page->seen},
                 {"changed", page->changed},
                 {"unreadable", page->unreadable},
                 {"next_cursor", page->next ? text(cursor_of(*page->next)) : Json()}});
}

awaitable<Response> drop(ApiPtr api, Request& request) {
  if (auto refusal = refuse_others(request)) co_return std::move(*refusal);
  Services& services = api->services;
  const std::string id = request.param("id");
  const auto rows = co_await engine::rows_that_need(services.store, services.keys, id);
  if (!rows) co_return problem(rows.error());
  if (*rows > 0) {
    co_return problem(conflict(
        "key_in_use", fmt::format("{} stored credentials need key {}; seal them anew first: pilot "
                                  "keyring rotate --continue",
                                  *rows, utf8_prefix_characters(id, 20))));
  }
  const Status dropped = co_await drop_key(services.keys, id);
  if (!dropped) co_return problem(dropped.error());
  services.log.info("key ring: {} was taken out", id);
  co_return json_response(JsonObject{{"success", true}, {"dropped", text(id)}});
}

}  // namespace

void register_keyring(Router& router, const ApiPtr& api) {
  router.add({Method::get, "/api/keyring", Scope::admin, "get_keyring",
              "Ids of the keys that seal credentials, and how many rows need each; operator only"},
             [api](Request& request) { return list(api, request); });
  router.add({Method::post, "/api/keyring/rotate", Scope::admin, "rotate_keyring",
              "A new first key, and a page of credentials sealed with it; operator only"},
             [api](Request& request) { return rotate(api, request); });
  router.add({Method::del, "/api/keyring/{id}", Scope::admin, "drop_key",
              "Take a key out that no row needs; operator only"},
             [api](Request& request) { return drop(api, request); });
}

}  // namespace pilot::api
