#include "api/body.h"

#include <charconv>

#include "api/auth.h"
#include "api/problem.h"
#include "base/nearest.h"

namespace pilot::api {
namespace {

constexpr double kMostWaitSeconds = 300;

Error wrong_type(std::string_view key, std::string_view wanted, const Json& got) {
  return invalid("wrong_type",
                 fmt::format("\"{}\" must be {}, not {}", key, wanted, json_type_name(got)),
                 pointer_join("", key));
}

Error bad_parameter(std::string_view name, std::string_view wanted) {
  return invalid("invalid_value", fmt::format("query parameter \"{}\" must be {}", name, wanted));
}

Result<JsonObject> as_object(const Request& request, Json json) {
  if (!json.is_object()) {
    return invalid("wrong_type",
                   fmt::format("the body must be a JSON object, not {}", json_type_name(json)));
  }
  JsonObject object = std::move(json.get_object());
  if (Status same = check_body_user(request, object); !same) return same.error();
  return object;
}

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Result<Json> read_json(Request& request) {
  if (request.json) {
    Json parsed = std::move(*request.json);
    request.json.reset();
    return parsed;
  }
  if (request.body.empty()) {
    return invalid("missing_body", "this needs a body: JSON, with Content-Type: application/json");
  }
  return parse_json(request.body);
}

Result<JsonObject> read_object(Request& request) {
  Result<Json> json = read_json(request);
  if (!json) return json.error();
  return as_object(request, std::move(*json));
}

Result<JsonObject> read_optional_object(Request& request) {
  if (request.body.empty()) return JsonObject{};
  return read_object(request);
}

Status check_body_user(const Request& request, const JsonObject& object) {
  const Json* user = find(object, "user_id");
  if (user == nullptr) return ok();
  // Anything but the principal's own text is somebody else, null and numbers included.
  return check_user(request.principal,
                    user->is_string() ? as_view(user->get_string()) : std::string_view{});
}

Result<std::string> text_member(const JsonObject& object, std::string_view key,
                                std::string_view otherwise) {
  const Json* value = find(object, key);
  if (value == nullptr || value->is_null()) return std::string(otherwise);
  if (!value->is_string()) return wrong_type(key, "a text", *value);
  return std::string(as_view(value->get_string()));
}

Result<std::optional<std::vector<std::string>>> texts_member(const JsonObject& object,
                                                             std::string_view key) {
  using Texts = std::optional<std::vector<std::string>>;
  const Json* value = find(object, key);
  if (value == nullptr || value->is_null()) return Texts{};
  if (!value->is_array()) return wrong_type(key, "a list of texts", *value);
  std::vector<std::string> out;
  for (const Json& entry : value->get_array()) {
    if (!entry.is_string()) return wrong_type(key, "a list of texts", *value);
    out.emplace_back(as_view(entry.get_string()));
  }
  return Texts{std::move(out)};
}

Status refuse_unknown(const JsonObject& object, const std::vector<std::string>& known) {
  for (const auto& member : object) {
    const std::string_view key{member.key().data(), member.key().size()};
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    const std::string shown(utf8_prefix_characters(key, 100));
    return invalid("unknown_key",
                   fmt::format("\"{}\" is not known here{}", shown, did_you_mean(shown, known)),
                   pointer_join("", shown));
  }
  return ok();
}

Result<store::PageRequest> read_page(const Request& request) {
  store::PageRequest page;
  if (const auto limit = request.query_value("limit")) {
    const auto number = parse_number<std::int64_t>(*limit);
    if (!number || *number < 1 || *number > limits::kPageMax) {
      return bad_parameter("limit", fmt::format("a whole number from 1 to {}", limits::kPageMax));
    }
    page.limit = *number;
  }
  if (const auto cursor = request.query_value("cursor")) {
    if (cursor->size() > 500) return bad_parameter("cursor", "a next_cursor of an earlier answer");
    page.cursor = *cursor;
  }
  return page;
}

Result<Millis> read_wait(const Request& request) {
  const auto wait = request.query_value("wait");
  if (!wait) return Millis{60'000};
  const auto seconds = parse_number<double>(*wait);
  if (!seconds || !(*seconds >= 0 && *seconds <= kMostWaitSeconds)) {
    return bad_parameter("wait", fmt::format("seconds, from 0 to {}", kMostWaitSeconds));
  }
  return Millis{static_cast<std::int64_t>(*seconds * 1000)};
}

Response bad_query(const Error& error) { return problem(error, 400); }

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > limits::kNameLength) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == '@' || c == '+';
  });
}

bool is_title(std::string_view text) {
  if (std::any_of(text.begin(), text.end(),
                  [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; })) {
    return false;
  }
  // U+200B..200F, U+202A..202E, U+2066..2069: invisible, or they turn the text after them around.
  for (std::size_t i = 0; i + 2 < text.size(); ++i) {
    if (text[i] != '\xe2') continue;
    const auto second = static_cast<unsigned char>(text[i + 1]);
    const auto third = static_cast<unsigned char>(text[i + 2]);
    if (second == 0x80 && ((third >= 0x8b && third <= 0x8f) || (third >= 0xaa && third <= 0xae))) {
      // A zero-width joiner holds emoji together.
      if (third != 0x8d) return false;
    }
    if (second == 0x81 && third >= 0xa6 && third <= 0xa9) return false;
  }
  return true;
}

}  // namespace pilot::api
