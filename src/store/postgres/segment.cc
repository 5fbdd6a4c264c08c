#include "store/postgres/segment.h"

namespace pilot::store::postgres {
namespace {

// Both settings end with the transaction.
constexpr char kBecomeTenant[] =
    "SELECT set_config('role', 'pilot_app', true), set_config('pilot.user_id', $1, true)";
constexpr char kSetUser[] = "SELECT set_config('pilot.user_id', $1, true)";

}  // namespace

std::size_t Segment::add(Command command) {
  commands_.push_back(&own_.emplace_back(std::move(command)));
  return commands_.size() - 1;
}

void Segment::become(const std::string& user) {
  if (user_ && *user_ == user) return;
  const bool first = !user_;
  user_ = user;
  Command command{first && traits_.set_role ? kBecomeTenant : kSetUser, {}};
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
