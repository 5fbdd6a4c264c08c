// pilot providers list|show|request: from the registry in the binary; no data directory is needed,
// but for a user's own provider, and for `request` with stored credentials.
#include <fmt/format.h>

#include "app/output.h"
#include "app/own_providers.h"
#include "app/provider_commands.h"
#include "app/registry.h"
#include "base/log.h"
#include "base/nearest.h"
#include "http/url.h"
#include "providers/provider_view.h"
#include "providers/request_view.h"

namespace pilot::app {
namespace {

using providers::Provider;

Result<const Provider*> find_provider(const providers::Registry& registry,
                                      const std::string& name) {
  if (const Provider* provider = registry.find(name)) return provider;
  return invalid("unknown_provider", fmt::format("there is no provider \"{}\"{}", name,
                                                 did_you_mean(name, registry.names())));
}

JsonArray names(const std::vector<std::string>& all) {
  JsonArray out;
  for (const std::string& name : all) out.push_back(Json(name));
  return out;
}

JsonArray auth_types(const Provider& provider) {
  JsonArray out;
  for (const auto& field : provider.auth) out.push_back(Json(field.type));
  return out;
}

std::string joined(const JsonArray& all) {
  std::string out;
  for (const Json& item : all) {
    out += (out.empty() ? "" : ", ") + std::string(as_view(item.get_string()));
  }
  return out;
}

const JsonArray& list_in(const Json& map, std::string_view key) {
  static const JsonArray kNone;
  const Json* list = find(map, key);
  return list != nullptr && list->is_array() ? list->get_array() : kNone;
}

bool matches(const Provider& provider, const std::string& word) {
  if (word.empty()) return true;
  const auto has = [&](const std::string& text) { return text.find(word) != std::string::npos; };
  return has(provider.name) || has(provider.title) || provider.category == word ||
         std::ranges::any_of(provider.aliases, has);
}

std::string type_name(const Json& schema) {
  const Json* type = find(schema, "type");
  if (type == nullptr) return "any";
  return type->is_string() ? std::string(as_view(type->get_string())) : to_json(*type);
}

void show_params(const Json& params) {
  const Json* properties = find(params, "properties");
  if (properties == nullptr || !properties->is_object()) return;
  const Json* required = find(params, "required");
  for (const auto& [name, schema] : properties->get_object()) {
    const std::string_view key{name.data(), name.size()};
    const bool must =
        required != nullptr && required->is_array() &&
        std::ranges::find(required->get_array(), Json(key)) != required->get_array().end();
    print_line(fmt::format("    {:<18} {:<10} {}{}", printable(key), type_name(schema),
                           must ? "required. " : "",
                           one_line(string_or(schema, "description"), 90)));
  }
}

// A page as GET /api/providers/{name} has it. A user's own may hold any text.
void show_for_people(const Json& page) {
  const std::string name = printable(string_or(page, "name"));
  print_line(fmt::format("{} ({})  {}", printable(string_or(page, "title")), name,
                         printable(string_or(page, "description"))));
  std::string types;
  for (const Json& field : list_in(page, "auth")) {
    types += (types.empty() ? "" : ", ") + printable(string_or(field, "type"));
  }
  if (!types.empty()) {
    print_line(fmt::format("connection: {}  ->  pilot credentials set {} {}", types, name,
                           types.substr(0, types.find(','))));
  }
  for (const Json& action : list_in(page, "actions")) {
    const bool by_method = find(action, "effect_depends_on_params") != nullptr;
    const std::string_view looks = string_or(action, "verified_by");
    print_line(fmt::format("\n  {}  [{}{}]  {}", printable(string_or(action, "name")),
                           by_method ? "effect by method" : string_or(action, "effect"),
                           looks.empty() ? "" : ", verified by " + printable(looks),
                           printable(string_or(action, "description"))));
    if (const Json* params = find(action, "params")) show_params(*params);
  }
}

Result<Json> page_of(const GlobalOptions& global, const std::string& name) {
  const auto registry = make_registry(global.catalog);
  const auto provider = find_provider(*registry, name);
  if (provider) return providers::provider_page(**provider);
  if (!has_database(global)) return provider.error();
  Result<Session> session = Session::open(global);
  if (!session) return session.error();
  return provider_page_of_server(*session, name);
}

// By the server: with its stored connection, and for a user's own provider.
Result<Json> described_by_server(const GlobalOptions& global, const ProviderCommandOptions& options,
                                 JsonObject body) {
  Result<Session> session = Session::open(global);
  if (!session) return session.error();
  return session->client().expect(
      "POST",
      fmt::format("/api/providers/{}/actions/{}/request", http::encode_segment(options.provider),
                  http::encode_segment(options.action)),
      std::move(body));
}

Result<JsonObject> connection_values(const std::string& text) {
  if (text.empty()) return JsonObject{};
  Result<Json> values = parse_json(text);
  if (!values) return values.error().prefixed("--connection-values");
  const bool texts =
      values->is_object() &&
      std::ranges::all_of(values->get_object(), [](auto& one) { return one.value().is_string(); });
  if (!texts) return invalid("wrong_type", "--connection-values must be a JSON object of texts");
  return std::move(values->get_object());
}

Result<Json> described_here(const Provider& provider, const ProviderCommandOptions& options,
                            Json params, const JsonObject& values) {
  const providers::Action* action = provider.find(options.action);
  if (action == nullptr) {
    return invalid("unknown_action",
                   fmt::format("{} has no action \"{}\"{}", provider.name, options.action,
                               did_you_mean(options.action, provider.action_names())));
  }
  providers::Connection connection;
  for (const auto& [type, value] : values) {
    connection.values.emplace(std::string(type.data(), type.size()),
                              Secret(std::string(as_view(value.get_string()))));
  }
  return providers::describe_request(provider, *action, std::move(params), connection,
                                     make_system_clock()->now());
}

Result<Json> described(const GlobalOptions& global, const ProviderCommandOptions& options) {
  Result<Json> params = parse_json(options.params);
  if (!params) return params.error().prefixed("--params");
  Result<JsonObject> values = connection_values(options.connection_values);
  if (!values) return values.error();
  const auto registry = make_registry(global.catalog);
  const auto provider = find_provider(*registry, options.provider);
  const bool given = !options.connection_values.empty();
  const bool stored = provider && !given && !(*provider)->auth.empty();
  if (has_database(global) && (stored || !provider)) {
    JsonObject body{{"params", std::move(*params)}, {"connection", options.connection}};
    if (given) body["connection_values"] = std::move(*values);
    return described_by_server(global, options, std::move(body));
  }
  if (!provider) return provider.error();
  return described_here(**provider, options, std::move(*params), *values);
}

}  // namespace

int providers_list(const GlobalOptions& global, const ProviderCommandOptions& options) {
  const auto registry = make_registry(global.catalog);
  JsonArray all;
  std::vector<std::vector<std::string>> rows{{"NAME", "KIND", "CONNECTION", "ACTIONS"}};
  for (const Provider* provider : registry->all()) {
    if (!matches(*provider, options.search)) continue;
    const JsonArray actions = names(provider->action_names());
    all.push_back(providers::provider_brief(*provider));
    rows.push_back(
        {provider->name, provider->kind, joined(auth_types(*provider)), joined(actions)});
  }
  if (global.json) {
    print_json(all);
  } else {
    fmt::print("{}", table(rows));
  }
  return kExitOk;
}

int providers_show(const GlobalOptions& global, const ProviderCommandOptions& options) {
  const Result<Json> page = page_of(global, options.provider);
  if (!page) return refuse(page.error());
  if (global.json) {
    print_json(*page);
  } else {
    show_for_people(*page);
  }
  return kExitOk;
}

int providers_request(const GlobalOptions& global, const ProviderCommandOptions& options) {
  const Result<Json> request = described(global, options);
  if (!request) return refuse(request.error());
  if (global.json) {
    print_json(*request);
    return kExitOk;
  }
  print_line(
      fmt::format("{} {}", string_or(*request, "method"), printable(string_or(*request, "url"))));
  if (const Json* headers = find(*request, "headers"); headers && headers->is_object()) {
    for (const auto& [name, value] : headers->get_object()) {
      print_line(
          fmt::format("{}: {}", std::string_view(name.data(), name.size()),
                      value.is_string() ? printable(as_view(value.get_string())) : to_json(value)));
    }
  }
  if (const Json* body = find(*request, "body"); body && !body->is_null()) {
    print_line("");
    print_line(body->is_string() ? std::string(as_view(body->get_string()))
                                 : to_pretty_json(*body));
  }
  return kExitOk;
}

}  // namespace pilot::app
