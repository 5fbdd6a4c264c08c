// Provider `redis`: keys, lists and channels of a Redis server, or any command of it that is about
// data. Side threads.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "providers/data/redis_client.h"
#include "providers/http_call.h"
#include "providers/registry.h"

namespace pilot::providers {
namespace {

using data::RedisCommand;

// Not about data: they change the server, follow another one, reach out to third ones, or turn the
// connection into a stream that never answers.
constexpr std::array<std::string_view, 29> kRefused{
    "ACL",     "AUTH",       "BGREWRITEAOF", "BGSAVE", "CLIENT",    "CLUSTER", "CONFIG", "DEBUG",
    "EXEC",    "FAILOVER",   "FUNCTION",     "HELLO",  "LATENCY",   "MIGRATE", "MODULE", "MONITOR",
    "MULTI",   "PSUBSCRIBE", "PSYNC",        "QUIT",   "REPLICAOF", "SAVE",    "SCRIPT", "SHUTDOWN",
    "SLAVEOF", "SSUBSCRIBE", "SUBSCRIBE",    "SYNC",   "RESET"};

constexpr std::array<std::string_view, 38> kReads{
    "GET",    "MGET",   "EXISTS",  "TTL",   "PTTL",     "TYPE",          "STRLEN",  "GETRANGE",
    "HGET",   "HMGET",  "HGETALL", "HKEYS", "HVALS",    "HLEN",          "HEXISTS", "HSCAN",
    "LRANGE", "LLEN",   "LINDEX",  "SCARD", "SMEMBERS", "SISMEMBER",     "SSCAN",   "ZCARD",
    "ZRANGE", "ZSCORE", "ZRANK",   "ZSCAN", "ZCOUNT",   "ZRANGEBYSCORE", "SCAN",    "KEYS",
    "PING",   "INFO",   "DBSIZE",  "TIME",  "XLEN",     "XRANGE"};
constexpr std::array<std::string_view, 14> kIdempotent{
    "SET",  "SETEX", "PSETEX", "MSET", "DEL",  "UNLINK",   "EXPIRE",
    "HSET", "HDEL",  "SADD",   "SREM", "ZADD", "EXPIREAT", "PERSIST"};

bool is_one_of(std::string_view word, std::span<const std::string_view> list) {
  return std::ranges::find(list, word) != list.end();
}

// Texts as they are, anything else as JSON.
std::string text_of(const Json& value) {
  return value.is_string() ? std::string(as_view(value.get_string())) : to_json(value);
}

std::string param(const Call& call, std::string_view name) {
  const Json* value = find(call.params, name);
  return value == nullptr ? "" : text_of(*value);
}

Result<RedisCommand> get(const Call& call) { return RedisCommand{"GET", param(call, "key")}; }

Result<RedisCommand> set(const Call& call) {
  RedisCommand command{"SET", param(call, "key"), param(call, "value")};
  if (const Json* seconds = find(call.params, "ttl"); seconds != nullptr && !seconds->is_null()) {
    command.insert(command.end(), {"EX", to_json(*seconds)});
  }
  const std::string_view only = string_or(call.params, "only_if");
  if (!only.empty()) command.emplace_back(only == "absent" ? "NX" : "XX");
  return command;
}

Result<RedisCommand> remove(const Call& call) {
  RedisCommand command{"DEL"};
  const Json& keys = *find(call.params, "key");
  if (keys.is_string()) command.push_back(text_of(keys));
  if (keys.is_array()) {
    for (const Json& key : keys.get_array()) command.push_back(text_of(key));
  }
  if (command.size() == 1) return invalid("invalid_value", "there is no key", "/key");
  return command;
}

Result<RedisCommand> increase(const Call& call) {
  return RedisCommand{"INCRBY", param(call, "key"), param(call, "by")};
}

Result<RedisCommand> push(const Call& call) {
  RedisCommand command{call.action == "lpush" ? "LPUSH" : "RPUSH", param(call, "key")};
  if (const Json* value = find(call.params, "value")) command.push_back(text_of(*value));
  if (const Json* values = find(call.params, "values")) {
    for (const Json& one : values->get_array()) command.push_back(text_of(one));
  }
  if (command.size() == 2) return invalid("invalid_value", "there is no value", "/values");
  return command;
}

Result<RedisCommand> publish(const Call& call) {
  return RedisCommand{"PUBLISH", param(call, "channel"), param(call, "message")};
}

Result<RedisCommand> any(const Call& call) {
  RedisCommand command{upper(param(call, "command"))};
  if (is_one_of(command[0], kRefused)) {
    return invalid(
        "command_refused",
        fmt::format("{} is not about data: it changes the server or the connection", command[0]),
        "/command");
  }
  const Json* args = find(call.params, "args");
  if (args == nullptr) return command;
  for (const Json& one : args->get_array()) {
    if (one.is_null()) return invalid("invalid_value", "Redis has no null", "/args");
    command.push_back(text_of(one));
  }
  return command;
}

EffectClass effect_of_command(const Json& params) {
  const std::string word = upper(string_or(params, "command"));
  if (is_one_of(word, kReads)) return EffectClass::read;
  return is_one_of(word, kIdempotent) ? EffectClass::idempotent : EffectClass::unsafe;
}

TaskAction task_of(Result<RedisCommand> (*build)(const Call&)) {
  return TaskAction{[build](const Call& call, const TaskContext& context) {
    const auto target = data::target_of(call, {"redis", "rediss"}, 6379, "tls");
    if (!target) return TaskOutcome::fail(target.error());
    const std::string& tls = target->tls;
    if (!tls.empty() && tls != "none" && tls != "require" && tls != "insecure") {
      return TaskOutcome::fail(
          invalid("invalid_value", "the connection's tls is none, require or insecure"));
    }
    const auto command = build(call);
    if (!command) return TaskOutcome::fail(command.error());
    std::size_t size = 0;
    for (const std::string& word : *command) size += word.size();
    if (size > limits::kRequestBody) {
      return TaskOutcome::fail(too_large(
          "request_too_large",
          fmt::format("the command has {} bytes, the limit is {}", size, limits::kRequestBody)));
    }
    return data::run_on_redis(*target, *command, context);
  }};
}

constexpr std::string_view kKey = R"("key": {"type": "string", "minLength": 1,
  "description": "The key."})";

Json with(std::string_view properties, std::string_view required) {
  return params_schema(fmt::format(
      R"({{"type": "object", "properties": {{{}}}, "required": [{}], "additionalProperties": false}})",
      properties, required));
}

void add_keys(Provider& provider) {
  provider.add({.name = "get",
                .title = "Get",
                .description = "Reads a key. Output: {result}, null when there is none.",
                .params = with(kKey, R"("key")"),
                .effect = EffectClass::read,
                .body = task_of(get)});
  provider.add({.name = "set",
                .title = "Set",
                .description = "Writes a key. Output: {result}, null when only_if was in the way.",
                .params = with(fmt::format(R"({}, "value": {{
                    "description": "A text; anything else is stored as JSON."}},
                  "ttl": {{"type": ["integer", "null"], "minimum": 1, "description": "Seconds."}},
                  "only_if": {{"enum": ["absent", "present"],
                    "description": "Only when the key is not there yet, or is there already."}})",
                                           kKey),
                               R"("key", "value")"),
                .effect = EffectClass::idempotent,
                .body = task_of(set)});
  provider.add({.name = "delete",
                .title = "Delete",
                .description = "Removes keys. Output: {result}, how many there were.",
                .aliases = {"del"},
                .params = with(R"("key": {"type": ["string", "array"], "items": {"type": "string"},
                    "description": "The key, or a list of them."})",
                               R"("key")"),
                .effect = EffectClass::idempotent,
                .body = task_of(remove)});
  provider.add({.name = "incr",
                .title = "Increase",
                .description = "Adds to a number. Output: {result}, the new one.",
                .aliases = {"increment"},
                .params = with(fmt::format(R"({}, "by": {{"type": "integer", "default": 1,
                    "description": "How much; negative to take off."}})",
                                           kKey),
                               R"("key")"),
                .effect = EffectClass::unsafe,
                .body = task_of(increase)});
}

void add_push(Provider& provider, std::string name, std::string end) {
  provider.add({.name = std::move(name),
                .title = fmt::format("Push at the {}", end),
                .description = fmt::format("Adds values at the {} of a list. Output: {{result}}, "
                                           "its length.",
                                           end),
                .params = with(fmt::format(R"({}, "value": {{"description": "One value."}},
                  "values": {{"type": "array", "description": "Several, in order."}})",
                                           kKey),
                               R"("key")"),
                .effect = EffectClass::unsafe,
                .body = task_of(push)});
}

}  // namespace

void register_redis(Registry& registry) {
  Provider& provider =
      registry.add({.name = "redis",
                    .title = "Redis",
                    .description = "Keys, lists and channels of a Redis server.",
                    .category = "database",
                    .auth = data::target_fields("Redis", {{.type = "database",
                                                           .title = "Number of the database (0)",
                                                           .secret = false,
                                                           .required = false},
                                                          {.type = "tls",
                                                           .title = "none, require or insecure",
                                                           .secret = false,
                                                           .required = false}}),
                    .auth_optional = false});
  add_keys(provider);
  add_push(provider, "lpush", "beginning");
  add_push(provider, "rpush", "end");
  provider.add({.name = "publish",
                .title = "Publish",
                .description = "Sends a message to a channel. Output: {result}, how many got it.",
                .params = with(R"("channel": {"type": "string", "minLength": 1,
                    "description": "The channel."},
                  "message": {"description": "A text; anything else is sent as JSON."})",
                               R"("channel", "message")"),
                .effect = EffectClass::unsafe,
                .body = task_of(publish)});
  provider.add({.name = "command",
                .title = "Command",
                .description = "Any other command about data. Output: {result}.",
                .params = with(R"("command": {"type": "string", "pattern": "^[A-Za-z.]{1,40}$",
                    "description": "Its name, as HSET."},
                  "args": {"type": "array", "description": "Its arguments, in order."})",
                               R"("command")"),
                .code_params = {"command"},
                .effect = EffectClass::unsafe,
                .effect_of = effect_of_command,
                .body = task_of(any)});
}

}  // namespace pilot::providers
