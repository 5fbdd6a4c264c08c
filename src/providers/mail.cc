// Puts mails together (see mail.h). Pure; any thread.
#include "providers/mail.h"

#include <algorithm>

#include "base/crypto.h"
#include "http/url.h"

namespace pilot::providers {
namespace {

constexpr std::size_t kRecipients = 1'000;

// A param that is a text with addresses, or a list of such texts.
Result<std::vector<Address>> addresses_of(const Json& params, std::string_view name) {
  std::vector<Address> out;
  const Json* value = find(params, name);
  if (value == nullptr || value->is_null()) return out;
  const std::string pointer = pointer_join("", name);
  const auto add = [&](std::string_view text) -> Status {
    Result<std::vector<Address>> some = parse_addresses(text, pointer);
    if (!some) return some.error();
    out.insert(out.end(), some->begin(), some->end());
    return ok();
  };
  if (value->is_string()) {
    if (Status added = add(as_view(value->get_string())); !added) return added.error();
    return out;
  }
  for (const Json& item : value->get_array()) {
    if (Status added = add(as_view(item.get_string())); !added) return added.error();
  }
  return out;
}

Result<Attachment> attachment_of(const Json& item, const std::string& pointer) {
  Attachment out{.name = std::string(string_or(item, "name"))};
  out.content_type = string_or(item, "content_type", out.content_type);
  if (const Json* encoded = find(item, "content_base64")) {
    Result<std::string> bytes = crypto::decode_base64(as_view(encoded->get_string()));
    if (!bytes) {
      return invalid("invalid_value", "content_base64: " + bytes.error().message, pointer);
    }
    out.content = std::move(*bytes);
    return out;
  }
  const Json* content = find(item, "content");
  if (content == nullptr) {
    return invalid("missing_param", "an attachment needs content or content_base64", pointer);
  }
  out.content =
      content->is_string() ? std::string(as_view(content->get_string())) : to_json(*content);
  return out;
}

Status add_attachments(Message& message, const Json& params) {
  const Json* items = find(params, "attachments");
  if (items == nullptr) return ok();
  for (std::size_t i = 0; i < items->get_array().size(); ++i) {
    Result<Attachment> attachment =
        attachment_of(items->get_array()[i], pointer_join("/attachments", i));
    if (!attachment) return attachment.error();
    message.attachments.push_back(std::move(*attachment));
  }
  return ok();
}

void add_mail_headers(Message& message, const Json& params) {
  const Json* headers = find(params, "headers");
  if (headers == nullptr) return;
  for (const auto& member : headers->get_object()) {
    message.headers.push_back(
        {std::string(member.key()), std::string(as_view(member.value().get_string()))});
  }
}

// smtp:// or smtps:// by the connection's security: starttls (default), tls (default on 465), none.
Status set_server(http::Mail& mail, const Call& call) {
  const Connection& connection = call.connection;
  const auto host = connection.value("host");
  if (!host) return missing_credentials(call.provider, "host");
  const std::string_view port = connection.value("port").value_or("");
  const std::string_view security =
      connection.value("security").value_or(port == "465" ? "tls" : "starttls");
  if (security != "starttls" && security != "tls" && security != "none") {
    return invalid("invalid_credentials",
                   "security of the connection must be starttls, tls or none");
  }
  const bool tls = security == "tls";
  const std::string_view usual = tls ? "465" : security == "none" ? "25" : "587";
  Result<http::Url> url = http::parse_mail_url(
      fmt::format("{}://{}:{}", tls ? "smtps" : "smtp", *host, port.empty() ? usual : port));
  if (!url) {
    return invalid("invalid_credentials", "host or port of the connection: " + url.error().message);
  }
  mail.url = fmt::format("{}://{}:{}", url->scheme, url->host, url->port);
  mail.require_tls = security != "none";
  mail.username = connection.value("username").value_or("");
  mail.password = connection.value("password").value_or("");
  if (!mail.username.empty() && mail.password.empty()) {
    return missing_credentials(call.provider, "password");
  }
  return ok();
}

void add_recipients(http::Mail& mail, const std::vector<Address>& addresses) {
  for (const Address& address : addresses) {
    if (std::ranges::find(mail.recipients, address.spec) == mail.recipients.end()) {
      mail.recipients.push_back(address.spec);
    }
  }
}

Result<Message> message_of(const Call& call, const Address& sender) {
  const Json& params = call.params;
  Message message{.from = sender,
                  .subject = std::string(string_or(params, "subject")),
                  .text = std::string(string_or(params, "text")),
                  .html = std::string(string_or(params, "html")),
                  .message_id = message_id(call, sender),
                  .date = call.now};
  const std::pair<std::string_view, std::vector<Address>*> lists[] = {
      {"to", &message.to}, {"cc", &message.cc}, {"reply_to", &message.reply_to}};
  for (const auto& [name, list] : lists) {
    Result<std::vector<Address>> addresses = addresses_of(params, name);
    if (!addresses) return addresses.error();
    *list = std::move(*addresses);
  }
  add_mail_headers(message, params);
  if (Status added = add_attachments(message, params); !added) return added.error();
  return message;
}

}  // namespace

Result<Address> mail_sender(const Call& call) {
  std::string_view text = string_or(call.params, "from");
  const bool given = !text.empty();
  if (!given) text = call.connection.value("from").value_or("");
  if (text.empty()) text = call.connection.value("username").value_or("");
  if (text.empty()) return missing_credentials(call.provider, "from");
  Result<std::vector<Address>> some = parse_addresses(text, "/from");
  if (some && some->size() == 1) return some->front();
  if (given) {
    return some ? invalid("invalid_address", "from must be one address", "/from") : some.error();
  }
  // The value may be a secret's neighbour (a user name): say what to set, not what it is.
  return missing_credentials(call.provider, "from");
}

std::string message_id(const Call& call, const Address& sender) {
  return fmt::format("<{}@{}>", call.idempotency_key, sender.domain());
}

Result<http::Mail> build_mail(const Call& call) {
  http::Mail mail;
  if (Status set = set_server(mail, call); !set) return set.error();
  Result<Address> sender = mail_sender(call);
  if (!sender) return sender.error();
  Result<Message> message = message_of(call, *sender);
  if (!message) return message.error();
  Result<std::vector<Address>> bcc = addresses_of(call.params, "bcc");
  if (!bcc) return bcc.error();
  add_recipients(mail, message->to);
  add_recipients(mail, message->cc);
  add_recipients(mail, *bcc);
  if (mail.recipients.empty()) return invalid("missing_param", "to has no address in it", "/to");
  if (mail.recipients.size() > kRecipients) {
    return invalid("invalid_value", "a mail may have 1000 recipients at most", "/to");
  }
  Result<std::string> data = build_message(*message);
  if (!data) return data.error();
  mail.from = sender->spec;
  mail.data = std::move(*data);
  if (mail.data.size() > limits::kRequestBody) {
    return too_large("too_large", "the mail is larger than 10 MiB", "/attachments");
  }
  return mail;
}

}  // namespace pilot::providers
