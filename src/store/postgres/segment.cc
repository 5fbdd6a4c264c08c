#include "store/postgres/segment.h"

namespace pilot::store::postgres {
namespace {

// All settings end with the transaction.
constexpr SqlText kSetUser = "SELECT set_config('pilot.user_id', $1, true)";
constexpr SqlText kSetRole = ", set_config('role', 'pilot_app', true)";
// What connect.cc sets for connections of our own.
constexpr SqlText kSetPlanner =
    ", set_config('jit', 'off', true), set_config('enable_seqscan', 'off', true),"
    " set_config('enable_hashjoin', 'off', true),"
    " set_config('enable_mergejoin', 'off', true),"
    " set_config('plan_cache_mode', 'force_generic_plan', true)";
constexpr auto kBecomeTenant = kSetUser + kSetRole;
constexpr auto kBecomeTenantPooled = kSetUser + kSetRole + kSetPlanner;
constexpr auto kSetUserPooled = kSetUser + kSetPlanner;

const char* first_statement(const LinkTraits& traits) {
  if (traits.prepared) return traits.set_role ? kBecomeTenant.text : kSetUser.text;
  return traits.set_role ? kBecomeTenantPooled.text : kSetUserPooled.text;
}

}  // namespace

std::size_t Segment::add(Command command) {
  commands_.push_back(&own_.emplace_back(std::move(command)));
  return commands_.size() - 1;
}

void Segment::become(const std::string& user) {
  if (user_ && *user_ == user) return;
  const bool first = !user_;
  user_ = user;
  Command command{first ? first_statement(traits_) : kSetUser.text, {}};
  command.params.text(user);
  add(std::move(command));
}

void Segment::add(const Job& job) {
  auto& places = places_.emplace_back();
  for (const Step& step : job.steps) {
    become(step.user);
    for (const Command& command : step.commands) {
      places.push_back(commands_.size());
      commands_.push_back(&command);
    }
  }
}

std::vector<Rows> Segment::take(std::size_t job, std::vector<Rows>& rows) const {
  std::vector<Rows> taken;
  taken.reserve(places_[job].size());
  for (const std::size_t place : places_[job]) taken.push_back(std::move(rows[place]));
  return taken;
}

}  // namespace pilot::store::postgres
