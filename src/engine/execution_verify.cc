// A call whose answer was lost, of an action that says how to look whether it was carried out
// (`verify` of a manifest). The call's row stays `running` meanwhile: if the process ends now, the
// next one finds it interrupted and looks again.
#include <fmt/format.h>

#include "engine/execution.h"
#include "engine/pause.h"

namespace pilot::engine {
namespace {

constexpr Millis kLongestTurn{3'600'000};  // for the vendor's limit; then it looks all the same

}  // namespace

boost::asio::awaitable<void> Execution::verify(std::shared_ptr<Execution> self, Cell* cell,
                                               CallResult unknown) {
  Looked looked = co_await look(*cell);
  --self->calls_;
  if (phase_ != Phase::working) co_return;
  on_looked(*cell, std::move(unknown), std::move(looked));
  pump();
}

boost::asio::awaitable<Execution::Looked> Execution::look(Cell& cell) {
  const providers::Verify& how = *cell.step->action->verify;
  const Active& active = active_.at(&cell);
  const Json params = active.params;
  const std::string key = active.key;
  const providers::LostCall lost{.params = params, .since = active.started, .key = key};
  Looked out;
  co_await pause_until(parts_.clock, parts_.timers, parts_.clock.steady() + how.wait,
                       cancel_.token());
  if (phase_ != Phase::working || cancel_.cancelled()) co_return out;

  plan::CompiledStep step;  // as the cell's, but for the action
  step.spec = cell.step->spec;
  step.provider = cell.step->provider;
  step.action = step.provider->find(how.action);
  step.timeout = cell.step->timeout;
  Result<Json> asked = how.params(lost);
  if (!asked) {
    out.message = asked.error().message;
    co_return out;
  }
  CallOrder order{.step = &step,
                  .params = std::move(*asked),
                  .user = run_.user,
                  .run = run_.id,
                  .attempt = cell.attempt,
                  .idempotency_key = key,
                  .timeout = step.timeout};
  co_await parts_.steps.keep_to_rate(order, parts_.clock.steady() + kLongestTurn, cancel_.token());
  if (phase_ != Phase::working || cancel_.cancelled()) co_return out;
  auto prepared = co_await parts_.steps.prepare(std::move(order), cancel_.token());
  if (!prepared) {
    out.message = prepared.error().message;
    co_return out;
  }
  const CallResult answer = co_await parts_.steps.send(std::move(*prepared), cancel_.token());
  if (!answer.result.success) {
    out.message = answer.result.message;
    co_return out;
  }
  Result<std::optional<Json>> found = how.found(lost, answer.result.output);
  if (!found) {
    out.message = found.error().message;
    co_return out;
  }
  out.found = std::move(*found);
  out.absent = !out.found && how.absent_is_proof;
  if (!out.found) out.message = "it did not find what the call would have made";
  co_return out;
}

void Execution::on_looked(Cell& cell, CallResult unknown, Looked looked) {
  const std::string& by = cell.step->action->verify->action;
  if (looked.found) {
    unknown.result =
        ProviderResult::ok(std::move(*looked.found),
                           fmt::format("no answer came, but {} shows that it was carried out", by));
    unknown.result.metadata = JsonObject{{"verified_by", by}};
    conclude(cell, AttemptStatus::success, std::move(unknown));
    return;
  }
  if (cancel_.cancelled()) {
    on_cancelled(cell, std::move(unknown));
    return;
  }
  if (looked.absent) {
    unknown.stage = CallStage::not_sent;  // as good as
    if (unknown.result.error) unknown.result.error->retryable = true;
    on_result(cell, std::move(unknown));
    return;
  }
  if (unknown.result.error) {
    StepError& error = *unknown.result.error;
    error.message = fmt::format("{}; {} was asked whether it was carried out: {}", error.message,
                                by, looked.message);
  }
  leave_unknown(cell, std::move(unknown));
}

}  // namespace pilot::engine
