// How requests are written and answers are read (see load_parts.h).
#include <charconv>

#include "base/nearest.h"
#include "providers/duration.h"
#include "providers/manifest/load_parts.h"

namespace pilot::providers::manifest {
namespace {

template <class T>
std::optional<T> one_of(const Map& map, std::string_view key,
                        std::initializer_list<std::pair<std::string_view, T>> words) {
  if (!map.has(key)) return std::nullopt;
  const std::string given = map.text(key);
  std::vector<std::string> known;
  for (const auto& [word, value] : words) {
    if (word == given) return value;
    known.emplace_back(word);
  }
  map.fault(key, "invalid_value",
            fmt::format("\"{}\" is none of {}{}", given, fmt::join(known, ", "),
                        did_you_mean(given, known)));
  return std::nullopt;
}

std::shared_ptr<const FailRule> read_fail(const Map& map) {
  map.only({"when", "code", "message", "limited", "retry"});
  auto rule = std::make_shared<FailRule>();
  rule->when = map.program("when");
  rule->code = map.program("code");
  rule->message = map.program("message");
  rule->limited = map.texts("limited");
  rule->retry = map.texts("retry");
  if (!map.has("when")) map.fault("", "missing_key", "`fail` needs `when`: a jq program");
  return rule;
}

std::shared_ptr<const RetryHints> read_retry(const Map& map) {
  map.only({"status", "after", "reset", "remaining"});
  auto hints = std::make_shared<RetryHints>();
  if (const Json* list = map.get("status")) {
    const JsonArray one{*list};
    for (const Json& item : list->is_array() ? list->get_array() : one) {
      if (item.is_int64() && item.get_int64() >= 200 && item.get_int64() < 600) {
        hints->status.push_back(static_cast<int>(item.get_int64()));
      } else {
        map.fault("status", "invalid_value", "a list of HTTP statuses is wanted");
      }
    }
  }
  hints->after = map.text("after");
  hints->reset = map.text("reset");
  hints->remaining = map.text("remaining");
  return hints;
}

void read_size(const Map& map, Pages& pages) {
  const std::optional<Map> size = map.map("size");
  if (!size) return;
  if (size->object().size() != 1) {
    size->fault("", "invalid_value", "`size` is one name and one number, like {per_page: 100}");
    return;
  }
  pages.size_as = key_of(*size->object().begin());
  pages.size = size->integer(pages.size_as).value_or(0);
  if (pages.size < 1) size->fault(pages.size_as, "invalid_value", "the page size is at least 1");
}

std::shared_ptr<const Pages> read_pages(const Json& value, const Map& owner) {
  auto pages = std::make_shared<Pages>();
  if (value.is_string() && as_view(value.get_string()) == "link") return pages;
  if (value.is_string() && as_view(value.get_string()) == "none") return nullptr;
  const Map map(value, owner.at("page"), owner.faults());
  map.only(
      {"link", "next", "cursor", "page", "offset", "as", "in", "more", "pages", "start", "size"});
  int kinds = 0;
  const auto is = [&](std::string_view key, Pages::Kind kind) {
    if (!map.has(key)) return false;
    ++kinds;
    pages->kind = kind;
    return true;
  };
  if (is("link", Pages::Kind::link)) pages->rel = map.text("link", "next");
  if (is("next", Pages::Kind::next)) pages->value = map.program("next");
  if (is("cursor", Pages::Kind::cursor)) pages->value = map.program("cursor");
  if (is("page", Pages::Kind::page)) pages->as = map.text("page");
  if (is("offset", Pages::Kind::offset)) pages->as = map.text("offset");
  if (kinds != 1) {
    map.fault("", "invalid_value", "`page` is one of link, next, cursor, page and offset");
  }
  if (map.has("as")) pages->as = map.text("as");
  if (pages->kind == Pages::Kind::cursor && pages->as.empty()) {
    map.fault("", "missing_key", "a cursor needs `as`: the name of the param that takes it");
  }
  pages->place = one_of<Place>(map, "in", {{"query", Place::query}, {"body", Place::body}})
                     .value_or(Place::query);
  pages->start = map.integer("start").value_or(pages->kind == Pages::Kind::page ? 1 : 0);
  pages->more = map.program("more");
  pages->pages = map.program("pages");
  read_size(map, *pages);
  return pages;
}

// "10 MB", "512 KB" or a number of bytes.
std::size_t read_bytes(const Map& map, std::string_view key) {
  const std::string text = map.text(key);
  std::size_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  const std::size_t factor = unit == "MB" ? 1u << 20 : unit == "KB" ? 1u << 10 : 1;
  if (failed != std::errc{} || number == 0 || number > (1u << 20) ||
      (factor == 1 && !unit.empty() && unit != "B")) {
    map.fault(key, "invalid_value", "a size like \"5 MB\" is wanted");
    return 0;
  }
  return std::min(number * factor, limits::kResponseBytes);
}

void read_statuses(const Map& map, Manner& manner) {
  const Json* ok = map.get("ok");
  if (ok == nullptr) return;
  manner.ok.clear();
  const JsonArray one{*ok};
  for (const Json& item : ok->is_array() ? ok->get_array() : one) {
    if (item.is_int64() && item.get_int64() >= 200 && item.get_int64() < 600) {
      manner.ok.push_back(static_cast<int>(item.get_int64()));
    } else {
      map.fault("ok", "invalid_value", "a list of HTTP statuses is wanted, like [200, 204]");
    }
  }
}

}  // namespace

void read_manner(const Map& map, Manner& manner) {
  const auto body = one_of<BodyKind>(map, "body",
                                     {{"json", BodyKind::json},
                                      {"form", BodyKind::form},
                                      {"multipart", BodyKind::multipart},
                                      {"raw", BodyKind::raw},
                                      {"xml", BodyKind::xml},
                                      {"graphql", BodyKind::graphql}});
  if (body) manner.body = *body;
  const auto arrays = one_of<ArrayStyle>(map, "arrays",
                                         {{"brackets", ArrayStyle::brackets},
                                          {"repeat", ArrayStyle::repeat},
                                          {"comma", ArrayStyle::comma},
                                          {"indices", ArrayStyle::indices}});
  if (arrays) manner.form_arrays = manner.query_arrays = arrays;
  read_statuses(map, manner);
  if (const auto fail = map.map("fail")) manner.fail = read_fail(*fail);
  if (const auto retry = map.map("retry")) manner.retry = read_retry(*retry);
  if (const Json* page = map.get("page")) manner.pages = read_pages(*page, map);
  if (map.has("timeout")) {
    const auto timeout = parse_duration(map.text("timeout"));
    if (timeout && *timeout >= std::chrono::seconds{1} && *timeout <= limits::kStepTimeout) {
      manner.timeout = std::chrono::duration_cast<Millis>(*timeout);
    } else {
      map.fault("timeout", "invalid_value", "a duration like 30s is wanted, from 1s to 24h");
    }
  }
  if (map.has("max_response")) manner.max_response = read_bytes(map, "max_response");
}

std::optional<KeyPlace> read_key_place(const Map& map) {
  map.only({"header", "query", "body"});
  if (map.object().size() != 1) {
    map.fault("", "invalid_value",
              "one place is wanted: {header: NAME}, {query: NAME} or "
              "{body: NAME}");
    return std::nullopt;
  }
  const std::string_view place = key_of(*map.object().begin());
  return KeyPlace{.place = place == "header"  ? Place::header
                           : place == "query" ? Place::query
                                              : Place::body,
                  .name = map.text(place)};
}

std::optional<RateLimit> read_rate(const Map& map) {
  if (!map.has("rate")) return std::nullopt;
  const std::string text = map.text("rate");
  RateLimit out;
  unsigned seconds = 0;
  if (std::sscanf(text.c_str(), "%u/%us", &out.calls, &seconds) != 2 || out.calls == 0 ||
      seconds == 0) {
    map.fault("rate", "invalid_value", "`rate` is calls and seconds, like 50/60s");
    return std::nullopt;
  }
  out.per = std::chrono::seconds{seconds};
  out.burst = static_cast<unsigned>(map.integer("burst").value_or(0));
  out.concurrency = static_cast<unsigned>(map.integer("concurrency").value_or(0));
  return out;
}

}  // namespace pilot::providers::manifest
