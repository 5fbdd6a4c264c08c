// Requests from params (see http_call.h). Pure; any thread.
#include "providers/http_call.h"

#include <algorithm>
#include <array>

#include "base/crypto.h"
#include "http/body.h"
#include "http/url.h"

namespace pilot::providers {
namespace {

char low(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, low, low);
}

// {name: scalar or list of scalars} as pairs; null is left out.
Result<http::Pairs> pairs_of(const Json& object, std::string_view pointer) {
  const auto wrong = [&](std::string_view name) {
    return invalid("invalid_value",
                   fmt::format("{}: a text, number or boolean is wanted, or a list of those", name),
                   pointer_join(pointer, name));
  };
  if (!object.is_object()) {
    return invalid("wrong_type", "an object is wanted", std::string(pointer));
  }
  http::Pairs out;
  for (const auto& member : object.get_object()) {
    const std::string name(member.key());
    if (member.value().is_null()) continue;
    if (const auto text = scalar_text(member.value())) {
      out.emplace_back(name, *text);
      continue;
    }
    if (!member.value().is_array()) return wrong(name);
    for (const Json& item : member.value().get_array()) {
      const auto text = scalar_text(item);
      if (!text) return wrong(name);
      out.emplace_back(name, *text);
    }
  }
  return out;
}

Result<http::Part> part_of(const Json& item, const std::string& pointer) {
  http::Part part{.name = std::string(string_or(item, "name")),
                  .value = {},
                  .filename = {},
                  .content_type = std::string(string_or(item, "content_type"))};
  if (const Json* filename = find(item, "filename")) {
    part.filename = std::string(as_view(filename->get_string()));
  }
  if (const Json* encoded = find(item, "content_base64")) {
    Result<std::string> bytes = crypto::decode_base64(as_view(encoded->get_string()));
    if (!bytes)
      return invalid("invalid_value", "content_base64: " + bytes.error().message, pointer);
    part.value = std::move(*bytes);
    return part;
  }
  const Json* value = find(item, "value");
  if (value == nullptr) value = find(item, "content");
  if (value == nullptr) {
    return invalid("missing_param", "a part needs value, content or content_base64", pointer);
  }
  part.value = scalar_text(*value).value_or(to_json(*value));
  if (!scalar_text(*value) && part.content_type.empty()) part.content_type = "application/json";
  return part;
}

Status add_multipart(http::Request& request, const Json& items) {
  std::vector<http::Part> parts;
  for (std::size_t i = 0; i < items.get_array().size(); ++i) {
    Result<http::Part> part = part_of(items.get_array()[i], pointer_join("/multipart", i));
    if (!part) return part.error();
    parts.push_back(std::move(*part));
  }
  Result<http::Multipart> built = http::build_multipart(parts);
  if (!built) return built.error();
  if (has_header(request, "Content-Type")) {
    return invalid("invalid_value", "headers: Content-Type of a multipart body is set by Pilot",
                   "/headers");
  }
  set_body(request, std::move(built->body), built->content_type);
  return ok();
}

}  // namespace

std::optional<std::string> scalar_text(const Json& value) {
  if (value.is_string()) return std::string(as_view(value.get_string()));
  if (value.is_bool() || value.is_number()) return to_json(value);
  return std::nullopt;
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), low);
  return out;
}

bool flag(const Json& params, std::string_view key, bool otherwise) {
  const Json* value = find(params, key);
  return value != nullptr && value->is_bool() ? value->get_bool() : otherwise;
}

bool has_header(const http::Request& request, std::string_view name) {
  return std::ranges::any_of(request.headers,
                             [&](const http::Header& h) { return same_name(h.name, name); });
}

void set_header(http::Request& request, std::string_view name, std::string value, bool sensitive) {
  std::erase_if(request.headers, [&](const http::Header& h) { return same_name(h.name, name); });
  request.headers.push_back({std::string(name), std::move(value), sensitive});
}

bool is_sensitive_header(std::string_view name) {
  constexpr std::array<std::string_view, 9> kWords = {"auth",    "cookie",   "token",
                                                      "secret",  "password", "credential",
                                                      "api-key", "apikey",   "api_key"};
  const std::string small = lower(name);
  return std::ranges::any_of(
      kWords, [&](std::string_view word) { return small.find(word) != std::string::npos; });
}

Status add_headers(http::Request& request, const Json& headers, std::string_view pointer) {
  Result<http::Pairs> pairs = pairs_of(headers, pointer);
  if (!pairs) return pairs.error();
  for (auto& [name, value] : *pairs) {
    request.headers.push_back({name, std::move(value), is_sensitive_header(name)});
  }
  return ok();
}

Status add_query(http::Request& request, const Json& query, std::string_view pointer) {
  Result<http::Pairs> pairs = pairs_of(query, pointer);
  if (!pairs) return pairs.error();
  if (pairs->empty()) return ok();
  Result<std::string> url = http::with_query(request.url, *pairs);
  if (!url) return url.error();
  request.url = std::move(*url);
  return ok();
}

void set_body(http::Request& request, std::string body, std::string_view content_type) {
  request.body = std::move(body);
  request.has_body = true;
  if (!has_header(request, "Content-Type")) {
    set_header(request, "Content-Type", std::string(content_type));
  }
}

void set_json_body(http::Request& request, const Json& value) {
  set_body(request, to_json(value), "application/json");
}

Status add_body(http::Request& request, const Json& params) {
  constexpr std::array<std::string_view, 4> kForms = {"json", "form", "multipart", "body"};
  std::string_view given;
  for (const std::string_view form : kForms) {
    if (find(params, form) == nullptr) continue;
    if (!given.empty()) {
      return invalid("invalid_value",
                     fmt::format("a request has one body: give {} or {}, not both", given, form),
                     pointer_join("", form));
    }
    given = form;
  }
  if (given.empty()) return ok();
  const Json& value = *find(params, given);
  if (given == "json") {
    set_json_body(request, value);
  } else if (given == "form") {
    Result<http::Pairs> pairs = pairs_of(value, "/form");
    if (!pairs) return pairs.error();
    set_body(request, http::encode_form(*pairs), "application/x-www-form-urlencoded");
  } else if (given == "multipart") {
    return add_multipart(request, value);
  } else {
    set_body(request, std::string(as_view(value.get_string())),
             string_or(params, "content_type", "text/plain; charset=utf-8"));
  }
  return ok();
}

Status add_sign_in(http::Request& request, const Connection& connection) {
  const auto first = [&](std::initializer_list<std::string_view> types) {
    std::optional<std::string_view> found;
    for (const std::string_view type : types) {
      if (!found) found = connection.value(type);
    }
    return found;
  };
  const auto put = [&](std::string_view header, std::string value) {
    if (!has_header(request, header)) set_header(request, header, std::move(value), true);
  };
  const auto token = first({"token", "access_token", "api_key"});
  if (const auto header = connection.value("header_name")) {
    const auto value = first({"header_value", "token", "access_token", "api_key"});
    if (value) put(*header, std::string(*value));
  } else if (const auto query = connection.value("query_name")) {
    const auto value = first({"query_value", "token", "access_token", "api_key"});
    if (!value) return ok();
    Result<std::string> url =
        http::with_query(request.url, {{std::string(*query), std::string(*value)}});
    if (!url) return url.error();
    request.url = std::move(*url);
  } else if (connection.value("username") || connection.value("password")) {
    const std::string pair = fmt::format("{}:{}", connection.value("username").value_or(""),
                                         connection.value("password").value_or(""));
    put("Authorization", "Basic " + crypto::base64(pair));
  } else if (token) {
    put("Authorization", fmt::format("Bearer {}", *token));
  }
  return ok();
}

EffectClass effect_of_method(std::string_view method, const Json& params) {
  if (method == "GET" || method == "HEAD" || method == "OPTIONS") return EffectClass::read;
  if (method == "PUT" || method == "DELETE") return EffectClass::idempotent;
  return find(params, "idempotency_header") == nullptr ? EffectClass::unsafe : EffectClass::keyed;
}

void add_idempotency_key(http::Request& request, const Call& call) {
  const Json* header = find(call.params, "idempotency_header");
  if (header == nullptr) return;
  set_header(request, as_view(header->get_string()), std::string(call.idempotency_key));
}

}  // namespace pilot::providers
