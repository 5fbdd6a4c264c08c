// The commands of some jobs put in one row for the link, with the statements that say for whom they
// are. Points into the jobs and itself; lives until it is answered.
#pragma once

#include <deque>
#include <memory>

#include "store/postgres/job.h"
#include "store/postgres/link.h"

namespace pilot::store::postgres {

class Segment {
 public:
  explicit Segment(const LinkTraits& traits) : traits_(traits) {}
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  void add(const Job& job);
  std::size_t add(Command command);  // answers where its rows will be

  const std::vector<const Command*>& commands() const { return commands_; }
  // Rows of the n-th job that was added, taken out of the reply's.
  std::vector<Rows> take(std::size_t job, std::vector<Rows>& rows) const;

 private:
  void become(const std::string& user);

  LinkTraits traits_;
  std::vector<const Command*> commands_;
  std::vector<std::vector<std::size_t>> places_;  // of each job's commands
  std::deque<Command> own_;
  std::optional<std::string> user_;  // as the transaction has it by then
};

}  // namespace pilot::store::postgres
