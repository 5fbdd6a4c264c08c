#include "providers/openapi/answers.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "providers/openapi/body.h"

namespace pilot::providers::openapi {
namespace {

// Names without their _ and in lower case.
std::string squeezed(std::string_view name) {
  std::string out;
  for (const char c : lower_case(name)) {
    if (c != '_' && c != '-' && c != '$') out += c;
  }
  return out;
}

constexpr std::array<std::string_view, 8> kNextUrls = {
    "next",         "nexturl",  "nextlink",        "nextpageurl",
    "nextpagelink", "nextpage", "@odata.nextlink", "nexthref"};
constexpr std::array<std::string_view, 10> kSizes = {
    "limit", "perpage", "pagesize", "maxresults", "max",
    "count", "size",    "top",      "maxitems",   "pagelimit"};

struct CursorPair {
  std::string_view answer;
  std::string_view param;
};
constexpr std::array<CursorPair, 14> kCursors = {{{"nextcursor", "cursor"},
                                                  {"nextcursor", "nextcursor"},
                                                  {"nextcursor", "pagecursor"},
                                                  {"nextpagetoken", "pagetoken"},
                                                  {"nextpagetoken", "nextpagetoken"},
                                                  {"nexttoken", "nexttoken"},
                                                  {"nexttoken", "token"},
                                                  {"nextmarker", "marker"},
                                                  {"nextmarker", "nextmarker"},
                                                  {"cursor", "cursor"},
                                                  {"continuationtoken", "continuationtoken"},
                                                  {"nextpagecursor", "pagecursor"},
                                                  {"nextpagekey", "nextpagekey"},
                                                  {"paginationtoken", "paginationtoken"}}};
constexpr std::array<std::string_view, 6> kWrappers = {
    "meta", "pagination", "paging", "responsemetadata", "metadata", "cursor"};
constexpr std::array<std::string_view, 7> kLists = {"items",   "data",    "results", "value",
                                                    "entries", "records", "values"};

template <std::size_t N>
bool among(const std::array<std::string_view, N>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string member_path(std::string_view name) {
  const bool plain = !name.empty() && identifier(name, 100) == name;
  return plain ? fmt::format(".{}", name) : fmt::format("[{}]", to_json(Json(std::string(name))));
}

// jq: .a.b, or .["@odata.nextLink"]
std::string path_of(std::initializer_list<std::string_view> names) {
  std::string out;
  for (const std::string_view name : names) {
    const std::string step = member_path(name);
    out += out.empty() && step.front() == '[' ? "." + step : step;
  }
  return out;
}

bool is_type(const SchemaView& view, std::string_view type) {
  const auto types = view.types();
  return types.size() == 1 && types[0] == type;
}

class Answer {
 public:
  Answer(const Json& operation, Converter& converter, Draft& draft)
      : converter_(converter), draft_(draft) {
    find_success(operation);
  }

  void add_media();
  void add_pages();

 private:
  void find_success(const Json& operation);
  const Json* schema() const;
  std::string list_path(const SchemaView& view);
  std::optional<JsonObject> link_page();
  std::optional<JsonObject> next_page(const SchemaView& view);
  std::optional<JsonObject> cursor_page(const SchemaView& view);
  std::optional<JsonObject> cursor_in(const SchemaView& view, std::string_view wrapper);
  Slot* slot(std::string_view squeezed_name);
  void add_size(JsonObject& page);
  void drop(const Slot* slot);

  Converter& converter_;
  Draft& draft_;
  const Json* response_ = nullptr;
  std::vector<std::pair<std::string, const Json*>> media_;  // bare type, schema
};

void Answer::find_success(const Json& operation) {
  const Json* responses = find(operation, "responses");
  if (responses == nullptr) return;
  for (const std::string_view status : {"200", "201", "2XX", "default"}) {
    const Json* found = find(*responses, status);
    if (found == nullptr || (status == "default" && response_ != nullptr)) continue;
    Notes ignored;  // an answer that is not known costs nothing
    response_ = converter_.document().resolved(*found, ignored);
    break;
  }
  if (response_ == nullptr) return;
  if (converter_.document().swagger()) {
    const Json* produces = find(operation, "produces");
    if (produces == nullptr) produces = find(converter_.document().root(), "produces");
    if (produces == nullptr || !produces->is_array()) return;
    for (const Json& type : produces->get_array()) {
      if (type.is_string()) {
        media_.emplace_back(bare_media_type(as_view(type.get_string())), nullptr);
      }
    }
    return;
  }
  const Json* content = find(*response_, "content");
  if (content == nullptr || !content->is_object()) return;
  for (const auto& member : content->get_object()) {
    media_.emplace_back(bare_media_type(member.key()), find(member.value(), "schema"));
  }
}

const Json* Answer::schema() const {
  if (response_ == nullptr) return nullptr;
  if (converter_.document().swagger()) return find(*response_, "schema");
  for (const auto& [type, schema] : media_) {
    if (is_json_type(type) || type == "*/*") return schema;
  }
  return nullptr;
}

void Answer::add_media() {
  if (media_.empty()) return;
  const bool json = std::any_of(media_.begin(), media_.end(), [](const auto& media) {
    return media.first == "application/json" || media.first.find('*') != std::string::npos ||
           media.first.empty();
  });
  if (json) return;
  const bool binary = std::all_of(media_.begin(), media_.end(), [](const auto& media) {
    const std::string& type = media.first;
    return type == "application/octet-stream" || type == "application/pdf" ||
           type == "application/zip" || type == "application/gzip" ||
           (type.starts_with("image/") && !type.ends_with("+xml")) || type.starts_with("audio/") ||
           type.starts_with("video/");
  });
  if (binary) draft_.more["out"] = JsonObject{{"binary", true}};
  // A dialect of JSON must be asked for; of several, the first.
  for (const auto& media : media_) {
    if (!is_json_type(media.first)) continue;
    draft_.put_constant(Where::header, "Accept", Json(media.first));
    return;
  }
  if (!binary) draft_.put_constant(Where::header, "Accept", Json(media_.front().first));
}

Slot* Answer::slot(std::string_view squeezed_name) {
  const Where where = without_body(draft_.method) ? Where::query : Where::body;
  for (Slot& slot : draft_.slots) {
    if (slot.where == where && squeezed(slot.wire) == squeezed_name) return &slot;
  }
  return nullptr;
}

void Answer::drop(const Slot* gone) {
  std::erase_if(draft_.slots, [&](const Slot& slot) { return &slot == gone; });
}

// jq path to the one list of objects in the answer; empty when there are none or several.
std::string Answer::list_path(const SchemaView& view) {
  if (is_type(view, "array")) return ".";
  std::vector<std::string_view> lists;
  std::vector<std::string_view> named;
  for (const auto& [name, schema] : view.properties()) {
    if (!is_type(converter_.view(*schema), "array")) continue;
    lists.push_back(name);
    if (among(kLists, lower_case(name))) named.push_back(name);
  }
  if (lists.size() == 1) return path_of({lists[0]});
  return named.size() == 1 ? path_of({named[0]}) : std::string();
}

std::optional<JsonObject> Answer::link_page() {
  const Json* headers = find(*response_, "headers");
  if (headers == nullptr || !headers->is_object()) return std::nullopt;
  for (const auto& member : headers->get_object()) {
    if (lower_case(member.key()) == "link") return JsonObject{{"link", "next"}};
  }
  return std::nullopt;
}

std::optional<JsonObject> Answer::next_page(const SchemaView& view) {
  const auto is_url = [&](std::string_view name, const SchemaView& value) {
    if (!is_type(value, "string")) return false;
    const std::string_view format = value.text("format");
    if (format == "uri" || format == "url" || format == "uri-reference") return true;
    const std::string word = squeezed(name);
    return word.ends_with("url") || word.ends_with("link") || word.ends_with("href");
  };
  for (const auto& [name, schema] : view.properties()) {
    const SchemaView value = converter_.view(*schema);
    if (among(kNextUrls, squeezed(name)) && is_url(name, value)) {
      return JsonObject{{"next", path_of({name})}};
    }
    if ((name != "links" && name != "_links") || !value.is_object()) continue;
    const Json* next = value.property("next");
    if (next == nullptr) continue;
    const SchemaView inner = converter_.view(*next);
    if (is_type(inner, "string")) return JsonObject{{"next", path_of({name, "next"})}};
    if (inner.property("href") != nullptr) {
      return JsonObject{{"next", fmt::format(".{}.next.href?", name)}};
    }
  }
  return std::nullopt;
}

std::optional<JsonObject> Answer::cursor_in(const SchemaView& view, std::string_view wrapper) {
  for (const auto& [name, schema] : view.properties()) {
    const std::string word = squeezed(name);
    for (const CursorPair& pair : kCursors) {
      // "cursor" alone may as well be the one that was sent, but beside the list it is the next.
      if (word != pair.answer || !is_type(converter_.view(*schema), "string")) continue;
      const Slot* param = slot(pair.param);
      if (param == nullptr) continue;
      JsonObject page{{"cursor", wrapper.empty() ? path_of({name}) : path_of({wrapper, name})},
                      {"as", param->wire}};
      if (param->where == Where::body) page["in"] = "body";
      drop(param);
      return page;
    }
  }
  return std::nullopt;
}

std::optional<JsonObject> Answer::cursor_page(const SchemaView& view) {
  if (draft_.whole_body) return std::nullopt;
  if (auto page = cursor_in(view, "")) return page;
  for (const auto& [name, schema] : view.properties()) {
    if (!among(kWrappers, squeezed(name))) continue;
    if (auto page = cursor_in(converter_.view(*schema), name)) return page;
  }
  return std::nullopt;
}

// The page size, where the document says which sizes are right.
void Answer::add_size(JsonObject& page) {
  for (const std::string_view word : kSizes) {
    const Slot* param = slot(word);
    if (param == nullptr || param->where != Where::query) continue;
    const Json* most = param->schema.if_contains("maximum");
    if (most == nullptr || !most->is_int64() || most->get_int64() < 1) continue;
    page["size"] = JsonObject{{param->wire, std::min<std::int64_t>(most->get_int64(), 100)}};
    drop(param);
    return;
  }
}

void Answer::add_pages() {
  if (draft_.method != "GET" && draft_.method != "POST") return;
  const Json* body = schema();
  if (body == nullptr) return;
  const SchemaView view = converter_.view(*body);
  const std::string items = list_path(view);
  if (items.empty()) return;
  std::optional<JsonObject> page;
  if (draft_.method == "GET") {
    page = link_page();
    if (!page) page = next_page(view);
  }
  if (!page) page = cursor_page(view);
  if (!page) return;
  add_size(*page);
  draft_.more["items"] = items;
  draft_.more["page"] = std::move(*page);
}

}  // namespace

void add_answer(const Json& operation, Converter& converter, Draft& draft) {
  Answer answer(operation, converter, draft);
  answer.add_media();
  answer.add_pages();
}

}  // namespace pilot::providers::openapi
