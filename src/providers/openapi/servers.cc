#include "providers/openapi/servers.h"

#include <fmt/format.h>

#include <algorithm>

#include "http/url.h"
#include "providers/openapi/words.h"

namespace pilot::providers::openapi {
namespace {

constexpr std::size_t kServers = 50;
constexpr std::size_t kUrl = 2'000;
constexpr std::size_t kChoices = 200;

std::string trimmed(std::string_view url) {
  while (!url.empty() && (url.back() == '/' || url.back() == ' ')) url.remove_suffix(1);
  while (!url.empty() && url.front() == ' ') url.remove_prefix(1);
  return std::string(url);
}

bool has_variable(std::string_view url) { return url.find('{') != std::string_view::npos; }

// A URL without variables, absolute and in normal form without a / at its end; else empty.
std::string plain_server(std::string_view url, std::string_view source_url) {
  if (has_variable(url) || url.find('}') != std::string_view::npos) return {};
  std::string text = trimmed(url);
  if (text.starts_with("//")) text.insert(0, "https:");
  Result<http::Url> parsed = http::parse_url(text);
  if (!parsed && !source_url.empty()) {
    const Result<http::Url> source = http::parse_url(source_url);
    if (source) parsed = http::join(*source, text.empty() ? "/" : text);
  }
  if (!parsed) return {};
  parsed->target = parsed->target.substr(0, parsed->target.find('?'));
  return trimmed(parsed->text());
}

// A default that stands for "your own": sending a credential there would be wrong.
bool is_placeholder(std::string_view text) {
  const std::string word = lower_case(text);
  for (const std::string_view part : {"your", "example", "my", "<", "{", "localhost", "xxx"}) {
    if (word.find(part) != std::string::npos) return true;
  }
  return word.empty();
}

// Letters, digits and the given others only: what may stand there without being escaped.
bool is_made_of(std::string_view text, std::string_view others) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

struct Template {
  std::string text;
  JsonObject fields;
};

// One variable as a field. `in_host`: before the path.
JsonObject field_of(const Json* variable, bool in_host) {
  const std::string_view others = in_host ? ".:-" : "._~/-";
  JsonObject field;
  JsonArray choices;
  const auto text_of = [](const Json& value) {
    return value.is_string()   ? std::string(as_view(value.get_string()))
           : value.is_number() ? to_json(value)
                               : std::string();
  };
  if (variable != nullptr) {
    std::string words = plain_text(string_or(*variable, "description"), 300);
    if (!words.empty()) field["description"] = std::move(words);
    if (const Json* list = find(*variable, "enum"); list != nullptr && list->is_array()) {
      for (const Json& choice : list->get_array()) {
        std::string text = text_of(choice);
        if (text.empty() || !is_made_of(text, others) || choices.size() >= kChoices) continue;
        if (std::find(choices.begin(), choices.end(), Json(text)) == choices.end()) {
          choices.emplace_back(std::move(text));
        }
      }
    }
    if (const Json* usual = find(*variable, "default")) {
      std::string text = text_of(*usual);
      const bool listed =
          choices.empty() || std::find(choices.begin(), choices.end(), Json(text)) != choices.end();
      if (listed && is_made_of(text, others) && text.size() < 200 &&
          !(choices.empty() && in_host && is_placeholder(text)) && !text.empty()) {
        field["default"] = std::move(text);
      }
    }
  }
  if (choices.empty()) {
    field["pattern"] = in_host ? "[A-Za-z0-9.:-]+" : "[A-Za-z0-9._~/-]+";
  } else {
    field["enum"] = std::move(choices);
  }
  return field;
}

std::string value_of_scheme(const Json* variable) {
  const std::string_view usual = variable == nullptr ? "" : string_or(*variable, "default");
  const Json* choices = variable == nullptr ? nullptr : find(*variable, "enum");
  const bool secure = choices == nullptr || !choices->is_array() ||
                      std::find(choices->get_array().begin(), choices->get_array().end(),
                                Json("https")) != choices->get_array().end();
  return secure || usual != "http" ? "https" : "http";
}

// https://{region}.example.com/{version} -> {{region}}, {{version}} with their fields; none when
// what comes out is no address.
std::optional<Template> with_fields(std::string url, const Json* variables) {
  Template out;
  const auto variable = [&](std::string_view name) {
    return variables == nullptr ? nullptr : find(*variables, name);
  };
  if (url.starts_with('{')) {  // {scheme}://...
    const std::size_t end = url.find('}');
    if (end == std::string::npos) return std::nullopt;
    if (url.substr(end + 1).starts_with("://")) {
      url = value_of_scheme(variable(url.substr(1, end - 1))) + url.substr(end + 1);
    } else {
      url.insert(0, "https://");
    }
  }
  if (!url.starts_with("https://") && !url.starts_with("http://")) return std::nullopt;
  const std::size_t host = url.find("://") + 3;
  const std::size_t path = std::min(url.find('/', host), url.size());
  NameSet names;
  for (std::size_t at = 0; at < url.size();) {
    if (url[at] != '{') {
      if (url[at] == '}' || (at >= host && at < path && !is_made_of(url.substr(at, 1), ".:-_"))) {
        return std::nullopt;
      }
      out.text += url[at++];
      continue;
    }
    const std::size_t end = url.find('}', at);
    const std::string given = end == std::string::npos ? "" : url.substr(at + 1, end - at - 1);
    std::string name = snake_case(given, 50);
    if (name.empty() || name.front() < 'a') return std::nullopt;
    // These are the sign-in's.
    if (name == "token" || name == "username" || name == "password" || name == "api_key") {
      name = "server_" + name;
    }
    if (!out.fields.contains(name)) out.fields[name] = field_of(variable(given), at < path);
    out.text += "{{" + name + "}}";
    at = end + 1;
  }
  return out;
}

Address unknown_address() {
  return {"{{base_url}}",
          {{"base_url",
            JsonObject{{"title", "Base URL"},
                       {"description", "Where the API is, like https://api.example.com/v1."},
                       {"pattern", "https?://[^ {}]+"}}}}};
}

// Several plain URLs become one setting; one that differs in http only is dropped.
Address choice_of(std::vector<std::string> urls) {
  std::erase_if(urls, [&](const std::string& url) {
    return url.starts_with("http://") &&
           std::find(urls.begin(), urls.end(), "https://" + url.substr(7)) != urls.end();
  });
  if (urls.size() == 1) return {urls[0], {}};
  JsonArray choices;
  for (const std::string& url : urls) choices.emplace_back(url);
  return {"{{server}}",
          {{"server",
            JsonObject{{"title", "Server"}, {"enum", std::move(choices)}, {"default", urls[0]}}}}};
}

Address of_servers(const Json& servers, std::string_view source_url, Notes& notes) {
  std::vector<std::string> plain;
  std::optional<Address> variable;
  for (const Json& server : servers.get_array()) {
    if (plain.size() >= kServers) break;
    const std::string url(string_or(server, "url"));
    if (url.size() > kUrl) continue;
    if (!has_variable(url)) {
      std::string whole = plain_server(url, source_url);
      if (whole.empty() && !url.empty() && url != "/") {
        notes.add("server", "a server without a host is left out: nobody knows where it is");
      }
      if (!whole.empty() && std::find(plain.begin(), plain.end(), whole) == plain.end()) {
        plain.push_back(std::move(whole));
      }
      continue;
    }
    const std::string text = trimmed(url);
    if (std::optional<Template> made = with_fields(text, find(server, "variables"))) {
      // https goes before http.
      const bool better = !variable || (variable->base.starts_with("http://") &&
                                        made->text.starts_with("https://"));
      if (better) variable = Address{std::move(made->text), std::move(made->fields)};
    } else {
      notes.add("server", "a server is left out: its URL is no address");
    }
  }
  const bool variable_first =
      variable && has_variable(string_or(servers.get_array().front(), "url"));
  if (variable_first || (variable && plain.empty())) return std::move(*variable);
  return plain.empty() ? unknown_address() : choice_of(std::move(plain));
}

Address of_swagger(const Json& root, std::string_view source_url) {
  std::string host(string_or(root, "host"));
  const std::string base(string_or(root, "basePath"));
  bool insecure = false;
  if (const Json* schemes = find(root, "schemes"); schemes && schemes->is_array()) {
    insecure = !schemes->get_array().empty();
    for (const Json& scheme : schemes->get_array()) {
      if (scheme == Json("https")) insecure = false;
    }
  }
  std::string url = base.starts_with('/') || base.empty() ? base : "/" + base;
  if (!host.empty()) url = fmt::format("{}://{}{}", insecure ? "http" : "https", host, url);
  if (host.empty() && source_url.empty()) return unknown_address();
  if (has_variable(url)) {
    std::optional<Template> made = with_fields(trimmed(url), nullptr);
    return made ? Address{std::move(made->text), std::move(made->fields)} : unknown_address();
  }
  const std::string plain = plain_server(url, source_url);
  return plain.empty() ? unknown_address() : Address{plain, {}};
}

}  // namespace

Result<Address> find_address(const Document& document, std::string_view given,
                             std::string_view source_url, Notes& notes) {
  if (!given.empty()) {
    const std::string plain = plain_server(given, "");
    if (plain.empty()) {
      return invalid("invalid_url", "the base URL is not like https://api.example.com/v1");
    }
    return Address{plain, {}};
  }
  notes.at("/servers");
  if (document.swagger()) return of_swagger(document.root(), source_url);
  const Json* servers = find(document.root(), "servers");
  if (servers == nullptr || !servers->is_array() || servers->get_array().empty()) {
    const std::string plain = source_url.empty() ? std::string() : plain_server("/", source_url);
    return plain.empty() ? unknown_address() : Address{plain, {}};
  }
  return of_servers(*servers, source_url, notes);
}

std::optional<std::string> own_server(const Json& owner, const Address& usual,
                                      std::string_view source_url, Notes& notes) {
  const Json* servers = find(owner, "servers");
  if (servers == nullptr || !servers->is_array() || servers->get_array().empty()) return "";
  const std::string_view url = string_or(servers->get_array().front(), "url");
  std::string plain = url.size() > kUrl ? std::string() : plain_server(url, source_url);
  if (plain == usual.base) return "";
  if (plain.starts_with("https://")) return plain;
  if (const auto made = with_fields(trimmed(url), find(servers->get_array().front(), "variables"));
      made && made->text == usual.base) {
    return "";
  }
  notes.add("own_server",
            "an operation at a server of its own is left out, unless that is one https URL");
  return std::nullopt;
}

std::string absolute_url(std::string_view url, std::string_view base) {
  if (url.empty() || url.size() > kUrl || has_variable(url)) return {};
  Result<http::Url> parsed = http::parse_url(trimmed(url));
  if (!parsed && !base.empty() && base.find('{') == std::string_view::npos) {
    const Result<http::Url> from = http::parse_url(base);
    if (from) parsed = http::join(*from, url);
  }
  return parsed ? parsed->text() : std::string();
}

}  // namespace pilot::providers::openapi
