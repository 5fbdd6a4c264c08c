// One batch of journal writes as the writer does it. Built on the shard, run by the writer, perhaps
// more than once.
#pragma once

#include <optional>

#include "store/journal_parts.h"
#include "store/sqlite/connection.h"

namespace pilot::store::sqlite {

class JournalBatch {
 public:
  explicit JournalBatch(std::vector<JournalWrite> writes) : writes_(std::move(writes)) {}

  Result<WriteReport> operator()(Connection& db);
  std::size_t rows() const { return writes_.size(); }

 private:
  static Result<bool> write(Connection& db, const JournalPart& part);

  std::vector<JournalWrite> writes_;
  std::optional<JournalParts> parts_;  // arranged by the writer, not by the shard
};

}  // namespace pilot::store::sqlite
