// One message to an MQTT broker. Connects to a judged address only; every wait ends with the
// interrupt. On the call's side thread.
#pragma once

#include "http/stream.h"
#include "providers/data/target.h"

namespace pilot::providers::data {

struct MqttMessage {
  std::string topic;
  std::string payload;
  int qos = 0;
  bool retain = false;
  std::string client_id;  // empty: a random one
};

void prepare_mqtt();                           // before the first, while there is one thread
bool is_mqtt_topic(const std::string& topic);  // one to publish to: no wildcards

// With QoS 1 and 2 success means that the broker has it, with 0 that it was sent.
TaskOutcome publish_by_mqtt(const Target& target, http::Tls tls, const MqttMessage& message,
                            const TaskContext& context);

}  // namespace pilot::providers::data
