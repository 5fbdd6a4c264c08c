#include "providers/manifest/examples.h"

#include "http/url.h"
#include "providers/http_call.h"
#include "providers/manifest/reader.h"
#include "providers/request_view.h"

namespace pilot::providers::manifest {
namespace {

constexpr std::string_view kKey = "00000000-0000-8000-8000-000000000000";
constexpr WallTime kNow{std::chrono::seconds{1'800'000'000}};  // 2027-01-15T08:00:00Z

Connection connection_of(const Json* values) {
  Connection out;
  if (values == nullptr || !values->is_object()) return out;
  for (const auto& member : values->get_object()) {
    const auto text = scalar_text(member.value());
    if (text) out.values.emplace(std::string(key_of(member)), Secret(*text));
  }
  return out;
}

std::string header_of(const http::Request& request, std::string_view name) {
  for (const http::Header& header : request.headers) {
    if (lower(header.name) == lower(name)) return header.value;
  }
  return "(none)";
}

// What differs between the request and the expectation; empty when nothing does.
std::string difference(const http::Request& request, const Json& expected) {
  const auto differ = [](std::string_view what, std::string_view is, std::string_view should) {
    return fmt::format("{} is {}, not {}", what, is, should);
  };
  if (const auto method = string_or(expected, "method", request.method); method != request.method) {
    return differ("method", request.method, method);
  }
  if (const auto url = string_or(expected, "url", request.url); url != request.url) {
    return differ("url", request.url, url);
  }
  if (const Json* headers = find(expected, "headers"); headers && headers->is_object()) {
    for (const auto& member : headers->get_object()) {
      const std::string is = header_of(request, key_of(member));
      const std::string should = scalar_text(member.value()).value_or("(none)");
      if (is != should) return differ(key_of(member), is, should);
    }
  }
  const Json* body = find(expected, "body");
  if (body == nullptr) return {};
  if (body->is_null()) return request.has_body ? differ("body", request.body, "none") : "";
  if (body->is_string()) {
    const auto text = as_view(body->get_string());
    return request.body == text ? "" : differ("body", request.body, text);
  }
  const Result<Json> is = parse_json(request.body);
  if (is && *is == *body) return {};
  return differ("body", request.body, to_json(*body));
}

std::string run_one(const Provider& provider, const Action& action, const Json& example,
                    const Json* usual_connection) {
  const Json* given = find(example, "params");
  Json params = given == nullptr ? Json(JsonObject{}) : *given;
  if (const Status fits = check_params(action, params); !fits) return fits.error().message;
  const Json* own = find(example, "connection");
  Connection connection = connection_of(own == nullptr ? usual_connection : own);
  const Call call{.provider = provider.name,
                  .action = action.name,
                  .params = params,
                  .connection = connection,
                  .user = "local",
                  .run = {},
                  .step = {},
                  .idempotency_key = kKey,
                  .now = kNow};
  const auto* http = std::get_if<HttpAction>(&action.body);
  if (http == nullptr) return "the action sends nothing";
  const SignIn* sign_in = http->sign_in ? http->sign_in(connection) : nullptr;
  if (sign_in != nullptr) {  // stands for the token that a real call would get first
    connection.values.emplace("access_token", Secret("example-token"));
    connection.values.emplace("session_token", Secret("example-token"));
  }
  const Result<http::Request> request = http->build(call);
  if (!request) return request.error().message;
  if (const auto refused = http::check_headers(*request)) return refused->message;
  if (const auto url = http::parse_url(request->url); !url) return url.error().message;
  const Json* expected = find(example, "request");
  return expected == nullptr ? "" : difference(*request, *expected);
}

}  // namespace

ExampleReport run_examples(const Json& document, const Provider& provider) {
  ExampleReport out;
  const Json* usual = find(document, "example_connection");
  const Json* actions = find(document, "actions");
  if (actions == nullptr || !actions->is_object()) return out;
  for (const auto& member : actions->get_object()) {
    const std::string name(key_of(member));
    const Action* action = provider.find(name);
    if (action == nullptr || action->is_logic()) continue;
    const Json* examples = find(member.value(), "examples");
    if (examples == nullptr || !examples->is_array() || examples->get_array().empty()) {
      out.without.push_back(name);
      continue;
    }
    for (std::size_t i = 0; i < examples->get_array().size(); ++i) {
      ++out.run;
      const std::string fault = run_one(provider, *action, examples->get_array()[i], usual);
      if (fault.empty()) continue;
      out.faults.push_back({pointer_join("/actions/" + name + "/examples", i), fault});
    }
  }
  return out;
}

}  // namespace pilot::providers::manifest
