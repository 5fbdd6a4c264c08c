#include "providers/data/postgres_errors.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <algorithm>

namespace pilot::providers::data {
namespace {

struct Meaning {
  std::string_view code;
  bool retryable = false;
};

Meaning meaning_of(std::string_view state) {
  const std::string_view group = state.substr(0, 2);
  if (state == "28P01" || group == "28") return {"unauthorized"};
  if (state == "42501") return {"forbidden"};
  if (state == "3D000" || state == "42P01" || state == "42703" || state == "3F000") {
    return {"not_found"};
  }
  if (state == "57014") return {"stopped"};
  if (state == "25006") return {"read_only"};
  if (group == "23") return {"constraint_violated"};
  if (group == "40") return {"conflict", true};
  if (group == "53" || group == "57" || state == "55P03") return {"unavailable", true};
  if (group == "08") return {"connection_lost", true};
  if (group == "22") return {"invalid_value"};
  return {"query_failed"};
}

// "... FATAL:  28P01: password authentication failed ...": the words behind the state, one line.
struct Words {
  std::string_view state;
  std::string_view text;
};
Words words_of(std::string_view text) {
  for (std::size_t at = text.find(":  "); at != std::string_view::npos;
       at = text.find(":  ", at + 1)) {
    const std::string_view rest = text.substr(at + 3);
    const bool is_state =
        rest.size() > 7 && rest[5] == ':' && std::ranges::all_of(rest.substr(0, 5), [](char c) {
          return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
        });
    if (is_state) return {rest.substr(0, 5), rest.substr(7, rest.find('\n') - 7)};
  }
  return {};
}

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

}  // namespace

StepError connect_error(std::string_view text, std::string_view peer) {
  const Words words = words_of(text);
  if (!words.state.empty()) {
    const Meaning meaning = meaning_of(words.state);
    return {.code = std::string(meaning.code),
            .message = fmt::format("{} refused the connection: {}", peer, words.text),
            .retryable = meaning.retryable,
            .details = JsonObject{{"sqlstate", words.state}}};
  }
  const auto has = [&](std::string_view word) { return text.find(word) != std::string_view::npos; };
  if (has("certificate") || has("SSL") || has("sslmode")) {
    return {.code = "tls_failed",
            .message = fmt::format("no encrypted connection to {} came about: {}", peer,
                                   has("certificate") ? "its certificate was not accepted"
                                                      : "the server does not offer what the "
                                                        "connection's sslmode asks for")};
  }
  if (has("fe_sendauth") || has("authentication method")) {
    return {.code = "unauthorized",
            .message = fmt::format("{} asks for a log-in that this connection cannot give", peer)};
  }
  return {.code = "connect_failed",
          .message = fmt::format("could not connect to {}{}", peer,
                                 has("refused") ? " (connection refused)" : ""),
          .retryable = true};
}

StepError statement_error(const PGresult* result) {
  const std::string state = field(result, PG_DIAG_SQLSTATE);
  const Meaning meaning = meaning_of(state);
  StepError error{.code = std::string(meaning.code),
                  .message = field(result, PG_DIAG_MESSAGE_PRIMARY),
                  .retryable = meaning.retryable};
  if (error.message.empty()) error.message = "the server refused the statement";
  if (meaning.code == "read_only") error.message += "; a query only reads, use execute";
  JsonObject details{{"sqlstate", state}};
  const auto add = [&](std::string_view name, int code) {
    const std::string text = field(result, code);
    if (!text.empty()) details[name] = text;
  };
  add("detail", PG_DIAG_MESSAGE_DETAIL);
  add("hint", PG_DIAG_MESSAGE_HINT);
  add("position", PG_DIAG_STATEMENT_POSITION);
  add("table", PG_DIAG_TABLE_NAME);
  add("column", PG_DIAG_COLUMN_NAME);
  add("constraint", PG_DIAG_CONSTRAINT_NAME);
  error.details = std::move(details);
  return error;
}

}  // namespace pilot::providers::data
