// Checks params and shows requests (see request_view.h). Pure; any thread.
#include "providers/request_view.h"

#include "providers/redact.h"

namespace pilot::providers {
namespace {

// Stands in for the key that a real call would have: a UUIDv8 by its shape.
constexpr std::string_view kExampleKey = "00000000-0000-8000-8000-000000000000";

Json body_json(const std::string& body, bool has_body) {
  if (!has_body) return nullptr;
  if (Result<Json> json = parse_json(body)) return std::move(*json);
  if (is_valid_utf8(body)) return Json(body);
  return Json(fmt::format("({} bytes that are no text)", body.size()));
}

JsonObject headers_json(const std::vector<http::Header>& headers) {
  JsonObject out;
  for (const http::Header& header : headers) {
    const std::string value = header.sensitive ? "***" : header.value;
    Json& slot = out[header.name];
    slot = slot.is_null() ? value : fmt::format("{}, {}", as_view(slot.get_string()), value);
  }
  return out;
}

Json mail_json(const http::Mail& mail) {
  JsonArray recipients;
  for (const std::string& recipient : mail.recipients) recipients.emplace_back(recipient);
  JsonObject headers{{"MAIL FROM", mail.from}, {"RCPT TO", std::move(recipients)}};
  if (!mail.username.empty()) headers["AUTH"] = "***";
  headers["TLS"] = mail.require_tls ? "required" : "none";
  return JsonObject{
      {"method", "SMTP"}, {"url", mail.url}, {"headers", std::move(headers)}, {"body", mail.data}};
}

std::string text_of(const Problem& problem) {
  return problem.pointer.empty() ? problem.message : problem.pointer + ": " + problem.message;
}

}  // namespace

void rename_old_params(const Action& action, Json& params) {
  if (action.param_aliases.empty() || !params.is_object()) return;
  JsonObject& given = params.get_object();
  const auto old = [&](std::string_view key) {
    const auto found = action.param_aliases.find(key);
    return found != action.param_aliases.end() && !given.contains(found->second) ? &found->second
                                                                                 : nullptr;
  };
  const bool any = std::ranges::any_of(given, [&](const auto& m) {
    return old({m.key().data(), m.key().size()}) != nullptr;
  });
  if (!any) return;
  JsonObject renamed;
  for (const auto& member : given) {
    const std::string_view key(member.key().data(), member.key().size());
    const std::string* name = old(key);
    renamed[name == nullptr ? key : std::string_view(*name)] = member.value();
  }
  given = std::move(renamed);
}

Status check_params(const Action& action, Json& params) {
  if (params.is_null()) params = JsonObject{};
  rename_old_params(action, params);
  if (params.is_object()) schema::fill_defaults(params, action.schema.document());
  const Problems problems = action.schema.check(params);
  if (problems.empty()) return ok();
  std::string message = fmt::format("params of {}: ", action.name);
  for (std::size_t i = 0; i < problems.size(); ++i) {
    if (i > 0) message += "; ";
    message += text_of(problems[i]);
  }
  return invalid(problems.front().code, std::move(message), problems.front().pointer);
}

Result<Json> describe_request(const Provider& provider, const Action& action, Json params,
                              const Connection& connection, WallTime now) {
  if (action.is_logic()) {
    return invalid("not_http", fmt::format("{}.{} sends nothing: it is logic inside the run",
                                           provider.name, action.name));
  }
  if (action.is_task()) {
    return invalid("not_http", fmt::format("{}.{} speaks a protocol of its own, not HTTP: there is "
                                           "no request to show",
                                           provider.name, action.name));
  }
  if (Status checked = check_params(action, params); !checked) return checked.error();
  const Call call{.provider = provider.name,
                  .action = action.name,
                  .params = params,
                  .connection = connection,
                  .user = {},
                  .run = {},
                  .step = {},
                  .idempotency_key = kExampleKey,
                  .now = now};
  const Redactor redactor(connection, &provider);
  const auto shown = [&](Json view) {
    redactor.json(view);
    return view;
  };
  const auto masked = [&](Error error) {  // a params text may quote what the connection holds
    error.message = redactor.text(error.message);
    return error;
  };
  if (const auto* mail_action = std::get_if<MailAction>(&action.body)) {
    Result<http::Mail> mail = mail_action->build(call);
    if (!mail) return masked(mail.error());
    return shown(mail_json(*mail));
  }
  Result<http::Request> request = std::get<HttpAction>(action.body).build(call);
  if (!request) return masked(request.error());
  if (const auto refused = http::check_headers(*request)) {
    return masked(invalid(refused->code, refused->message, "/headers"));
  }
  return shown(JsonObject{{"method", request->method},
                          {"url", request->url},
                          {"headers", headers_json(request->headers)},
                          {"body", body_json(request->body, request->has_body)}});
}

}  // namespace pilot::providers
