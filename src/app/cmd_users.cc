// pilot users create|list|set|passwd|disable|enable|rm.
#include <fmt/format.h>

#include "app/identity_commands.h"
#include "app/output.h"
#include "app/prompt.h"
#include "http/url.h"

namespace pilot::app {
namespace {

std::string address(const IdentityCommandOptions& options) {
  return "/api/users/" + http::encode_segment(options.id);
}

int call(const GlobalOptions& global, std::string_view method, const std::string& target,
         const std::optional<Json>& body, std::string_view done) {
  return with_session(global, [&](Session& session) {
    const Result<Json> answer = session.client().expect(method, target, body);
    if (!answer) return refuse(answer.error());
    if (global.json) {
      const Json* user = find(*answer, "user");
      print_json(user != nullptr ? *user : *answer);
    } else {
      print_line(done);
    }
    return kExitOk;
  });
}

JsonArray texts(const std::vector<std::string>& all) {
  JsonArray out;
  for (const std::string& one : all) out.emplace_back(one);
  return out;
}

// For people: "anywhere", or the rules.
std::string hosts_of(const Json& user) {
  const Json* hosts = find(user, "allowed_hosts");
  if (hosts == nullptr || !hosts->is_array()) return "anywhere";
  std::string out;
  for (const Json& rule : hosts->get_array()) {
    if (!out.empty()) out += ' ';
    if (rule.is_string()) out += as_view(rule.get_string());
  }
  return out.empty() ? "nowhere" : out;
}

}  // namespace

int users_create(const GlobalOptions& global, const IdentityCommandOptions& options) {
  JsonObject body{{"id", options.id}};
  if (!options.name.empty()) body["name"] = options.name;
  if (!options.email.empty()) body["email"] = options.email;
  if (!options.owner.empty()) body["owner"] = options.owner;
  if (!options.allow_hosts.empty()) body["allowed_hosts"] = texts(options.allow_hosts);
  if (options.password) {
    const Result<Secret> password = read_secret("password", limits::kPasswordBytes);
    if (!password) return refuse(password.error());
    body["password"] = password->reveal();
  }
  return call(global, "POST", "/api/users", Json(std::move(body)), "made");
}

int users_list(const GlobalOptions& global, const IdentityCommandOptions& options) {
  return with_session(global, [&](Session& session) {
    const Result<Json> answer =
        session.client().expect("GET", fmt::format("/api/users?limit={}", options.limit));
    if (!answer) return refuse(answer.error());
    const Json* users = find(*answer, "users");
    if (global.json || users == nullptr || !users->is_array()) {
      print_json(users != nullptr ? *users : *answer);
      return kExitOk;
    }
    std::vector<std::vector<std::string>> rows{
        {"ID", "NAME", "OWNER", "EMAIL", "STATE", "CALLS GO"}};
    for (const Json& user : users->get_array()) {
      const Json* disabled = find(user, "disabled");
      const bool off = disabled != nullptr && disabled->is_bool() && disabled->get_bool();
      rows.push_back({one_line(field(user, "id"), 60), one_line(field(user, "name"), 40),
                      one_line(field(user, "owner"), 40), one_line(field(user, "email"), 40),
                      off ? "disabled" : "enabled", one_line(hosts_of(user), 60)});
    }
    if (rows.size() == 1) {
      print_line("no users; make one with: pilot users create ID");
    } else {
      fmt::print("{}", table(rows));
    }
    return kExitOk;
  });
}

int users_set(const GlobalOptions& global, const IdentityCommandOptions& options) {
  JsonObject body;
  if (!options.name.empty()) body["name"] = options.name;
  if (!options.email.empty()) body["email"] = options.email;
  if (!options.allow_hosts.empty()) body["allowed_hosts"] = texts(options.allow_hosts);
  if (options.any_host) body["allowed_hosts"] = nullptr;
  if (body.empty()) {
    return refuse(invalid("missing_param", "say what to change; see pilot users set --help"));
  }
  return call(global, "PUT", address(options), Json(std::move(body)), "set");
}

int users_passwd(const GlobalOptions& global, const IdentityCommandOptions& options) {
  const Result<Secret> password = read_secret("new password", limits::kPasswordBytes);
  if (!password) return refuse(password.error());
  return call(global, "PUT", address(options), JsonObject{{"password", password->reveal()}},
              "set; the user's sessions have ended");
}

int users_disable(const GlobalOptions& global, const IdentityCommandOptions& options) {
  return call(global, "PUT", address(options), JsonObject{{"disabled", true}}, "disabled");
}

int users_enable(const GlobalOptions& global, const IdentityCommandOptions& options) {
  return call(global, "PUT", address(options), JsonObject{{"disabled", false}}, "enabled");
}

int users_remove(const GlobalOptions& global, const IdentityCommandOptions& options) {
  return call(global, "DELETE", address(options), std::nullopt, "removed");
}

}  // namespace pilot::app
