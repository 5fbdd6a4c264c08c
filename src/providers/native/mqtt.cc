// Provider `mqtt`: messages to an MQTT broker. Side threads.
#include <fmt/format.h>

#include "base/crypto.h"
#include "providers/data/mqtt_client.h"
#include "providers/registry.h"

namespace pilot::providers {
namespace {

constexpr std::string_view kParams = R"({
  "type": "object",
  "properties": {
    "topic": {"type": "string", "minLength": 1, "maxLength": 65535,
              "description": "Where to, as home/lamp. No wildcards."},
    "message": {"description": "A text; anything else is sent as JSON."},
    "payload": {"description": "Another name of message."},
    "message_base64": {"type": "string", "description": "Bytes in base64, instead of message."},
    "qos": {"enum": [0, 1, 2], "default": 1,
            "description": "0: sent; 1: the broker has it; 2: it has it once."},
    "retain": {"type": "boolean", "default": false,
               "description": "The broker keeps it for those who come later."}
  },
  "required": ["topic"],
  "anyOf": [{"required": ["message"]}, {"required": ["payload"]}, {"required": ["message_base64"]}],
  "additionalProperties": false
})";

Result<data::MqttMessage> message_of(const Call& call) {
  data::MqttMessage out;
  out.topic = string_or(call.params, "topic");
  if (!data::is_mqtt_topic(out.topic)) {
    return invalid("invalid_value", "a topic to publish to has no wildcards (+, #) and no NUL",
                   "/topic");
  }
  const Json* text = find(call.params, "message");
  if (text == nullptr) text = find(call.params, "payload");
  if (text != nullptr) {
    out.payload = text->is_string() ? std::string(as_view(text->get_string())) : to_json(*text);
  } else {
    auto bytes = crypto::decode_base64(string_or(call.params, "message_base64"));
    if (!bytes) return invalid("invalid_value", bytes.error().message, "/message_base64");
    out.payload = std::move(*bytes);
  }
  if (out.payload.size() > limits::kRequestBody) {
    return too_large("request_too_large", fmt::format("the message has {} bytes, the limit is {}",
                                                      out.payload.size(), limits::kRequestBody));
  }
  out.qos = static_cast<int>(find(call.params, "qos")->to_number<std::int64_t>());
  out.retain = find(call.params, "retain")->get_bool();
  out.client_id = call.connection.value("client_id").value_or("");
  return out;
}

TaskOutcome publish(const Call& call, const TaskContext& context) {
  const auto target = data::target_of(call, {"mqtt", "mqtts"}, 0, "tls");
  if (!target) return TaskOutcome::fail(target.error());
  const std::string& word = target->tls;
  if (!word.empty() && word != "none" && word != "require" && word != "insecure") {
    return TaskOutcome::fail(
        invalid("invalid_value", "the connection's tls is none, require or insecure"));
  }
  const http::Tls tls = word == "require"    ? http::Tls::required
                        : word == "insecure" ? http::Tls::unverified
                                             : http::Tls::none;
  data::Target with_port = *target;
  if (with_port.port == 0) with_port.port = tls == http::Tls::none ? 1883 : 8883;
  const auto message = message_of(call);
  if (!message) return TaskOutcome::fail(message.error());
  return data::publish_by_mqtt(with_port, tls, *message, context);
}

}  // namespace

void register_mqtt(Registry& registry) {
  data::prepare_mqtt();
  Provider& provider =
      registry.add({.name = "mqtt",
                    .title = "MQTT",
                    .description = "Messages to an MQTT broker.",
                    .category = "messaging",
                    .auth = data::target_fields("MQTT", {{.type = "tls",
                                                          .title = "none, require or insecure",
                                                          .secret = false,
                                                          .required = false},
                                                         {.type = "client_id",
                                                          .title = "Client id; else a random one",
                                                          .secret = false,
                                                          .required = false}}),
                    .auth_optional = false});
  provider.add({.name = "publish",
                .title = "Publish",
                .description = "Sends one message to a topic. Output: {published}.",
                .aliases = {"send"},
                .params = params_schema(kParams),
                .effect = EffectClass::unsafe,
                .body = TaskAction{publish}});
}

}  // namespace pilot::providers
