#include "providers/data/redis_client.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include <algorithm>
#include <charconv>

#include "providers/data/rows.h"

namespace pilot::providers::data {
namespace {

constexpr int kElements = 1 << 20;  // of one list

struct FreeReply {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

struct FreeReader {
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};

std::string wire(const RedisCommand& command) {
  std::vector<const char*> words;
  std::vector<std::size_t> sizes;
  for (const std::string& word : command) {
    words.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* text = nullptr;
  const auto size =
      redisFormatCommandArgv(&text, static_cast<int>(words.size()), words.data(), sizes.data());
  if (size < 0) throw std::bad_alloc();
  std::string out(text, static_cast<std::size_t>(size));
  redisFreeCommand(text);
  return out;
}

Json json_of(const redisReply& reply) {
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      return static_cast<std::int64_t>(reply.integer);
    case REDIS_REPLY_NIL:
      return nullptr;
    case REDIS_REPLY_ARRAY: {
      JsonArray list;
      for (std::size_t i = 0; i < reply.elements; ++i) list.push_back(json_of(*reply.element[i]));
      return list;
    }
    default:
      return text_or_base64({reply.str, static_cast<std::size_t>(reply.len)});
  }
}

// Redis's errors begin with a word in capitals.
StepError error_of(std::string_view text) {
  const std::string_view word = text.substr(0, text.find(' '));
  StepError error{.code = "command_failed", .message = std::string(utf8_prefix(text, 500))};
  if (word == "NOAUTH" || word == "WRONGPASS" || text.starts_with("ERR invalid password") ||
      text.starts_with("ERR AUTH")) {
    error.code = "unauthorized";
  } else if (word == "NOPERM") {
    error.code = "forbidden";
  } else if (word == "LOADING" || word == "BUSY" || word == "MASTERDOWN" || word == "TRYAGAIN" ||
             word == "CLUSTERDOWN" || text.starts_with("ERR max number of clients")) {
    error.code = "unavailable";
    error.retryable = true;
  } else if (word == "WRONGTYPE") {
    error.code = "invalid_value";
  } else if (word == "READONLY") {
    error.code = "read_only";
  }
  if (!is_valid_utf8(error.message)) error.message = "the server refused the command";
  return error;
}

class Client {
 public:
  Client(http::Stream stream, const TaskContext& context)
      : stream_(std::move(stream)), context_(context), reader_(redisReaderCreate()) {
    if (!reader_) throw std::bad_alloc();
    // A server may announce a list of any length: memory for it is had as it comes only.
    original_ = reader_->fn;
    makers_ = *original_;
    makers_.createArray = [](const redisReadTask* task, int elements) -> void* {
      if (elements > kElements) return nullptr;
      return static_cast<const redisReplyObjectFunctions*>(task->privdata)
          ->createArray(task, elements);
    };
    reader_->privdata = original_;
    reader_->fn = &makers_;
  }

  // A reply that is an error is one.
  std::variant<Reply, TaskOutcome> ask(const RedisCommand& command) {
    std::string bytes = wire(command);
    auto failed = stream_.write(bytes, context_.interrupt);
    wipe(bytes);  // it may be the password
    if (failed) return TaskOutcome::fail(*failed);
    std::size_t size = 0;
    for (;;) {
      void* raw = nullptr;
      if (redisReaderGetReply(reader_.get(), &raw) != REDIS_OK) {
        return TaskOutcome::fail(
            {.code = "bad_response", .message = "the server does not speak Redis's protocol"},
            CallStage::sent);
      }
      if (raw != nullptr) {
        Reply reply(static_cast<redisReply*>(raw));
        if (reply->type != REDIS_REPLY_ERROR) return reply;
        return TaskOutcome::fail(error_of({reply->str, static_cast<std::size_t>(reply->len)}),
                                 CallStage::answered);
      }
      auto more = stream_.read(64u << 10, context_.interrupt);
      if (const auto* error = std::get_if<http::SendError>(&more)) return TaskOutcome::fail(*error);
      const std::string& read = std::get<std::string>(more);
      size += read.size();
      if (size > limits::kStepOutput + (1u << 20)) {
        return TaskOutcome::fail({.code = "output_too_large", .message = too_many_bytes().message},
                                 CallStage::sent);
      }
      redisReaderFeed(reader_.get(), read.data(), read.size());
    }
  }

 private:
  http::Stream stream_;
  const TaskContext& context_;
  redisReplyObjectFunctions* original_ = nullptr;
  redisReplyObjectFunctions makers_{};  // the reader uses it to its end
  std::unique_ptr<redisReader, FreeReader> reader_;
};

std::optional<TaskOutcome> log_in(Client& client, const Target& target) {
  std::vector<RedisCommand> commands;
  if (!target.password.empty()) {
    commands.push_back(target.username.empty()
                           ? RedisCommand{"AUTH", target.password}
                           : RedisCommand{"AUTH", target.username, target.password});
  }
  if (!target.database.empty() && target.database != "0") {
    commands.push_back({"SELECT", target.database});
  }
  for (RedisCommand& command : commands) {
    auto reply = client.ask(command);
    wipe(command.back());
    if (auto* failed = std::get_if<TaskOutcome>(&reply)) {
      failed->stage = CallStage::not_sent;  // of the command that matters
      return std::move(*failed);
    }
  }
  return std::nullopt;
}

}  // namespace

TaskOutcome run_on_redis(const Target& target, const RedisCommand& command,
                         const TaskContext& context) {
  using http::Tls;
  const Tls tls = target.tls == "require"    ? Tls::required
                  : target.tls == "insecure" ? Tls::unverified
                                             : Tls::none;
  auto stream = http::Stream::open(context.dialer, target.host, target.port, tls,
                                   context.allowed_hosts, context.interrupt);
  if (const auto* error = std::get_if<http::SendError>(&stream)) return TaskOutcome::fail(*error);
  Client client(std::move(std::get<http::Stream>(stream)), context);
  if (auto failed = log_in(client, target)) return std::move(*failed);
  auto reply = client.ask(command);
  if (auto* failed = std::get_if<TaskOutcome>(&reply)) return std::move(*failed);
  return TaskOutcome::ok(JsonObject{{"result", json_of(*std::get<Reply>(reply))}});
}

}  // namespace pilot::providers::data
