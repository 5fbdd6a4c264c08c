// pilot keyring list|rotate|drop. Keys are named by their ids; a key itself is never printed.
#include <fmt/format.h>

#include "app/commands.h"
#include "app/output.h"
#include "http/url.h"

namespace pilot::app {
namespace {

std::int64_t number(const Json& value, std::string_view key) {
  const Json* member = find(value, key);
  return member != nullptr && member->is_int64() ? member->get_int64() : 0;
}

bool flag(const Json& value, std::string_view key) {
  const Json* member = find(value, key);
  return member != nullptr && member->is_bool() && member->get_bool();
}

const JsonArray& list(const Json& value, std::string_view key) {
  static const JsonArray none;
  const Json* member = find(value, key);
  return member != nullptr && member->is_array() ? member->get_array() : none;
}

struct Progress {
  std::string key_id;
  bool added = false;
  std::int64_t seen = 0;
  std::int64_t changed = 0;
  std::int64_t unreadable = 0;

  void add(const Json& page) {
    key_id = field(page, "key_id");
    added = added || flag(page, "added");
    seen += number(page, "seen");
    changed += number(page, "changed");
    unreadable += number(page, "unreadable");
  }
  Json json() const {
    return JsonObject{{"key_id", key_id},
                      {"added", added},
                      {"seen", seen},
                      {"changed", changed},
                      {"unreadable", unreadable}};
  }
};

// Which key is the first, and what to do where Pilot cannot change that.
void say_first(const Progress& done, const Json& ring) {
  const std::string variable = field(ring, "variable");
  if (done.added) {
    print_line(fmt::format("{} is the new first key", done.key_id));
  } else if (variable.empty()) {
    print_line(fmt::format("{} is the first key", done.key_id));
  } else {
    print_line(
        fmt::format("{} is the first key of {}; to change it, put a new key in front there, "
                    "start the server again, and rotate once more",
                    done.key_id, variable));
  }
}

int end(const GlobalOptions& global, const Progress& done) {
  if (global.json) {
    print_json(done.json());
  } else {
    print_line(fmt::format("{} of {} credentials sealed anew", done.changed, done.seen));
  }
  if (done.unreadable == 0) return kExitOk;
  fmt::print(stderr, "{} cannot be opened and were left as they are; their key stays needed\n",
             done.unreadable);
  return kExitFailed;
}

}  // namespace

int keyring_list(const GlobalOptions& global) {
  return with_session(global, [&](Session& session) {
    const Result<Json> ring = session.client().expect("GET", "/api/keyring");
    if (!ring) return refuse(ring.error());
    if (global.json) {
      print_json(*ring);
      return kExitOk;
    }
    std::vector<std::vector<std::string>> rows{{"ID", "CREATED", "CREDENTIALS", ""}};
    for (const Json& key : list(*ring, "keys")) {
      const std::string created = field(key, "created_at");
      rows.push_back({field(key, "id"), created.empty() ? "not known" : created,
                      std::to_string(number(key, "rows")),
                      flag(key, "first") ? "first: seals what is stored now" : ""});
    }
    for (const Json& key : list(*ring, "missing")) {
      rows.push_back(
          {field(key, "id"), "", std::to_string(number(key, "rows")), "not in the ring"});
    }
    fmt::print("{}", table(rows));
    if (const auto more = number(*ring, "rows_without_key_id"); more > 0) {
      print_line(fmt::format("{} more, of which is not known which key they need", more));
    }
    return kExitOk;
  });
}

int keyring_rotate(const GlobalOptions& global, const KeyringOptions& options) {
  return with_session(global, [&](Session& session) {
    const Result<Json> ring = session.client().expect("GET", "/api/keyring");
    if (!ring) return refuse(ring.error());
    Progress done;
    JsonObject order{{"continue", options.go_on}};
    for (bool first = true;; first = false) {
      const Result<Json> page = session.client().expect("POST", "/api/keyring/rotate", order);
      if (!page) {
        if (!first) fmt::print(stderr, "stopped; go on with: pilot keyring rotate --continue\n");
        return refuse(page.error());
      }
      done.add(*page);
      if (!global.json && first) say_first(done, *ring);
      const std::string next{string_or(*page, "next_cursor")};
      if (next.empty()) break;
      if (!global.json) print_line(fmt::format("  {} looked at", done.seen));
      order = JsonObject{{"cursor", next}};
    }
    return end(global, done);
  });
}

int keyring_drop(const GlobalOptions& global, const KeyringOptions& options) {
  return with_session(global, [&](Session& session) {
    const Result<Json> answer =
        session.client().expect("DELETE", "/api/keyring/" + http::encode_segment(options.id));
    if (!answer) return refuse(answer.error());
    if (global.json) {
      print_json(*answer);
    } else {
      print_line(fmt::format("{} was taken out of the ring", options.id));
    }
    return kExitOk;
  });
}

}  // namespace pilot::app
