// Redis over a stream: commands as lists of texts, replies as JSON. hiredis writes and reads the
// protocol, the bytes go through http/stream.h. One call, its side thread.
#pragma once

#include "http/stream.h"
#include "providers/data/target.h"

namespace pilot::providers::data {

using RedisCommand = std::vector<std::string>;

// Logs in, chooses the database and sends the one command. Integers, texts (base64 when they are no
// UTF-8), lists and null come back as such.
TaskOutcome run_on_redis(const Target& target, const RedisCommand& command,
                         const TaskContext& context);

}  // namespace pilot::providers::data
