// Schemes that put what the connection holds into a place: bearer, basic, key, set (see schemes.h).
#include "base/crypto.h"
#include "providers/manifest/schemes.h"

namespace pilot::providers::manifest {
namespace {

// One secret under the name that the manifest gives, or under one that people store it as.
class OneSecret : public Scheme {
 protected:
  OneSecret(std::string_view kind, std::string field) : Scheme(kind, {field}), field_(field) {}
  Result<std::string_view> secret(const Fields& fields) const { return fields.get(field_); }

 private:
  std::string field_;
};

class Bearer final : public OneSecret {
 public:
  explicit Bearer(std::string field) : OneSecret("bearer", std::move(field)) {}
  Status add(Draft& draft, const Fields& fields, const Call&) const override {
    const auto token = secret(fields);
    if (!token) return token.error();
    put_header(draft.headers, "Authorization", fmt::format("Bearer {}", *token), true);
    return ok();
  }
};

class Basic final : public Scheme {
 public:
  Basic(std::vector<std::string> needs, Text user, Text password)
      : Scheme("basic", std::move(needs)), user_(std::move(user)), password_(std::move(password)) {}
  Status add(Draft& draft, const Fields& fields, const Call&) const override {
    const Result<std::string> user = fields.fill(user_);
    if (!user) return user.error();
    const Result<std::string> password = fields.fill(password_);
    if (!password) return password.error();
    const std::string pair = fmt::format("{}:{}", *user, *password);
    put_header(draft.headers, "Authorization", "Basic " + crypto::base64(pair), true);
    return ok();
  }

 private:
  Text user_;
  Text password_;
};

// A value into its place: one header, query param, cookie or member of the body.
Status put(Draft& draft, std::string_view place, const std::string& name, std::string value) {
  if (place == "header") {
    put_header(draft.headers, name, std::move(value), true);
  } else if (place == "query") {
    draft.query.emplace_back(name, std::move(value));
  } else if (place == "cookie") {
    put_header(draft.headers, "Cookie", fmt::format("{}={}", name, value), true);
  } else {
    if (draft.body.is_null()) draft.body = JsonObject{};
    if (!draft.body.is_object()) {
      return invalid("invalid_value", "the sign-in goes into the body, which is no map");
    }
    draft.body.get_object()[name] = std::move(value);
  }
  return ok();
}

class Key final : public OneSecret {
 public:
  Key(std::string field, std::string place, std::string name, std::string prefix)
      : OneSecret("key", std::move(field)),
        place_(std::move(place)),
        name_(std::move(name)),
        prefix_(std::move(prefix)) {}
  Status add(Draft& draft, const Fields& fields, const Call&) const override {
    const auto key = secret(fields);
    if (!key) return key.error();
    return put(draft, place_, name_, prefix_ + std::string(*key));
  }

 private:
  std::string place_;
  std::string name_;
  std::string prefix_;
};

class Set final : public Scheme {
 public:
  struct Item {
    std::string place;
    std::string name;
    Text value;
  };
  Set(std::vector<std::string> needs, std::vector<Item> items)
      : Scheme("set", std::move(needs)), items_(std::move(items)) {}
  Status add(Draft& draft, const Fields& fields, const Call&) const override {
    for (const Item& item : items_) {
      Result<std::string> value = fields.fill(item.value);
      if (!value) return value.error();
      if (Status done = put(draft, item.place, item.name, std::move(*value)); !done) return done;
    }
    return ok();
  }

 private:
  std::vector<Item> items_;
};

// A field's name, a text in quotes ('' for nothing), or a template.
std::optional<Text> name_or_text(const Json& item, const SchemeSource& source) {
  if (!item.is_string()) {
    source.fault("wrong_type", "`basic` is a list of two names or texts");
    return std::nullopt;
  }
  const std::string text(as_view(item.get_string()));
  const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
                      text.front() == text.back();
  if (quoted) {
    return compile_text(Json(text.substr(1, text.size() - 2)), source.pointer, source.faults);
  }
  if (!is_snake_case(text)) return compile_text(item, source.pointer, source.faults);
  return *Text::parse(fmt::format("{{{{{}}}}}", text));
}

}  // namespace

SchemePtr make_bearer(const SchemeSource& source) {
  if (!source.value.is_string()) {
    source.fault("wrong_type", "`bearer` is the name of a field, like token");
    return nullptr;
  }
  const std::string field(as_view(source.value.get_string()));
  declare_field(source.spec, field, true);
  return std::make_shared<Bearer>(field);
}

SchemePtr make_basic(const SchemeSource& source) {
  if (!source.value.is_array() || source.value.get_array().size() != 2) {
    source.fault("wrong_type", "`basic` is a list of two: [username, password]");
    return nullptr;
  }
  auto user = name_or_text(source.value.get_array()[0], source);
  auto password = name_or_text(source.value.get_array()[1], source);
  if (!user || !password) return nullptr;
  std::vector<std::string> needs = user->names(Text::Piece::Kind::field);
  for (std::string& name : password->names(Text::Piece::Kind::field)) needs.push_back(name);
  const bool one_secret = password->names(Text::Piece::Kind::field).empty();
  for (const std::string& name : user->names(Text::Piece::Kind::field)) {
    declare_field(source.spec, name, one_secret);
  }
  declare_fields(source.spec, *password);
  return std::make_shared<Basic>(std::move(needs), std::move(*user), std::move(*password));
}

SchemePtr make_key(const SchemeSource& source) {
  const Map map = source.map();
  map.only({"header", "query", "body", "cookie", "prefix", "field"});
  std::string place;
  for (const std::string_view name : {"header", "query", "body", "cookie"}) {
    if (map.has(name)) place = name;
  }
  if (place.empty()) {
    map.fault("", "missing_key", "`key` needs one of header, query, body and cookie");
    return nullptr;
  }
  const std::string field = map.text("field", "api_key");
  declare_field(source.spec, field, true);
  std::string prefix = map.text("prefix");
  if (place == "header" && !prefix.empty() && !prefix.ends_with(' ') && !prefix.ends_with('=') &&
      !prefix.ends_with(':')) {
    prefix += ' ';
  }
  return std::make_shared<Key>(field, place, map.text(place), std::move(prefix));
}

SchemePtr make_set(const SchemeSource& source) {
  const Map map = source.map();
  std::vector<Set::Item> items;
  std::vector<std::string> needs;
  for (const auto& member : map.object()) {
    const std::string_view key = key_of(member);
    const std::size_t dot = key.find('.');
    const std::string_view place = key.substr(0, dot);
    if (dot == std::string_view::npos ||
        (place != "header" && place != "query" && place != "body" && place != "cookie")) {
      map.fault(key, "invalid_value",
                "header.NAME, query.NAME, body.NAME or cookie.NAME is wanted");
      continue;
    }
    auto text = compile_text(member.value(), map.at(key), map.faults());
    if (!text) continue;
    declare_fields(source.spec, *text);
    for (std::string& name : text->names(Text::Piece::Kind::field)) needs.push_back(name);
    items.push_back({std::string(place), std::string(key.substr(dot + 1)), std::move(*text)});
  }
  return std::make_shared<Set>(std::move(needs), std::move(items));
}

}  // namespace pilot::providers::manifest
