#include "providers/manifest/build.h"

#include <algorithm>

#include "providers/http_call.h"
#include "providers/manifest/encode.h"
#include "providers/manifest/field_params.h"
#include "providers/manifest/reader.h"

namespace pilot::providers::manifest {
namespace {

// The part of a URL in which the host stands: what is put in there cannot change where it leads.
bool in_host(std::string_view url) {
  const std::size_t scheme = url.find("://");
  return scheme != std::string_view::npos && url.find('/', scheme + 3) == std::string_view::npos;
}

bool is_host_text(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == ':';
  });
}

// Segment by segment; none of them can be a dot segment.
std::string encode_path(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t slash = text.find('/');
    out += http::encode_segment(text.substr(0, slash));
    if (slash == std::string_view::npos) return out;
    out += '/';
    text.remove_prefix(slash + 1);
  }
}

Status put_deep(Json& body, const std::vector<std::string>& path, Json value) {
  Json* at = &body;
  for (const std::string& part : path) {
    if (at->is_null()) *at = JsonObject{};
    if (!at->is_object()) return invalid("invalid_value", "`set` names a part of what is no map");
    at = &at->get_object()[part];
  }
  *at = std::move(value);
  return ok();
}

// pagination.page: a part of a map in the body.
std::vector<std::string> parts_of(std::string_view name) {
  std::vector<std::string> out;
  while (true) {
    const std::size_t dot = name.find('.');
    out.emplace_back(name.substr(0, dot));
    if (dot == std::string_view::npos) return out;
    name.remove_prefix(dot + 1);
  }
}

// Puts one request together.
class Builder {
 public:
  Builder(const ActionSpec& spec, const Call& call, const PageMark& mark)
      : spec_(spec), call_(call), mark_(mark), fields_(*spec.provider, call.connection) {}

  Result<http::Request> build();

 private:
  Status address();
  Status append(const Text& text);
  Result<std::string> value_for_url(const Text::Piece& piece) const;
  Status provider_parts();
  Status param_parts();
  Status body_part(JsonObject by_wire, JsonObject by_name);
  Status constants(bool query);
  Status free_parts();
  Status page_parts();
  bool with_slashes(const std::string& param) const {
    return std::ranges::any_of(spec_.params,
                               [&](const Param& p) { return p.name == param && p.slashes; });
  }
  Status idempotency_key();
  Result<http::Request> finish();
  Result<std::string> text_of(const Text& text) const;
  void put_query(const std::string& name, const Json& value) {
    append_pairs(draft_.query, name, value, spec_.manner.query_arrays.value_or(ArrayStyle::repeat));
  }

  const ActionSpec& spec_;
  const Call& call_;
  const PageMark& mark_;
  const Fields fields_;
  Draft draft_;
};

Result<std::string> Builder::value_for_url(const Text::Piece& piece) const {
  if (piece.kind == Text::Piece::Kind::param) {
    const Json* value = find(call_.params, piece.text);
    const std::string pointer = pointer_join("", piece.text);
    if (value == nullptr || value->is_null()) {
      return invalid("missing_param", fmt::format("{} is missing", piece.text), pointer);
    }
    const auto text = scalar_text(*value);
    if (!text || text->empty()) {
      return invalid("invalid_value",
                     fmt::format("{} stands in the address: a text or a number "
                                 "is wanted, and not an empty one",
                                 piece.text),
                     pointer);
    }
    if (draft_.url.empty()) return *text;  // the whole address, held by its pattern
    return with_slashes(piece.text) ? encode_path(*text) : http::encode_segment(*text);
  }
  const auto value = fields_.get(piece.text);
  if (!value) return value.error();
  if (draft_.url.empty()) {  // the connection says the server
    if (!value->starts_with("https://") && !value->starts_with("http://")) {
      return invalid("invalid_connection",
                     fmt::format("the connection's {} must begin with https://", piece.text));
    }
    std::string_view server = *value;
    while (server.ends_with('/')) server.remove_suffix(1);
    return std::string(server);
  }
  if (!in_host(draft_.url)) return http::encode_segment(*value);
  if (is_host_text(*value)) return std::string(*value);
  return invalid("invalid_connection",
                 fmt::format("the connection's {} stands in the host name: letters, digits, dots "
                             "and - only",
                             piece.text));
}

Status Builder::append(const Text& text) {
  for (const Text::Piece& piece : text.pieces()) {
    if (piece.kind == Text::Piece::Kind::literal) {
      draft_.url += piece.text;
      continue;
    }
    Result<std::string> value = value_for_url(piece);
    if (!value) return value.error();
    draft_.url += *value;
  }
  return ok();
}

Status Builder::address() {
  if (!mark_.url.empty()) {
    draft_.url = mark_.url;
    return ok();
  }
  if (!spec_.absolute) {
    if (Status done = append(spec_.provider->base); !done) return done;
  }
  return append(spec_.target);
}

// Params and fields in a header, a constant and the like.
Result<std::string> Builder::text_of(const Text& text) const {
  return text.render([&](const Text::Piece& piece) -> Result<std::string> {
    if (piece.kind == Text::Piece::Kind::param) {
      const Json* value = find(call_.params, piece.text);
      if (value == nullptr) return std::string();
      return scalar_text(*value).value_or(to_json(*value));
    }
    const auto value = fields_.get(piece.text);
    if (!value) return value.error();
    return std::string(*value);
  });
}

Status Builder::provider_parts() {
  for (const auto& [name, text] : spec_.provider->headers) {
    Result<std::string> value = text_of(text);
    if (!value) return value.error();
    draft_.headers.push_back({name, std::move(*value), is_sensitive_header(name)});
  }
  if (!mark_.url.empty()) return ok();
  for (const auto& [name, text] : spec_.provider->query) {
    Result<std::string> value = text_of(text);
    if (!value) return value.error();
    draft_.query.emplace_back(name, std::move(*value));
  }
  return ok();
}

Status Builder::param_parts() {
  JsonObject by_wire;
  JsonObject by_name;
  for (const Param& param : spec_.params) {
    const Json* value = find(call_.params, param.name);
    if (value == nullptr || param.place == Place::path) continue;
    if (param.place == Place::body) {
      if (spec_.send) {
        by_name[param.name] = *value;
      } else {
        by_wire[param.wire] = *value;
      }
    } else if (param.place == Place::query) {
      if (mark_.url.empty()) put_query(param.wire, *value);
    } else if (!value->is_null()) {
      const auto text = scalar_text(*value);
      if (!text) {
        return invalid("invalid_value",
                       fmt::format("{} stands in a header: a text is wanted", param.name),
                       pointer_join("", param.name));
      }
      put_header(draft_.headers, param.wire, *text, is_sensitive_header(param.wire));
    }
  }
  return body_part(std::move(by_wire), std::move(by_name));
}

Status Builder::body_part(JsonObject by_wire, JsonObject by_name) {
  const bool has_body =
      std::ranges::any_of(spec_.params, [](const Param& p) { return p.place == Place::body; });
  if (spec_.send) {
    const JsonObject vars{{"params", call_.params}, {"status", nullptr}, {"headers", nullptr}};
    Result<std::optional<Json>> made = jq::run_first(*spec_.send, Json(std::move(by_name)), vars,
                                                     {.budget = {}, .now = call_.now});
    if (!made) return made.error().prefixed("`send` of the manifest");
    if (*made) draft_.body = std::move(**made);
  } else if (has_body || !by_wire.empty()) {
    draft_.body = std::move(by_wire);
  }
  if (!spec_.graphql.empty()) {
    JsonObject body{{"query", spec_.graphql}};
    if (draft_.body.is_object() && !draft_.body.get_object().empty()) {
      body["variables"] = std::move(draft_.body);
    }
    draft_.body = std::move(body);
  }
  return ok();
}

// Those of the query stand before what the params add, the others go over it.
Status Builder::constants(bool query) {
  for (const Constant& constant : spec_.constants) {
    if ((constant.place == Place::query) != query) continue;
    Json value = constant.value;
    if (constant.text) {
      Result<std::string> text = text_of(*constant.text);
      if (!text) return text.error();
      value = std::move(*text);
    }
    if (constant.place == Place::body) {
      if (Status done = put_deep(draft_.body, constant.path, std::move(value)); !done) return done;
    } else if (constant.place == Place::query) {
      if (mark_.url.empty()) put_query(constant.path.front(), value);
    } else {
      put_header(draft_.headers, constant.path.front(), scalar_text(value).value_or(to_json(value)),
                 false);
    }
  }
  return ok();
}

// The action `request`: path, query, headers and body by the step. It stays at the provider.
Status Builder::free_parts() {
  const std::string_view path = string_or(call_.params, "path");
  draft_.method = string_or(call_.params, "method", "GET");
  const Result<http::Url> base = http::parse_url(draft_.url);
  if (!base) return base.error();
  const Result<http::Url> whole = http::parse_url(draft_.url + std::string(path));
  if (!path.starts_with('/') || path.starts_with("//") || !whole || !whole->same_origin(*base)) {
    return invalid("invalid_value",
                   "path begins with / and stands behind the provider's address; another server is "
                   "a matter for the provider http",
                   "/path");
  }
  draft_.url = whole->text();
  if (const Json* query = find(call_.params, "query"); query && query->is_object()) {
    for (const auto& member : query->get_object()) {
      put_query(std::string(key_of(member)), member.value());
    }
  }
  if (const Json* headers = find(call_.params, "headers"); headers && headers->is_object()) {
    for (const auto& member : headers->get_object()) {
      const auto text = scalar_text(member.value());
      if (text)
        put_header(draft_.headers, key_of(member), *text, is_sensitive_header(key_of(member)));
    }
  }
  if (const Json* body = find(call_.params, "body")) draft_.body = *body;
  return ok();
}

Status Builder::page_parts() {
  for (const auto& [name, value] : mark_.query) {
    std::erase_if(draft_.query, [&](const auto& pair) { return pair.first == name; });
    put_query(name, value);
  }
  for (const auto& [name, value] : mark_.body) {
    Json* into = &draft_.body;
    if (!spec_.graphql.empty() && into->is_object()) into = &into->get_object()["variables"];
    if (Status done = put_deep(*into, parts_of(name), value); !done) return done;
  }
  return ok();
}

Status Builder::idempotency_key() {
  const auto& key = spec_.key;
  if (!key || spec_.effect != EffectClass::keyed) return ok();
  std::string value(call_.idempotency_key);
  if (key->place == Place::header) {
    put_header(draft_.headers, key->name, std::move(value), false);
  } else if (key->place == Place::query) {
    draft_.query.emplace_back(key->name, std::move(value));
  } else {
    return put_deep(draft_.body, {key->name}, Json(std::move(value)));
  }
  return ok();
}

Result<http::Request> Builder::finish() {
  http::Request request{.method = draft_.method, .url = std::move(draft_.url)};
  request.headers = std::move(draft_.headers);
  char join = request.url.find('?') == std::string::npos ? '?' : '&';
  for (const auto& [name, value] : draft_.query) {
    request.url += join;
    request.url += http::encode_component(name);
    request.url += '=';
    request.url += http::encode_component(value);
    join = '&';
  }
  if (Status done = write_body(request, spec_, draft_.body); !done) return done.error();
  if (!has_header(request, "Accept") && !spec_.binary) {
    request.headers.push_back({"Accept", "application/json"});
  }
  if (spec_.manner.max_response > 0) request.max_response_bytes = spec_.manner.max_response;
  request.follow_redirects = draft_.method == "GET" || draft_.method == "HEAD";
  return request;
}

Result<http::Request> Builder::build() {
  const Result<const Scheme*> scheme = choose(spec_.manner, *spec_.provider, fields_);
  if (!scheme) return scheme.error();
  draft_.method = spec_.method;
  if (Status done = address(); !done) return done.error();
  if (Status done = provider_parts(); !done) return done.error();
  if (Status done = constants(true); !done) return done.error();
  if (Status done = spec_.free_form ? free_parts() : param_parts(); !done) return done.error();
  if (Status done = constants(false); !done) return done.error();
  if (Status done = page_parts(); !done) return done.error();
  if (*scheme != nullptr) {
    if (Status done = (*scheme)->add(draft_, fields_, call_); !done) return done.error();
  }
  if (Status done = idempotency_key(); !done) return done.error();
  Result<http::Request> request = finish();
  if (!request || *scheme == nullptr) return request;
  if (Status done = (*scheme)->sign(*request, fields_, call_); !done) return done.error();
  return request;
}

}  // namespace

Result<http::Request> build_request(const ActionSpec& spec, const Call& call,
                                    const PageMark& mark) {
  if (!takes_fields(spec)) return Builder(spec, call, mark).build();
  const Result<Json> params = with_fields(spec, call);
  if (!params) return params.error();
  const Call filled{.provider = call.provider,
                    .action = call.action,
                    .params = *params,
                    .connection = call.connection,
                    .user = call.user,
                    .run = call.run,
                    .step = call.step,
                    .attempt = call.attempt,
                    .idempotency_key = call.idempotency_key,
                    .now = call.now};
  return Builder(spec, filled, mark).build();
}

const SignIn* sign_in_of(const ActionSpec& spec, const Connection& connection) {
  const Fields fields(*spec.provider, connection);
  const Result<const Scheme*> scheme = choose(spec.manner, *spec.provider, fields);
  return scheme && *scheme != nullptr ? (*scheme)->sign_in() : nullptr;
}

}  // namespace pilot::providers::manifest
