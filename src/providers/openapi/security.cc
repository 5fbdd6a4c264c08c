#include "providers/openapi/security.h"

#include <fmt/format.h>

#include <algorithm>

#include "providers/openapi/words.h"

namespace pilot::providers::openapi {
namespace {

constexpr std::size_t kSchemes = 100;
constexpr std::size_t kScopes = 60;
constexpr std::size_t kWays = 50;
constexpr std::size_t kWire = 100;  // bytes of a header's or a param's name

bool is_visible(std::string_view name) {
  return !name.empty() && name.size() <= kWire &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f'; }) &&
         name.find_first_of("{}:") == std::string_view::npos;
}

JsonArray scopes_of(const Json& flow, Notes& notes) {
  JsonArray out;
  const Json* scopes = find(flow, "scopes");
  if (scopes == nullptr || !scopes->is_object()) return out;
  for (const auto& member : scopes->get_object()) {
    if (out.size() == kScopes) {
      notes.add("many_scopes", "OAuth scopes past the 60th are left out of what is asked for");
      break;
    }
    const std::string_view name = member.key();
    if (!name.empty() && name.size() < 300 && name.find_first_of(" {}") == std::string_view::npos) {
      out.emplace_back(name);
    }
  }
  return out;
}

// {header.X: "Bearer {{a}}"}: what a scheme puts where, for a `set` of several; null: it cannot.
JsonObject as_set(const Json& scheme) {
  JsonObject out;
  if (const Json* bearer = find(scheme, "bearer")) {
    out["header.Authorization"] = fmt::format("Bearer {{{{{}}}}}", as_view(bearer->get_string()));
  } else if (const Json* key = find(scheme, "key")) {
    const std::string field = fmt::format("{{{{{}}}}}", string_or(*key, "field", "api_key"));
    for (const std::string_view place : {"header", "query", "cookie"}) {
      const std::string_view name = string_or(*key, place);
      if (!name.empty()) out[fmt::format("{}.{}", place, name)] = field;
    }
  }
  return out;
}

}  // namespace

Security::Security(Document& document, const Address& address, Notes& notes)
    : document_(document), address_(address) {
  for (const auto& member : address.fields) fields_.emplace(member.key());
  const Json* components = find(document.root(), "components");
  const Json* all = document.swagger()      ? find(document.root(), "securityDefinitions")
                    : components == nullptr ? nullptr
                                            : find(*components, "securitySchemes");
  if (all == nullptr || !all->is_object()) return;
  const std::string at =
      document.swagger() ? "/securityDefinitions" : "/components/securitySchemes";
  for (const auto& member : all->get_object()) {
    const Json* scheme = document.resolved(member.value(), notes);
    if (scheme != nullptr && string_or(*scheme, "type") == "apiKey") ++keys_;
  }
  for (const auto& member : all->get_object()) {
    if (schemes_.size() == kSchemes) break;
    notes.at(pointer_join(at, std::string_view(member.key())));
    const Json* scheme = document.resolved(member.value(), notes);
    if (scheme != nullptr) read_scheme(std::string(member.key()), *scheme, notes);
  }
  const bool flow = std::any_of(schemes_.begin(), schemes_.end(), [](const auto& scheme) {
    return find(scheme.second, "oauth2") != nullptr;
  });
  if (tokens_.empty() || flow) return;
  notes.at(at);
  notes.add("oauth2",
            "an OAuth 2 flow that Pilot cannot go (implicit, or without https URLs): the "
            "connection takes an access token instead");
}

// `usual` unless it is taken, then one after the scheme's name.
std::string Security::field_for(const std::string& name, std::string_view usual) {
  if (fields_.insert(std::string(usual)).second) return std::string(usual);
  std::string field = snake_case(name, 50);
  if (field.empty() || field.front() < 'a') field = fmt::format("{}_{}", usual, fields_.size());
  while (!fields_.insert(field).second) field += "_2";
  return field;
}

void Security::read_scheme(const std::string& name, const Json& scheme, Notes& notes) {
  const std::string_view type = string_or(scheme, "type");
  if (type == "apiKey") {
    read_api_key(name, scheme, notes);
  } else if (type == "basic") {
    schemes_[name] = JsonObject{{"basic", JsonArray{"username", "password"}}};
  } else if (type == "http") {
    read_http(name, scheme, notes);
  } else if (type == "oauth2") {
    read_oauth2(name, scheme, notes);
  } else if (type == "openIdConnect") {
    notes.add("openid_connect",
              "OpenID Connect is not looked up; the connection takes an access token instead");
    schemes_[name] = JsonObject{{"bearer", field_for(name, "access_token")}};
  } else {
    notes.add("auth", "a security scheme of a type that Pilot does not know is left out");
  }
}

void Security::read_api_key(const std::string& name, const Json& scheme, Notes& notes) {
  const std::string_view place = string_or(scheme, "in");
  const std::string_view wire = string_or(scheme, "name");
  const std::string_view region = "region";
  if (string_or(scheme, "x-amazon-apigateway-authtype") == "awsSigv4" &&
      address_.fields.contains(region)) {
    const Json* about = find(document_.root(), "info");
    const std::string_view service = about == nullptr ? "" : string_or(*about, "x-aws-signingName");
    const std::string host =
        address_.base.substr(std::min(address_.base.find("://") + 3, address_.base.size()));
    const std::string first = host.substr(0, host.find('.'));
    if (is_visible(service.empty() ? std::string_view(first) : service)) {
      schemes_[name] = JsonObject{
          {"aws", JsonObject{{"service", service.empty() ? std::string_view(first) : service},
                             {"region", "{{region}}"}}}};
      return;
    }
  }
  if ((place != "header" && place != "query" && place != "cookie") || !is_visible(wire)) {
    notes.add("auth", "an API key without a usable name or place is left out");
    return;
  }
  const std::string field =
      keys_ == 1 ? field_for(name, "api_key")
                 : field_for(name, snake_case(name, 50).empty() || snake_case(name, 50)[0] < 'a'
                                       ? "api_key"
                                       : snake_case(name, 50));
  places_.emplace(place, wire);
  schemes_[name] = JsonObject{{"key", JsonObject{{place, wire}, {"field", field}}}};
}

void Security::read_http(const std::string& name, const Json& scheme, Notes& notes) {
  const std::string kind = lower_case(string_or(scheme, "scheme"));
  if (kind == "basic") {
    schemes_[name] = JsonObject{{"basic", JsonArray{"username", "password"}}};
  } else if (kind == "bearer") {
    schemes_[name] = JsonObject{{"bearer", field_for(name, "token")}};
  } else {
    notes.add("auth", fmt::format("the HTTP sign-in \"{}\" is left out: Pilot has basic and bearer",
                                  plain_text(kind, 20)));
  }
}

void Security::read_oauth2(const std::string& name, const Json& scheme, Notes& notes) {
  oauth_ = true;
  const Json* flows = document_.swagger() ? &scheme : find(scheme, "flows");
  JsonObject out;
  const auto take = [&](const Json& flow, std::string_view grant) {
    const std::string token = absolute_url(string_or(flow, "tokenUrl"), address_.base);
    const std::string authorize = absolute_url(string_or(flow, "authorizationUrl"), address_.base);
    const bool code = grant == "code";
    if (!token.starts_with("https://") || (code && !authorize.starts_with("https://")))
      return false;
    if (grant != "code") out["grant"] = grant;
    if (code) out["authorize"] = authorize;
    out["token"] = token;
    const std::string refresh = absolute_url(string_or(flow, "refreshUrl"), address_.base);
    if (refresh.starts_with("https://") && refresh != token) out["refresh"] = refresh;
    JsonArray scopes = scopes_of(flow, notes);
    if (!scopes.empty()) out["scopes"] = std::move(scopes);
    return true;
  };
  if (document_.swagger()) {
    const std::string_view flow = string_or(scheme, "flow");
    if (flow == "accessCode") take(scheme, "code");
    if (flow == "application") take(scheme, "client");
    if (flow == "password") take(scheme, "password");
  } else if (flows != nullptr && flows->is_object()) {
    for (const auto& [key, grant] :
         {std::pair("authorizationCode", "code"), std::pair("clientCredentials", "client"),
          std::pair("password", "password")}) {
      const Json* flow = find(*flows, key);
      if (flow != nullptr && take(*flow, grant)) break;
    }
  }
  if (!out.empty()) {
    schemes_[name] = JsonObject{{"oauth2", std::move(out)}};
    return;
  }
  tokens_.insert(name);
  schemes_[name] = JsonObject{{"bearer", field_for(name, "access_token")}};
}

bool Security::is_credential(std::string_view in, std::string_view name) const {
  if (oauth_ && in == "query" && (name == "access_token" || name == "oauth_token")) return true;
  return places_.contains({std::string(in), std::string(name)});
}

// The schemes that must come together, as one way; none when Pilot cannot do that.
std::optional<std::string> Security::combined(std::vector<std::string> names) {
  // "OAuth by one flow and OAuth by another" is one sign-in: the flow that Pilot can go.
  const bool flow = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    const auto scheme = schemes_.find(name);
    return scheme != schemes_.end() && find(scheme->second, "oauth2") != nullptr;
  });
  if (flow) std::erase_if(names, [&](const std::string& name) { return tokens_.contains(name); });
  std::string key;
  for (const std::string& name : names) {
    if (!schemes_.contains(name)) return std::nullopt;
    key += (key.empty() ? "" : "\n") + name;
  }
  if (ways_.contains(key)) return key;
  if (ways_.size() >= kWays) return std::nullopt;
  if (names.size() == 1) {
    ways_[key] = schemes_[key];
  } else {
    JsonObject set;
    for (const std::string& name : names) {
      JsonObject one = as_set(schemes_[name]);
      if (one.empty()) return std::nullopt;
      for (auto& member : one) set[member.key()] = std::move(member.value());
    }
    ways_[key] = JsonObject{{"set", std::move(set)}};
  }
  order_.push_back(key);
  return key;
}

void Security::read_demand(const Json& security, Demand& demand) {
  if (!security.is_array()) return;
  const JsonArray& list = security.get_array();
  bool open = list.empty();
  for (const Json& way : list) {
    if (!way.is_object()) continue;
    std::vector<std::string> names;
    for (const auto& member : way.get_object()) {
      names.emplace_back(member.key());
      if (!member.value().is_array()) continue;
      for (const Json& scope : member.value().get_array()) {
        if (scope.is_string() && demand.scopes.size() < kScopes) {
          std::string text(as_view(scope.get_string()));
          const auto& all = demand.scopes;
          if (text.size() < 300 && std::find(all.begin(), all.end(), text) == all.end()) {
            demand.scopes.push_back(std::move(text));
          }
        }
      }
    }
    if (names.empty()) open = true;
    const auto key = names.empty() ? std::nullopt : combined(names);
    const auto& ways = demand.ways;
    if (key && std::find(ways.begin(), ways.end(), *key) == ways.end()) {
      demand.ways.push_back(*key);
    }
  }
  demand.none = open && demand.ways.empty();
}

Security::Demand Security::demand_of(const Json& operation) {
  Demand demand;
  const Json* own = find(operation, "security");
  demand.said = own != nullptr;
  const Json* security = own != nullptr ? own : find(document_.root(), "security");
  if (security != nullptr) {
    read_demand(*security, demand);
  } else if (schemes_.size() == 1) {
    // Documents that name a scheme and forget to say that it is needed.
    demand.ways.push_back(*combined({schemes_.begin()->first}));
  } else {
    for (const auto& scheme : schemes_) {
      if (const auto key = combined({scheme.first})) demand.ways.push_back(*key);
    }
  }
  return demand;
}

void Security::count(const Demand& demand) {
  for (const std::string& key : demand.ways) ++uses_[key];
}

Json Security::provider() const {
  std::vector<std::string> keys = order_;
  std::erase_if(keys, [&](const std::string& key) { return !uses_.contains(key); });
  std::stable_sort(keys.begin(), keys.end(), [&](const std::string& a, const std::string& b) {
    return uses_.find(a)->second > uses_.find(b)->second;
  });
  JsonArray list;
  for (const std::string& key : keys) {
    const Json& way = ways_.find(key)->second;
    if (std::find(list.begin(), list.end(), way) == list.end()) list.push_back(way);
  }
  if (list.empty()) return nullptr;
  return list.size() == 1 ? list[0] : Json(std::move(list));
}

Json Security::action(const Demand& demand) const {
  if (demand.none) return uses_.empty() ? Json(nullptr) : Json("none");
  if (demand.ways.empty() || demand.ways.size() == uses_.size()) return nullptr;
  JsonArray list;
  for (const std::string& key : demand.ways) {
    const Json& way = ways_.find(key)->second;
    if (std::find(list.begin(), list.end(), way) == list.end()) list.push_back(way);
  }
  return list.size() == 1 ? list[0] : Json(std::move(list));
}

}  // namespace pilot::providers::openapi
