// pilot keys create|list|revoke.
#include <fmt/format.h>

#include "app/identity_commands.h"
#include "app/output.h"
#include "http/url.h"

namespace pilot::app {
namespace {

std::string joined(const Json* list) {
  std::string out;
  if (list == nullptr || !list->is_array()) return out;
  for (const Json& one : list->get_array()) {
    if (!one.is_string()) continue;
    out += (out.empty() ? "" : ",") + one_line(as_view(one.get_string()), 20);
  }
  return out;
}

std::string state_of(const Json& key) {
  if (const std::string revoked = field(key, "revoked_at"); !revoked.empty()) return "revoked";
  const std::string expires = field(key, "expires_at");
  return expires.empty() ? "valid" : "until " + expires;
}

}  // namespace

int keys_create(const GlobalOptions& global, const IdentityCommandOptions& options) {
  JsonObject body{{"name", options.name}, {"scopes", options.scopes}};
  if (!options.expires.empty()) body["expires_in"] = options.expires;
  return with_session(global, [&](Session& session) {
    const Result<Json> answer = session.client().expect("POST", "/api/keys", Json(body));
    if (!answer) return refuse(answer.error());
    if (global.json) {
      print_json(*answer);
      return kExitOk;
    }
    // Alone on stdout, so that a script can take it.
    print_line(field(*answer, "key"));
    fmt::print(stderr,
               "This is the only time that the key of {} is shown. Send it as: Authorization: "
               "Bearer {}...\n",
               field(*answer, "user"), field(*answer, "prefix"));
    return kExitOk;
  });
}

int keys_list(const GlobalOptions& global, const IdentityCommandOptions& options) {
  return with_session(global, [&](Session& session) {
    const Result<Json> answer =
        session.client().expect("GET", fmt::format("/api/keys?limit={}", options.limit));
    if (!answer) return refuse(answer.error());
    const Json* keys = find(*answer, "keys");
    if (global.json || keys == nullptr || !keys->is_array()) {
      print_json(keys != nullptr ? *keys : *answer);
      return kExitOk;
    }
    std::vector<std::vector<std::string>> rows{
        {"ID", "PREFIX", "NAME", "SCOPES", "STATE", "LAST USED"}};
    for (const Json& key : keys->get_array()) {
      rows.push_back({field(key, "id"), field(key, "prefix"), one_line(field(key, "name"), 40),
                      joined(find(key, "scopes")), state_of(key), field(key, "last_used_at")});
    }
    if (rows.size() == 1) {
      print_line("no keys; make one with: pilot keys create --name NAME --scopes read,run");
    } else {
      fmt::print("{}", table(rows));
    }
    return kExitOk;
  });
}

int keys_revoke(const GlobalOptions& global, const IdentityCommandOptions& options) {
  return with_session(global, [&](Session& session) {
    const Result<Json> answer =
        session.client().expect("DELETE", "/api/keys/" + http::encode_segment(options.id));
    if (!answer) return refuse(answer.error());
    if (global.json) {
      print_json(*answer);
    } else {
      print_line("revoked");
    }
    return kExitOk;
  });
}

}  // namespace pilot::app
