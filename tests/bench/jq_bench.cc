#include "jq_bench.h"

#include <chrono>

#include "jq/jq.h"
#include "load_client.h"

#ifdef PILOT_LIBJQ
extern "C" {
#include <jq.h>
#include <jv.h>
}
#endif

namespace pilot::bench {
namespace {

// Over a list of orders.
constexpr const char* kPrograms[] = {
    ".orders[0].customer.name",
    "[.orders[] | .id]",
    ".orders | map(select(.total > 500)) | length",
    "[.orders[] | {id, name: .customer.name, total}]",
    "reduce .orders[] as $o (0; . + $o.total)",
    ".orders | group_by(.customer.country) | map({country: .[0].customer.country, orders: length})",
    ".orders | sort_by(.total) | reverse | .[0:10]",
    "[.orders[] | \"\\(.id): \\(.customer.name) <\\(.customer.email)>\"]",
    ".orders | map(.total |= . * 1.19 | .items |= map(.sku | ascii_downcase))",
    "[.orders[] | .items[] | .sku] | unique | join(\",\")",
};

// About 300 bytes an order.
Json orders(std::size_t count) {
  constexpr const char* kCountries[] = {"DE", "US", "FR", "JP", "BR"};
  JsonArray list;
  for (std::size_t i = 0; i < count; ++i) {
    JsonArray items;
    for (std::size_t k = 0; k < 2; ++k) {
      items.push_back(JsonObject{{"sku", "SKU-" + std::to_string((i * 7 + k * 13) % 97)},
                                 {"quantity", 1 + (i + k) % 5},
                                 {"price", 9.99 + static_cast<double>((i * 31 + k) % 200)}});
    }
    const std::string name = "Customer " + std::to_string(i * 17 % 1'000);
    list.push_back(
        JsonObject{{"id", 1'000 + i},
                   {"customer", JsonObject{{"name", name},
                                           {"email", "c" + std::to_string(i) + "@example.com"},
                                           {"country", kCountries[i % 5]}}},
                   {"total", static_cast<double>((i * 7'919) % 100'000) / 100},
                   {"items", std::move(items)}});
  }
  return JsonObject{{"orders", std::move(list)}};
}

// The best of some rounds, in microseconds a call: what disturbs only adds.
template <class Call>
double microseconds(Call call) {
  using Clock = std::chrono::steady_clock;
  double best = 0;
  for (int round = 0; round < 7; ++round) {
    const auto begin = Clock::now();
    int calls = 0;
    std::chrono::duration<double, std::micro> took{};
    do {
      call();
      ++calls;
      took = Clock::now() - begin;
    } while (took.count() < 20'000);
    const double each = took.count() / calls;
    if (round == 0 || each < best) best = each;
  }
  return best;
}

struct Ours {
  double compile_us = 0;
  std::vector<double> run_us;  // one for each input
};

Result<Ours> measure_ours(const char* text, const std::vector<Json>& inputs) {
  Ours out;
  const auto program = jq::compile(text);
  if (!program) return program.error();
  out.compile_us = microseconds([&] { (void)jq::compile(text); });
  jq::RunOptions options;
  options.budget.time = std::chrono::seconds{10};
  for (const Json& input : inputs) {
    if (auto first = jq::run(**program, input, {}, options); !first) return first.error();
    out.run_us.push_back(microseconds([&] { (void)jq::run(**program, input, {}, options); }));
  }
  return out;
}

#ifdef PILOT_LIBJQ
double libjq_run(jq_state* state, jv input) {
  return microseconds([&] {
    jq_start(state, jv_copy(input), 0);
    for (jv out = jq_next(state); jv_is_valid(out); out = jq_next(state)) jv_free(out);
  });
}

Result<Ours> measure_libjq(const char* text, const std::vector<Json>& inputs) {
  Ours out;
  jq_state* state = jq_init();
  if (jq_compile(state, text) == 0) {
    jq_teardown(&state);
    return internal_error("libjq does not compile " + std::string(text));
  }
  out.compile_us = microseconds([&] {
    jq_state* other = jq_init();
    (void)jq_compile(other, text);
    jq_teardown(&other);
  });
  for (const Json& input : inputs) {
    const std::string json = to_json(input);
    jv parsed = jv_parse(json.c_str());
    out.run_us.push_back(libjq_run(state, parsed));
    jv_free(parsed);
  }
  jq_teardown(&state);
  return out;
}
#else
Result<Ours> measure_libjq(const char*, const std::vector<Json>& inputs) {
  return Ours{0, std::vector<double>(inputs.size(), 0)};
}
#endif

}  // namespace

Result<JqFigures> measure_jq() {
  const std::vector<Json> inputs{orders(4), orders(4'000)};
  JqFigures out{.small_bytes = json_size(inputs[0]), .large_bytes = json_size(inputs[1])};
  for (const char* text : kPrograms) {
    Result<Ours> ours = measure_ours(text, inputs);
    if (!ours) return ours.error();
    Result<Ours> libjq = measure_libjq(text, inputs);
    if (!libjq) return libjq.error();
    out.programs.push_back({.program = text,
                            .compile_us = ours->compile_us,
                            .small_us = ours->run_us[0],
                            .large_us = ours->run_us[1],
                            .libjq_compile_us = libjq->compile_us,
                            .libjq_small_us = libjq->run_us[0],
                            .libjq_large_us = libjq->run_us[1]});
  }
  return out;
}

}  // namespace pilot::bench
