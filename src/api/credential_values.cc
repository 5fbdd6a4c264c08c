#include "api/credential_values.h"

#include "api/body.h"

namespace pilot::api {

Result<GivenCredential> read_credential(std::string_view type, const Json& value,
                                        std::string_view pointer) {
  if (!is_name(type)) {
    return invalid("invalid_value",
                   fmt::format("a credential type is 1 to {} letters, digits, and _ - . @ +",
                               limits::kNameLength),
                   std::string(pointer));
  }
  if (!value.is_string() || value.get_string().empty()) {
    return invalid("wrong_type", "a credential must be a text that is not empty",
                   std::string(pointer));
  }
  const auto& secret = value.get_string();
  if (secret.size() > limits::kCredentialValue) {
    return invalid("invalid_value",
                   fmt::format("a credential may have {} bytes", limits::kCredentialValue),
                   std::string(pointer));
  }
  return GivenCredential{std::string(type), Secret{std::string(secret.data(), secret.size())}};
}

// {type, value}, {credential_type, value} or {credentials: {type: value, ...}}.
Result<std::vector<GivenCredential>> read_credential_values(const JsonObject& body) {
  std::vector<GivenCredential> out;
  if (const Json* several = find(body, "credentials")) {
    if (!several->is_object() || several->get_object().empty()) {
      return invalid("wrong_type", "\"credentials\" must be an object like {\"api_key\": \"...\"}",
                     "/credentials");
    }
    for (const auto& member : several->get_object()) {
      const std::string_view type{member.key().data(), member.key().size()};
      Result<GivenCredential> given = read_credential(type, member.value(), "/credentials");
      if (!given) return given.error();
      out.push_back(std::move(*given));
    }
    return out;
  }
  const std::string_view key = body.contains("type") ? "type" : "credential_type";
  Result<std::string> type = text_member(body, key);
  if (!type) return type.error();
  const Json* value = find(body, "value");
  if (type->empty() || value == nullptr) {
    return invalid("missing_param",
                   "send {\"type\": \"api_key\", \"value\": \"...\"} or {\"credentials\": "
                   "{\"api_key\": \"...\"}}",
                   type->empty() ? "/type" : "/value");
  }
  Result<GivenCredential> given = read_credential(*type, *value, "/value");
  if (!given) return given.error();
  out.push_back(std::move(*given));
  return out;
}

store::SealedCredential sealed_credential(const ApiPtr& api, const Request& request,
                                          const GivenCredential& given) {
  const WallTime now = api->services.clock.now();
  store::SealedCredential out;
  out.user = request.principal;
  out.type = given.type;
  vault::Sealed value =
      api->services.keys.ring()->seal(given.value.reveal(), now, api->random(request));
  out.encrypted_value = std::move(value.token);
  out.key_id = std::move(value.key_id);
  out.created_at = out.updated_at = now;
  return out;
}

}  // namespace pilot::api
