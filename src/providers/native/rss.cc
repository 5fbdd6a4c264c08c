// Provider `rss`: reads feeds. Pure; any thread.
#include "http/url.h"
#include "providers/answer.h"
#include "providers/data/feed.h"
#include "providers/http_call.h"
#include "providers/registry.h"

namespace pilot::providers {
namespace {

constexpr std::string_view kParams = R"({
  "type": "object",
  "properties": {
    "feed_url": {"type": "string", "minLength": 1, "description": "Address of the feed."},
    "url": {"type": "string", "minLength": 1, "description": "Another name of feed_url."},
    "limit": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100,
              "description": "At most so many items, from the top."},
    "since": {"type": ["string", "null"], "format": "date-time",
              "description": "Only items that are newer; those without a date come along."}
  },
  "anyOf": [{"required": ["feed_url"]}, {"required": ["url"]}],
  "additionalProperties": false
})";

Result<http::Request> build(const Call& call) {
  const std::string_view given = string_or(call.params, "feed_url", string_or(call.params, "url"));
  Result<http::Url> url = http::parse_url(given);
  if (!url) return url.error().prefixed("feed_url");
  http::Request request{.method = "GET", .url = url->text()};
  set_header(request, "Accept",
             "application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.5");
  return request;
}

ProviderResult read(const Call& call, const http::Response& response) {
  if (!is_success(response)) return read_failure(response, call.now);
  data::FeedOptions options;
  if (const Json* limit = find(call.params, "limit")) {
    options.most = static_cast<std::size_t>(limit->to_number<std::int64_t>());
  }
  if (const std::string_view since = string_or(call.params, "since"); !since.empty()) {
    const auto time = parse_rfc3339(since);
    if (!time)
      return ProviderResult::fail({.code = "invalid_value", .message = "since is no time"});
    options.since = *time;
  }
  Result<Json> feed = data::parse_feed(response.body, options);
  if (!feed) {
    return ProviderResult::fail({.code = feed.error().code,
                                 .message = feed.error().message,
                                 .http_status = response.status});
  }
  ProviderResult result = ProviderResult::ok(std::move(*feed));
  result.metadata = answer_metadata(response);
  return result;
}

}  // namespace

void register_rss(Registry& registry) {
  Provider& provider = registry.add({.name = "rss",
                                     .title = "RSS",
                                     .description = "Reads RSS and Atom feeds.",
                                     .category = "content",
                                     .aliases = {"feed"}});
  provider.add({.name = "parse_feed",
                .title = "Read a feed",
                .description = "Reads an RSS or Atom feed. Output: {title, link, description, "
                               "updated, items}.",
                .aliases = {"read", "fetch"},
                .params = params_schema(kParams),
                .effect = EffectClass::read,
                .body = HttpAction{build, read}});
}

}  // namespace pilot::providers
