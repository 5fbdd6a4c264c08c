// Building the requests of the catalogue's examples, and making all of its providers.
#include <fmt/format.h>
#include <malloc.h>
#include <time.h>

#include <chrono>

#include "base/crypto.h"
#include "load_client.h"
#include "providers/http_call.h"
#include "providers/manifest/catalog.h"
#include "providers/manifest/embedded.h"
#include "providers/manifest/reader.h"
#include "providers/registry.h"
#include "providers/request_view.h"
#include "providers_bench.h"
#include "servers.h"

namespace pilot::bench {
namespace {

using namespace providers;  // NOLINT: this file is about nothing else
using Clock = std::chrono::steady_clock;

// Each kind of sign-in and body; where an action has several examples the first one.
constexpr std::string_view kShown[] = {
    "slack.post_message",  "stripe.create_customer", "github.create_issue", "linear.create_issue",
    "aws_s3.list_objects", "aws_dynamodb.put_item",  "ghost.create_post",   "x.post_tweet"};
constexpr WallTime kNow{std::chrono::seconds{1'800'000'000}};
constexpr const char* kKey = "0d6c5b9c-7a4e-8f3a-9b1c-3f7b6f3f7a11";

// CPU of this thread: on an idle machine the time that it takes.
double cpu_ms() {
  timespec spent{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) * 1e3 + static_cast<double>(spent.tv_nsec) / 1e6;
}

// The best of three rounds, in microseconds a call: what disturbs only adds.
template <class Work>
double microseconds(std::chrono::microseconds round_time, Work work) {
  double best = 0;
  for (int round = 0; round < 3; ++round) {
    const auto begin = Clock::now();
    int calls = 0;
    std::chrono::duration<double, std::micro> took{};
    do {
      work();
      ++calls;
      took = Clock::now() - begin;
    } while (took < round_time);
    if (round == 0 || took.count() / calls < best) best = took.count() / calls;
  }
  return best;
}

Connection connection_of(const Json* values) {
  Connection out;
  if (values == nullptr || !values->is_object()) return out;
  for (const auto& member : values->get_object()) {
    if (const auto text = scalar_text(member.value())) {
      out.values.emplace(std::string(manifest::key_of(member)), Secret(*text));
    }
  }
  // Stand for the token that a sign-in gives.
  out.values.emplace("access_token", Secret("example-token"));
  out.values.emplace("session_token", Secret("example-token"));
  return out;
}

// What the engine does between resolved params and the bytes to send.
Result<http::Request> build(const Provider& provider, const Action& action, const Json& given,
                            const Connection& connection) {
  Json params = given;
  if (Status fits = check_params(action, params); !fits) return fits.error();
  const Call call{.provider = provider.name,
                  .action = action.name,
                  .params = params,
                  .connection = connection,
                  .user = "local",
                  .run = "run",
                  .step = "step_1",
                  .idempotency_key = kKey,
                  .now = kNow};
  return std::get<HttpAction>(action.body).build(call);
}

// One example, measured; nothing for an action that sends nothing.
Result<std::optional<RequestFigure>> figure_of(const Provider& provider, const Action& action,
                                               const Json& example, const Json* usual,
                                               std::chrono::microseconds round_time) {
  if (std::get_if<HttpAction>(&action.body) == nullptr) return std::optional<RequestFigure>{};
  const Json* given = find(example, "params");
  const Json params = given == nullptr ? Json(JsonObject{}) : *given;
  const Json* own = find(example, "connection");
  const Connection connection = connection_of(own == nullptr ? usual : own);
  const Result<http::Request> first = build(provider, action, params, connection);
  const std::string what = fmt::format("{}.{}", provider.name, action.name);
  if (!first) return first.error().prefixed(what);
  const std::string bytes = first->url + first->body;
  return std::optional(RequestFigure{
      .what = what,
      .build_us = microseconds(
          round_time, [&] { (void)build(provider, action, params, connection).has_value(); }),
      .json_us = microseconds(round_time, [&] { (void)to_json(params).size(); }),
      .hash_us = microseconds(round_time, [&] { (void)crypto::sha256(bytes); })});
}

std::size_t heap_bytes() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

}  // namespace

Result<RequestFigures> measure_requests() {
  const std::string_view blob = manifest::embedded_catalog();
  Registry registry;
  manifest::register_packed(registry, blob);
  RequestFigures out;
  std::vector<double> all;
  for (const manifest::CatalogEntry& entry : manifest::unpack(blob)) {
    const Provider& provider = *registry.find(entry.id);
    const Json* actions = find(entry.document, "actions");
    if (actions == nullptr || !actions->is_object()) continue;
    for (const auto& member : actions->get_object()) {
      const Action* action = provider.find(manifest::key_of(member));
      const Json* examples = find(member.value(), "examples");
      if (action == nullptr || examples == nullptr || !examples->is_array()) continue;
      bool first = true;
      for (const Json& example : examples->get_array()) {
        const std::string name = fmt::format("{}.{}", provider.name, action->name);
        const bool shown = first && std::ranges::find(kShown, name) != std::end(kShown);
        first = false;
        Result<std::optional<RequestFigure>> figure =
            figure_of(provider, *action, example, find(entry.document, "example_connection"),
                      std::chrono::microseconds{shown ? 20'000 : 300});
        if (!figure) return figure.error();
        if (!*figure) continue;
        all.push_back((**figure).build_us);
        if (shown) out.shown.push_back(std::move(**figure));
      }
    }
    if (interrupted()) return interruption();
  }
  std::ranges::sort(all);
  out.examples = all.size();
  out.median_us = quantile(all, 0.5);
  out.p90_us = quantile(all, 0.9);
  out.p99_us = quantile(all, 0.99);
  return out;
}

Result<CatalogueFigures> measure_catalogue(const Options& options,
                                           const std::filesystem::path& dir) {
  CatalogueFigures out;
  const std::size_t before = heap_bytes();
  const double begin = cpu_ms();
  auto registry = std::make_unique<Registry>();
  manifest::register_packed(*registry, manifest::embedded_catalog());
  out.register_ms = cpu_ms() - begin;
  const std::vector<const Provider*> all = registry->all();
  out.make_ms = cpu_ms() - begin - out.register_ms;
  out.heap_mib = static_cast<double>(heap_bytes() - before) / (1 << 20);
  out.providers = all.size();
  for (const Provider* provider : all) out.actions += provider->actions.size();

  std::vector<double> lists;
  for (int round = 0; round < 5; ++round) {
    const double start = now_seconds();
    Result<Process> list = Process::start(
        {options.pilot.string(), "--data-dir", (dir / "list").string(), "providers", "list"},
        dir / "list.log");
    if (!list) return list.error();
    const Result<std::string> told = list->finish(30);
    if (!told) return told.error();
    lists.push_back(1e3 * (now_seconds() - start));
  }
  out.list_ms = median(std::move(lists));
  return out;
}

}  // namespace pilot::bench
