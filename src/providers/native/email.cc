// Provider `email`: mails by the SMTP server of the connection. A mail that went out cannot be
// taken back and no server drops a second one, so the effect is unsafe. Pure; any thread.
#include "providers/mail.h"
#include "providers/registry.h"

namespace pilot::providers {
namespace {

constexpr std::string_view kParams = R"({
  "type": "object",
  "properties": {
    "to": {"type": ["string", "array"], "items": {"type": "string"},
           "description": "Addresses: text with commas, or a list."},
    "cc": {"type": ["string", "array", "null"], "items": {"type": "string"},
           "description": "More addresses, seen by all."},
    "bcc": {"type": ["string", "array", "null"], "items": {"type": "string"},
            "description": "More addresses, seen by nobody."},
    "from": {"type": "string", "description": "Sender; else the connection's `from`."},
    "reply_to": {"type": ["string", "array", "null"], "items": {"type": "string"},
                 "description": "Where answers are to go."},
    "subject": {"type": "string", "default": "", "description": "Subject line."},
    "text": {"type": "string", "description": "The mail as plain text."},
    "html": {"type": "string", "description": "The mail as HTML; with `text`, both are sent."},
    "headers": {"type": "object", "additionalProperties": {"type": "string"},
                "description": "More header lines, e.g. List-Unsubscribe."},
    "attachments": {
      "type": "array",
      "description": "Files.",
      "items": {
        "type": "object",
        "properties": {
          "name": {"type": "string", "minLength": 1, "description": "File name."},
          "content": {"description": "Content as text; what is no text is sent as JSON."},
          "content_base64": {"type": "string", "description": "Content in base64."},
          "content_type": {"type": "string", "minLength": 1,
                           "description": "Media type; default application/octet-stream."}
        },
        "required": ["name"],
        "additionalProperties": false
      }
    }
  },
  "required": ["to"],
  "anyOf": [{"required": ["text"]}, {"required": ["html"]}],
  "additionalProperties": false
})";

}  // namespace

void register_email(Registry& registry) {
  Provider& provider = registry.add(
      {.name = "email",
       .title = "Email",
       .description = "Sends mail by SMTP.",
       .category = "communication",
       .aliases = {"smtp"},
       .auth = {{.type = "host", .title = "SMTP server", .secret = false},
                {.type = "port", .title = "Port (587, 465)", .secret = false, .required = false},
                {.type = "username", .title = "User name", .secret = false, .required = false},
                {.type = "password", .title = "Password", .required = false},
                {.type = "from", .title = "Sender", .secret = false, .required = false},
                {.type = "security",
                 .title = "starttls, tls or none",
                 .secret = false,
                 .required = false}},
       .auth_optional = false});
  provider.add({.name = "send",
                .title = "Send",
                .description = "Sends one mail. Output: {message_id}.",
                .aliases = {"send_email"},
                .params = params_schema(kParams),
                .effect = EffectClass::unsafe,
                .body = MailAction{build_mail}});
}

}  // namespace pilot::providers
