// Builds chat completion requests and reads their answers (see chat_completions.h). What the model
// gives is checked on our side, whatever the vendor promises about schemas. Pure; any thread.
#include "providers/chat_completions.h"

#include "http/url.h"
#include "providers/answer.h"
#include "providers/http_call.h"

namespace pilot::providers {
namespace {

constexpr Millis kTimeout{120'000};  // a long answer takes its time

constexpr std::string_view kParams = R"({
  "type": "object",
  "properties": {
    "prompt": {"type": "string", "minLength": 1,
               "description": "What to ask; comes after `messages` when both are given."},
    "messages": {"type": "array", "minItems": 1, "items": {"type": "object"},
                 "description": "A conversation: [{role, content}]."},
    "system": {"type": "string", "description": "Instructions that come first."},
    "model": {"type": "string", "minLength": 1, "description": "Model; each vendor has a default."},
    "temperature": {"type": "number", "minimum": 0, "maximum": 2,
                    "description": "0 for the likeliest words; the vendor's default if not given."},
    "max_tokens": {"type": "integer", "minimum": 1,
                   "description": "Longest answer; sent as max_completion_tokens."},
    "json_schema": {"type": "object",
                    "description": "The answer must be JSON that fits; it is checked here, too."},
    "schema_name": {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$", "default": "answer",
                    "description": "Name of the schema, for the model."},
    "strict": {"type": "boolean", "default": true,
               "description": "The vendor holds the model to the schema (strict subset only)."},
    "json": {"type": "boolean", "default": false,
             "description": "The answer must be JSON, of any shape."},
    "tools": {"type": "array", "items": {"type": "object"},
              "description": "Tools that the model may call, as the vendor describes them."},
    "tool_choice": {"type": ["string", "object"], "description": "Which tool to call."},
    "options": {"type": "object",
                "description": "More members of the request, put in as they are (top_p, seed)."},
    "base_url": {"type": "string", "minLength": 1,
                 "description": "Another server of the same kind; else the connection's base_url."}
  },
  "anyOf": [{"required": ["prompt"]}, {"required": ["messages"]}],
  "additionalProperties": false
})";

const Json* schema_param(const Json& params) { return find(params, "json_schema"); }

bool wants_json(const Json& params) {
  return schema_param(params) != nullptr || flag(params, "json", false);
}

JsonArray messages_of(const Json& params) {
  JsonArray out;
  if (const Json* system = find(params, "system")) {
    out.push_back(JsonObject{{"role", "system"}, {"content", *system}});
  }
  if (const Json* messages = find(params, "messages")) {
    for (const Json& message : messages->get_array()) out.push_back(message);
  }
  if (const Json* prompt = find(params, "prompt")) {
    out.push_back(JsonObject{{"role", "user"}, {"content", *prompt}});
  }
  return out;
}

JsonObject body_of(const ChatVendor& vendor, const Json& params) {
  JsonObject body{{"model", string_or(params, "model", vendor.default_model)},
                  {"messages", messages_of(params)}};
  const auto pass = [&](std::string_view from, std::string_view to) {
    if (const Json* value = find(params, from)) body[to] = *value;
  };
  pass("temperature", "temperature");
  pass("max_tokens", "max_completion_tokens");
  pass("tools", "tools");
  pass("tool_choice", "tool_choice");
  if (const Json* schema = schema_param(params)) {
    body["response_format"] =
        JsonObject{{"type", "json_schema"},
                   {"json_schema", JsonObject{{"name", string_or(params, "schema_name", "answer")},
                                              {"strict", flag(params, "strict", true)},
                                              {"schema", *schema}}}};
  } else if (flag(params, "json", false)) {
    body["response_format"] = JsonObject{{"type", "json_object"}};
  }
  if (const Json* options = find(params, "options")) {
    for (const auto& member : options->get_object()) body[member.key()] = member.value();
  }
  return body;
}

Result<http::Request> build(const ChatVendor& vendor, const Call& call) {
  const auto key = call.connection.value("api_key");
  if (!key) return missing_credentials(vendor.name, "api_key");
  std::string base(call.connection.value("base_url").value_or(vendor.base_url));
  if (const Json* param = find(call.params, "base_url")) base = as_view(param->get_string());
  while (base.ends_with('/')) base.pop_back();
  Result<http::Url> url = http::parse_url(base + "/chat/completions");
  if (!url) return url.error().prefixed("base_url");
  http::Request request{.method = "POST", .url = url->text(), .follow_redirects = false};
  set_header(request, "Authorization", fmt::format("Bearer {}", *key), true);
  set_json_body(request, body_of(vendor, call.params));
  return request;
}

ProviderResult failure(std::string code, std::string message, JsonObject metadata,
                       Json details = nullptr) {
  ProviderResult result = ProviderResult::fail(
      {.code = std::move(code), .message = std::move(message), .details = std::move(details)});
  result.metadata = std::move(metadata);
  return result;
}

// {input_tokens, output_tokens, total_tokens, raw}; both vendors' and older servers' names.
Json usage_of(const Json& answer) {
  const Json* raw = find(answer, "usage");
  if (raw == nullptr || !raw->is_object()) return nullptr;
  JsonObject out;
  const auto take = [&](std::string_view name, std::string_view as) {
    const Json* count = find(*raw, name);
    if (count != nullptr && count->is_number() && !out.contains(as)) out[as] = *count;
  };
  take("prompt_tokens", "input_tokens");
  take("input_tokens", "input_tokens");
  take("completion_tokens", "output_tokens");
  take("output_tokens", "output_tokens");
  take("total_tokens", "total_tokens");
  out["raw"] = *raw;
  return out;
}

// The content is a text, or a list of parts of which some are texts.
std::string content_text(const Json& message) {
  const Json* content = find(message, "content");
  if (content == nullptr) return {};
  if (content->is_string()) return std::string(as_view(content->get_string()));
  std::string out;
  if (content->is_array()) {
    for (const Json& part : content->get_array()) out += string_or(part, "text");
  }
  return out;
}

std::string_view refusal_of(const Json& message) {
  const std::string_view refusal = string_or(message, "refusal");
  if (!refusal.empty()) return refusal;
  const Json* content = find(message, "content");
  if (content == nullptr || !content->is_array()) return {};
  for (const Json& part : content->get_array()) {
    const std::string_view words = string_or(part, "refusal");
    if (!words.empty()) return words;
  }
  return {};
}

// The text as JSON that fits the schema, if one was given. Code bad_model_output.
Result<Json> checked_json(const Json& params, std::string_view text) {
  Result<Json> json = parse_json(text, {.max_bytes = limits::kResponseBytes});
  if (!json) {
    return invalid("bad_model_output", "the model's answer is no JSON: " + json.error().message);
  }
  const Json* document = schema_param(params);
  if (document == nullptr) return json;
  // A schema in words that we do not check is the vendor's business alone.
  Result<schema::Schema> schema = schema::Schema::compile(*document);
  if (!schema) return json;
  const Problems problems = schema->check(*json);
  if (problems.empty()) return json;
  return invalid("bad_model_output",
                 fmt::format("the model's answer does not fit the schema: {}: {}",
                             problems.front().pointer, problems.front().message));
}

ProviderResult read_choice(const Call& call, const Json& answer, JsonObject metadata) {
  const Json& choice = find(answer, "choices")->get_array()[0];
  const Json* message = find(choice, "message");
  const std::string_view reason = string_or(choice, "finish_reason");
  const std::string text = message == nullptr ? std::string{} : content_text(*message);
  const std::string_view refusal = message == nullptr ? std::string_view{} : refusal_of(*message);
  if (!refusal.empty()) {
    return failure("model_refused", fmt::format("The model refused: {}", utf8_prefix(refusal, 500)),
                   std::move(metadata));
  }
  if (reason == "content_filter") {
    return failure("content_filtered", "The vendor's content filter cut the answer off",
                   std::move(metadata), JsonObject{{"text", text}});
  }
  if (reason == "length" && wants_json(call.params)) {
    return failure(
        "output_truncated",
        "The answer was cut at its longest length before the JSON ended; raise max_tokens",
        std::move(metadata), JsonObject{{"text", text}});
  }
  JsonObject output{{"text", text}};
  const Json* tool_calls = message == nullptr ? nullptr : find(*message, "tool_calls");
  const bool calls =
      tool_calls != nullptr && tool_calls->is_array() && !tool_calls->get_array().empty();
  if (wants_json(call.params) && !(calls && text.empty())) {
    Result<Json> json = checked_json(call.params, text);
    if (!json) {
      return failure(json.error().code, json.error().message, std::move(metadata),
                     JsonObject{{"text", text}});
    }
    output["json"] = std::move(*json);
  }
  if (calls) output["tool_calls"] = *tool_calls;
  output["finish_reason"] = reason;
  output["model"] = string_or(answer, "model");
  ProviderResult result = ProviderResult::ok(std::move(output));
  result.metadata = std::move(metadata);
  return result;
}

ProviderResult read(const Call& call, const http::Response& response) {
  if (!is_success(response)) return read_failure(response, call.now);
  Result<Json> answer = json_body(response);
  if (!answer) return bad_response(response, answer.error().message);
  const Json* choices = find(*answer, "choices");
  if (choices == nullptr || !choices->is_array() || choices->get_array().empty()) {
    const std::string words = vendor_message(response);
    return bad_response(
        response, "the answer has no choices" + (words.empty() ? std::string{} : ": " + words));
  }
  JsonObject metadata = answer_metadata(response);
  if (Json usage = usage_of(*answer); !usage.is_null()) metadata["usage"] = std::move(usage);
  return read_choice(call, *answer, std::move(metadata));
}

}  // namespace

void register_chat_vendor(Registry& registry, ChatVendor vendor) {
  Provider& provider = registry.add(
      {.name = vendor.name,
       .title = vendor.title,
       .description = "Language models by chat completions.",
       .category = "ai",
       .docs = vendor.docs,
       .aliases = vendor.aliases,
       .auth = {{.type = "api_key", .title = "API key"},
                {.type = "base_url", .title = "Base URL", .secret = false, .required = false}},
       .auth_optional = false});
  Json params = params_schema(kParams);
  Json& properties = params.get_object()["properties"];
  properties.get_object()["model"].get_object()["default"] = vendor.default_model;
  properties.get_object()["base_url"].get_object()["examples"] = JsonArray{vendor.base_url};
  std::vector<std::string> aliases = vendor.action_aliases;
  provider.add(
      {.name = "chat_completion",
       .title = "Chat completion",
       .description = "Asks a model. Output: {text, json?, tool_calls?, finish_reason, model}.",
       .aliases = std::move(aliases),
       .params = std::move(params),
       // asking again costs tokens but changes nothing on the other side
       .effect = EffectClass::read,
       .timeout = kTimeout,
       .body = HttpAction{
           [vendor = std::move(vendor)](const Call& call) { return build(vendor, call); }, read}});
}

}  // namespace pilot::providers
