#include "api/codec_custom.h"

#include <array>

#include "api/body.h"
#include "providers/custom_summary.h"

namespace pilot::api {
namespace {

constexpr std::size_t kTitle = 200;  // characters
constexpr std::size_t kDescription = 5'000;
constexpr std::size_t kConfig = 64u << 10;  // bytes of oauth_config, and of parameters

// What may stand in oauth_config and is a secret.
constexpr std::array<std::string_view, 6> kSecrets{"client_secret", "access_token", "refresh_token",
                                                   "password",      "api_key",      "secret"};

bool is_secret(std::string_view key) {
  return std::find(kSecrets.begin(), kSecrets.end(), key) != kSecrets.end();
}

Json without_secrets(const Json& config) {
  if (!config.is_object()) return config;
  JsonObject out = config.get_object();
  for (const std::string_view key : kSecrets) out.erase(key);
  return out;
}

Json action_json(const CustomIntegration& owner, const CustomAction& action) {
  return JsonObject{{"id", text(action.id)},
                    {"integration_id", text(owner.id.text)},
                    {"action_id", text(action.action_id)},
                    {"action_name", text(action.action_name)},
                    {"description", text(action.description)},
                    {"http_method", text(action.http_method)},
                    {"endpoint", text(action.endpoint)},
                    {"parameters", action.parameters},
                    {"created_at", text(to_rfc3339(action.created_at))},
                    {"updated_at", text(to_rfc3339(action.updated_at))}};
}

// A text that is there replaces what was; at most `most` characters.
Status take_text(const JsonObject& body, std::string_view key, std::size_t most,
                 std::string& into) {
  if (!body.contains(key)) return ok();
  Result<std::string> given = text_member(body, key);
  if (!given) return given.error();
  if (utf8_prefix_characters(*given, most).size() < given->size()) {
    return invalid("invalid_value", fmt::format("\"{}\" has more than {} characters", key, most),
                   pointer_join("", key));
  }
  into = std::move(*given);
  return ok();
}

Status take_config(const JsonObject& body, IntegrationInput& out) {
  const Json* config = find(body, "oauth_config");
  if (config == nullptr) return ok();
  if (config->is_null()) {
    out.integration.oauth_config = nullptr;
    return ok();
  }
  if (!config->is_object() || json_size(*config) > kConfig) {
    return invalid("wrong_type", "\"oauth_config\" must be an object of at most 64 KiB",
                   "/oauth_config");
  }
  for (const auto& member : config->get_object()) {
    const std::string_view key = member.key();
    if (!is_secret(key) || member.value().is_null()) continue;
    Result<GivenCredential> secret =
        read_credential(key, member.value(), pointer_join("/oauth_config", key));
    if (!secret) return secret.error();
    out.secrets.push_back(std::move(*secret));
  }
  out.integration.oauth_config = without_secrets(*config);
  return ok();
}

Result<CustomAction> read_action(const Json& given, const std::string& pointer) {
  if (!given.is_object()) return invalid("wrong_type", "an action must be an object", pointer);
  const JsonObject& object = given.get_object();
  const auto placed = [&](Error error) {
    error.pointer = pointer + error.pointer;
    return error;
  };
  if (Status known = refuse_unknown(
          object, {"id", "integration_id", "action_id", "action_name", "description", "http_method",
                   "endpoint", "parameters", "created_at", "updated_at"});
      !known) {
    return placed(known.error());
  }
  CustomAction out;
  for (const auto& [key, most, into] :
       {std::tuple("action_id", kTitle, &out.action_id),
        std::tuple("action_name", kTitle, &out.action_name),
        std::tuple("description", kDescription, &out.description),
        std::tuple("http_method", std::size_t{10}, &out.http_method),
        std::tuple("endpoint", std::size_t{2'000}, &out.endpoint)}) {
    if (Status done = take_text(object, key, most, *into); !done) return placed(done.error());
  }
  if (out.action_id.empty()) {
    return invalid("missing_param", "an action needs action_id: its name in a step",
                   pointer_join(pointer, "action_id"));
  }
  if (out.action_name.empty()) out.action_name = out.action_id;
  if (out.http_method.empty()) out.http_method = "GET";
  if (const Json* parameters = find(object, "parameters")) {
    if (json_size(*parameters) > kConfig) {
      return invalid("invalid_value", "\"parameters\" has more than 64 KiB",
                     pointer_join(pointer, "parameters"));
    }
    out.parameters = *parameters;
  }
  return out;
}

Status take_actions(const JsonObject& body, CustomIntegration& out) {
  const Json* actions = find(body, "actions");
  if (actions == nullptr) return ok();
  if (!actions->is_array()) return invalid("wrong_type", "\"actions\" must be a list", "/actions");
  if (actions->get_array().size() > limits::kCustomActions) {
    return invalid("invalid_value", fmt::format("more than {} actions", limits::kCustomActions),
                   "/actions");
  }
  out.actions.clear();
  for (std::size_t i = 0; i < actions->get_array().size(); ++i) {
    Result<CustomAction> action = read_action(actions->get_array()[i], pointer_join("/actions", i));
    if (!action) return action.error();
    out.actions.push_back(std::move(*action));
  }
  return ok();
}

Status take_import(const JsonObject& body, IntegrationInput& out) {
  const Json* document = find(body, "openapi");
  if (document == nullptr || document->is_null()) return ok();
  ImportInput import;
  if (document->is_object()) {
    import.document = *document;
  } else if (document->is_string()) {
    std::string given(as_view(document->get_string()));
    const bool url = given.starts_with("https://") || given.starts_with("http://");
    (url ? import.url : import.text) = std::move(given);
  } else {
    return invalid("wrong_type", "\"openapi\" is a document, its text, or its URL", "/openapi");
  }
  Result<std::optional<std::vector<std::string>>> include = texts_member(body, "include");
  if (!include) return include.error();
  if (*include) import.include = std::move(**include);
  Result<std::string> source = text_member(body, "source_url");
  if (!source) return source.error();
  import.source_url = std::move(*source);
  if (body.contains("actions")) {
    return invalid("invalid_value", "the actions are the document's: leave out \"actions\"",
                   "/actions");
  }
  out.import = std::move(import);
  return ok();
}

}  // namespace

Json integration_json(const CustomIntegration& integration) {
  const bool imported = !integration.manifest.is_null();
  JsonArray actions;
  for (const CustomAction& action :
       imported ? providers::summarised_actions(integration) : integration.actions) {
    actions.push_back(action_json(integration, action));
  }
  const auto summary = [&](std::string_view member, Json otherwise) {
    const Json* found = find(integration.summary, member);
    return found == nullptr ? std::move(otherwise) : *found;
  };
  return JsonObject{
      {"id", text(integration.id.text)},
      {"user_id", text(integration.user.text)},
      {"name", text(integration.name)},
      {"display_name", text(integration.display_name)},
      {"description", text(integration.description)},
      {"auth_type", text(integration.auth_type)},
      {"base_url", text(integration.base_url)},
      {"auth_header", text_or_null(integration.auth_header)},
      {"auth_prefix", integration.auth_prefix ? text(*integration.auth_prefix) : Json(nullptr)},
      {"oauth_config", without_secrets(integration.oauth_config)},
      {"is_active", integration.is_active},
      {"imported", imported},
      {"auth", summary("auth", JsonArray{})},
      {"oauth2", summary("oauth2", false)},
      {"action_names", summary("names", JsonArray{})},
      {"created_at", text(to_rfc3339(integration.created_at))},
      {"updated_at", text(to_rfc3339(integration.updated_at))},
      {"created_by", text(integration.created_by)},
      {"updated_by", text(integration.updated_by)},
      {"actions", std::move(actions)}};
}

Result<IntegrationInput> read_integration(const JsonObject& body, CustomIntegration before) {
  if (Status known =
          refuse_unknown(body, {"name", "display_name", "description", "auth_type", "base_url",
                                "auth_header", "auth_prefix", "oauth_config", "is_active",
                                "actions", "openapi", "include", "source_url", "user_id"});
      !known) {
    return known.error();
  }
  IntegrationInput out;
  out.integration = std::move(before);
  CustomIntegration& into = out.integration;
  for (const auto& [key, most, text] : {std::tuple("name", kTitle, &into.name),
                                        std::tuple("display_name", kTitle, &into.display_name),
                                        std::tuple("description", kDescription, &into.description),
                                        std::tuple("auth_type", kTitle, &into.auth_type),
                                        std::tuple("base_url", std::size_t{2'000}, &into.base_url),
                                        std::tuple("auth_header", kTitle, &into.auth_header)}) {
    if (Status done = take_text(body, key, most, *text); !done) return done.error();
  }
  if (const Json* prefix = find(body, "auth_prefix")) {
    std::string given;
    if (Status done = take_text(body, "auth_prefix", kTitle, given); !done) return done.error();
    into.auth_prefix = prefix->is_null() ? std::nullopt : std::optional(std::move(given));
  }
  if (const Json* active = find(body, "is_active")) {
    if (!active->is_bool()) {
      return invalid("wrong_type", "\"is_active\" is true or false", "/is_active");
    }
    into.is_active = active->get_bool();
  }
  if (Status done = take_config(body, out); !done) return done.error();
  if (Status done = take_actions(body, into); !done) return done.error();
  if (Status done = take_import(body, out); !done) return done.error();
  return out;
}

}  // namespace pilot::api
