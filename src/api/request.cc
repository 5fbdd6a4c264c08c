#include "api/request.h"

#include <array>

#include "base/assert.h"
#include "base/json.h"

namespace pilot::api {
namespace {

constexpr std::size_t kMostParameters = 100;

struct MethodName {
  Method method;
  std::string_view name;
};
constexpr std::array<MethodName, 7> kMethods{{{Method::get, "GET"},
                                              {Method::head, "HEAD"},
                                              {Method::post, "POST"},
                                              {Method::put, "PUT"},
                                              {Method::patch, "PATCH"},
                                              {Method::del, "DELETE"},
                                              {Method::options, "OPTIONS"}}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

// None when an escape is cut off or not hexadecimal, or when NUL or broken UTF-8 comes out.
std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') return std::nullopt;
    out.push_back(c);
  }
  if (!is_valid_utf8(out)) return std::nullopt;
  return out;
}

Error bad_target(std::string_view what) {
  return invalid("bad_target", fmt::format("{} cannot be read: percent escapes must be two "
                                           "hexadecimal digits and give UTF-8 without NUL",
                                           what));
}

Status parse_path(std::string_view path, std::vector<std::string>& out) {
  out.clear();
  if (path == "/") return ok();
  std::size_t begin = 1;
  while (true) {
    const std::size_t slash = path.find('/', begin);
    auto segment = decode(path.substr(begin, slash - begin), false);
    if (!segment) return bad_target("the path");
    out.push_back(std::move(*segment));
    if (slash == std::string_view::npos) return ok();
    begin = slash + 1;
  }
}

Status add_parameter(std::string_view pair, Request& out) {
  const std::size_t equals = pair.find('=');
  auto name = decode(pair.substr(0, equals), true);
  std::optional<std::string> value{std::string()};
  if (equals != std::string_view::npos) value = decode(pair.substr(equals + 1), true);
  if (!name || !value) return bad_target("the query");
  if (out.query_value(*name)) {
    return invalid("duplicate_parameter",
                   fmt::format("query parameter \"{}\" is given twice; give it once", *name));
  }
  if (out.query.size() >= kMostParameters) {
    return invalid("too_many_parameters",
                   fmt::format("more than {} query parameters", kMostParameters));
  }
  out.query.emplace_back(std::move(*name), std::move(*value));
  return ok();
}

Status parse_query(std::string_view query, Request& out) {
  out.query.clear();
  while (!query.empty()) {
    const std::size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
    if (pair.empty()) continue;
    if (Status added = add_parameter(pair, out); !added) return added;
  }
  return ok();
}

}  // namespace

Method method_from(std::string_view name) {
  for (const auto& entry : kMethods) {
    if (entry.name == name) return entry.method;
  }
  return Method::other;
}

std::string_view to_string(Method method) {
  for (const auto& entry : kMethods) {
    if (entry.method == method) return entry.name;
  }
  return "OTHER";
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string_view> Request::header(std::string_view name) const {
  for (const HeaderView& header : headers) {
    if (equals_ignoring_case(header.name, name)) return header.value;
  }
  return std::nullopt;
}

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

const std::string& Request::param(std::string_view name) const {
  const auto found = std::find_if(params.begin(), params.end(),
                                  [&](const auto& entry) { return entry.first == name; });
  PILOT_ASSERT(found != params.end());
  return found->second;
}

Status parse_target(std::string_view target, Request& out) {
  out.target = target;
  // Absolute, authority and asterisk forms are for proxies; Pilot is none.
  if (target.empty() || target.front() != '/') {
    return invalid("bad_target", "the request target must be a path that starts with /");
  }
  if (target.find('#') != std::string_view::npos) {
    return invalid("bad_target", "the request target must not have a fragment (#)");
  }
  const std::size_t question = target.find('?');
  if (Status path = parse_path(target.substr(0, question), out.path); !path) return path;
  return parse_query(
      question == std::string_view::npos ? std::string_view{} : target.substr(question + 1), out);
}

}  // namespace pilot::api
