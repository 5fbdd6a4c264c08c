#include "providers/data/mqtt_client.h"

#include <fmt/format.h>
#include <mosquitto.h>
#include <poll.h>

namespace pilot::providers::data {
namespace {

constexpr Millis kLook{1'000};  // between the library's own housekeeping
constexpr int kKeepAlive = 60;  // seconds

struct Destroy {
  void operator()(mosquitto* client) const { mosquitto_destroy(client); }
};

class Client {
 public:
  Client(const Target& target, const MqttMessage& message, const TaskContext& context)
      : target_(target),
        message_(message),
        context_(context),
        peer_(http::peer_name(target.host, target.port)),
        client_(mosquitto_new(message.client_id.empty() ? nullptr : message.client_id.c_str(), true,
                              this)) {
    if (!client_) throw std::bad_alloc();
    mosquitto_connect_callback_set(client_.get(), [](mosquitto*, void* self, int code) {
      static_cast<Client*>(self)->on_connect(code);
    });
    mosquitto_publish_callback_set(client_.get(), [](mosquitto*, void* self, int) {
      static_cast<Client*>(self)->outcome_ = TaskOutcome::ok(JsonObject{{"published", true}});
    });
    mosquitto_disconnect_callback_set(
        client_.get(), [](mosquitto*, void* self, int) { static_cast<Client*>(self)->on_end(); });
  }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  TaskOutcome run(http::Tls tls);

 private:
  void on_connect(int code);
  void on_end();
  TaskOutcome await();

  const Target& target_;
  const MqttMessage& message_;
  const TaskContext& context_;
  const std::string peer_;
  bool connected_ = false;
  CallStage stage_ = CallStage::not_sent;
  std::optional<TaskOutcome> outcome_;
  std::unique_ptr<http::TlsContext> tls_;
  std::unique_ptr<mosquitto, Destroy> client_;
};

void Client::on_connect(int code) {
  if (code != 0) {
    const bool log_in = code == 4 || code == 5;
    outcome_ = TaskOutcome::fail({.code = log_in      ? "unauthorized"
                                          : code == 3 ? "unavailable"
                                                      : "connect_failed",
                                  .message = fmt::format("{} refused the connection: {}", peer_,
                                                         mosquitto_connack_string(code)),
                                  .retryable = code == 3},
                                 CallStage::not_sent);
    return;
  }
  connected_ = true;
  const int failed = mosquitto_publish(client_.get(), nullptr, message_.topic.c_str(),
                                       static_cast<int>(message_.payload.size()),
                                       message_.payload.data(), message_.qos, message_.retain);
  stage_ = CallStage::sent;
  if (failed == MOSQ_ERR_SUCCESS || outcome_) return;
  outcome_ = TaskOutcome::fail({.code = "publish_failed", .message = mosquitto_strerror(failed)},
                               CallStage::not_sent);
}

void Client::on_end() {
  if (outcome_) return;
  if (!connected_ && tls_) {
    outcome_ = TaskOutcome::fail(
        {.code = "tls_failed",
         .message = fmt::format("the TLS handshake with {} failed: its certificate was not "
                                "accepted, or it does not speak TLS",
                                peer_)},
        CallStage::not_sent);
    return;
  }
  outcome_ = TaskOutcome::fail({.code = connected_ ? "connection_lost" : "connect_failed",
                                .message = fmt::format("the connection to {} was lost", peer_),
                                .retryable = true},
                               stage_);
}

TaskOutcome Client::await() {
  mosquitto* client = client_.get();
  while (!outcome_) {
    const int socket = mosquitto_socket(client);
    if (socket < 0) {
      on_end();
      break;
    }
    const auto events =
        static_cast<short>(mosquitto_want_write(client) ? POLLIN | POLLOUT : POLLIN);
    const Interrupt::Wake wake = context_.interrupt.wait(socket, events, kLook);
    if (wake == Interrupt::Wake::timed_out || wake == Interrupt::Wake::cancelled) {
      return TaskOutcome::fail(
          http::interrupted(context_.interrupt, peer_, stage_ != CallStage::not_sent));
    }
    int failed = MOSQ_ERR_SUCCESS;
    if (mosquitto_want_write(client)) failed = mosquitto_loop_write(client, 1);
    if (failed == MOSQ_ERR_SUCCESS && !outcome_) failed = mosquitto_loop_read(client, 1);
    if (failed == MOSQ_ERR_SUCCESS && !outcome_) failed = mosquitto_loop_misc(client);
    if (failed != MOSQ_ERR_SUCCESS && !outcome_) on_end();
  }
  return std::move(*outcome_);
}

TaskOutcome Client::run(http::Tls tls) {
  auto judged = context_.dialer.addresses(target_.host, target_.port, context_.allowed_hosts,
                                          context_.interrupt);
  if (const auto* refused = std::get_if<http::SendError>(&judged)) {
    return TaskOutcome::fail(*refused);
  }
  mosquitto* client = client_.get();
  if (!target_.username.empty() || !target_.password.empty()) {
    mosquitto_username_pw_set(client, target_.username.c_str(),
                              target_.password.empty() ? nullptr : target_.password.c_str());
  }
  if (tls != http::Tls::none) {
    // A context of our own: it knows the host's name, the library only the address.
    tls_ = std::make_unique<http::TlsContext>(target_.host, tls);
    mosquitto_int_option(client, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
    mosquitto_void_option(client, MOSQ_OPT_SSL_CTX, tls_->get());
  }
  int failed = MOSQ_ERR_ERRNO;
  for (const http::Endpoint& endpoint : std::get<std::vector<http::Endpoint>>(judged)) {
    failed = mosquitto_connect_async(client, endpoint.address.c_str(), endpoint.port, kKeepAlive);
    if (failed == MOSQ_ERR_SUCCESS) break;
  }
  if (failed != MOSQ_ERR_SUCCESS) {
    on_end();
    return std::move(*outcome_);
  }
  TaskOutcome outcome = await();
  mosquitto_disconnect(client);
  return outcome;
}

}  // namespace

void prepare_mqtt() { mosquitto_lib_init(); }

bool is_mqtt_topic(const std::string& topic) {
  return mosquitto_pub_topic_check(topic.c_str()) == MOSQ_ERR_SUCCESS &&
         topic.find('\0') == std::string::npos;
}

TaskOutcome publish_by_mqtt(const Target& target, http::Tls tls, const MqttMessage& message,
                            const TaskContext& context) {
  return Client(target, message, context).run(tls);
}

}  // namespace pilot::providers::data
