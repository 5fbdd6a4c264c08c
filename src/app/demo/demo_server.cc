#include "app/demo/demo_server.h"

#include <fmt/format.h>

namespace pilot::app {
namespace {

constexpr std::size_t kKeys = 10'000;  // then the counts of /stock start anew

api::awaitable<api::Response> now(api::Response response) { co_return response; }

api::Response problem(int status, std::string_view text) {
  return api::json_response(JsonObject{{"error", text}}, status);
}

}  // namespace

DemoServer::DemoServer(std::vector<boost::asio::io_context*> shards, Log& log)
    : shards_(std::move(shards)), log_(log) {
  router_.add(api::Method::get, "/orders", [this](api::Request&) { return now(orders()); });
  router_.add(api::Method::get, "/shipping",
              [this](api::Request& request) { return now(shipping(request)); });
  router_.add(api::Method::get, "/stock",
              [this](api::Request& request) { return now(stock(request)); });
  router_.add(api::Method::post, "/reports",
              [this](api::Request& request) { return now(report(request)); });
}

DemoServer::~DemoServer() = default;

Result<std::string> DemoServer::url(std::uint16_t port) {
  std::lock_guard lock(mutex_);
  if (!server_) {
    auto server = api::Server::listen("127.0.0.1", port, shards_, router_, {}, log_);
    if (!server) return server.error();
    server_ = std::move(*server);
  }
  return fmt::format("http://127.0.0.1:{}", server_->port());
}

api::Response DemoServer::orders() const {
  const auto order = [](int id, std::string_view customer, std::string_view country, double total,
                        bool express) {
    return JsonObject{{"id", id},
                      {"customer", customer},
                      {"country", country},
                      {"total", total},
                      {"express", express}};
  };
  return api::json_response(
      JsonObject{{"orders", JsonArray{order(1001, "Ada Lovelace", "GB", 129.5, true),
                                      order(1002, "Konrad Zuse", "DE", 79.0, false),
                                      order(1003, "Grace Hopper", "US", 240.25, false),
                                      order(1004, "Hedy Lamarr", "AT", 18.9, true)}}});
}

api::Response DemoServer::shipping(const api::Request& request) const {
  const std::string country(request.query_value("country").value_or(""));
  if (country.size() != 2) return problem(400, "country must have two letters");
  const bool near = country == "DE" || country == "AT";
  return api::json_response(
      JsonObject{{"country", country}, {"days", near ? 1 : 4}, {"price", near ? 4.9 : 14.9}});
}

api::Response DemoServer::stock(const api::Request& request) {
  const std::string key(request.query_value("key").value_or("default"));
  std::lock_guard lock(mutex_);
  if (asked_.size() > kKeys) asked_.clear();
  if (++asked_[key] <= 2) {
    api::Response busy = problem(503, "the warehouse is counting; ask again");
    busy.headers.emplace_back("Retry-After", "0");
    return busy;
  }
  return api::json_response(JsonObject{{"available", true}, {"asked", asked_[key]}});
}

api::Response DemoServer::report(const api::Request& request) {
  const Result<Json> body = parse_json(request.body);
  if (!body) return problem(400, body.error().message);
  std::lock_guard lock(mutex_);
  return api::json_response(
      JsonObject{{"id", fmt::format("report-{}", ++reports_)}, {"received", *body}}, 201);
}

void register_demo(providers::Registry& registry, DemoServer* server) {
  auto& demo = registry.add({.name = "demo",
                             .title = "Demo shop",
                             .description = "A small shop on this machine, for trying plans out.",
                             .category = "core"});
  demo.add(
      {.name = "start",
       .title = "Start the demo shop",
       .description = "Serves the demo shop on a loopback port; gives {url}.",
       .params =
           JsonObject{
               {"type", "object"}, {"properties", JsonObject{}}, {"additionalProperties", false}},
       .effect = EffectClass::pure,
       .body = providers::LogicAction{[server](const providers::Call&) -> providers::LogicOutcome {
         if (server == nullptr) {
           return ProviderResult::fail(
               {.code = "unavailable", .message = "there is no demo shop in this process"});
         }
         const Result<std::string> url = server->url();
         if (!url) {
           return ProviderResult::fail(
               {.code = std::string(url.error().code_or_kind()), .message = url.error().message});
         }
         return ProviderResult::ok(JsonObject{{"url", *url}}, "listening at " + *url);
       }}});
}

}  // namespace pilot::app
