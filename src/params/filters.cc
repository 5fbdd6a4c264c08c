// Looking up filters and checking what they are given; the functions are in *_filters.cc.
#include "params/filters.h"

#include <fmt/format.h>
#include <string.h>  // memmem: linear, unlike string_view::find

#include "model/limits.h"
#include "params/template.h"

namespace pilot::params {
namespace {

// The resolver asks for it by name, because it alone sees a missing path; here it has its place in
// the list.
constexpr Filter kDefault{
    kDefaultFilter, kAny, 1, 1, {kAny, 0}, "another value when there is none or it is null",
    nullptr};

std::array<std::span<const Filter>, 5> tables() {
  return {std::span<const Filter>(&kDefault, 1), text_filters(), list_filters(), number_filters(),
          coding_filters()};
}

}  // namespace

const Filter* find_filter(std::string_view name) {
  for (const auto table : tables()) {
    for (const auto& filter : table) {
      if (filter.name == name) return &filter;
    }
  }
  return nullptr;
}

std::vector<std::string> filter_names() {
  std::vector<std::string> names;
  for (const auto table : tables()) {
    for (const auto& filter : table) names.emplace_back(filter.name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<std::string> check_arguments(const Filter& filter, Arguments arguments) {
  if (arguments.size() < filter.min_arguments || arguments.size() > filter.max_arguments) {
    const auto wanted = filter.min_arguments == filter.max_arguments
                            ? fmt::format("{}", filter.max_arguments)
                            : fmt::format("{} to {}", filter.min_arguments, filter.max_arguments);
    return fmt::format("the filter `{}` takes {} argument{}, this has {}", filter.name, wanted,
                       wanted == "1" ? "" : "s", arguments.size());
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto wanted = filter.arguments[i];
    const bool whole = arguments[i].is_int64();
    if ((kind_of(arguments[i]) & wanted) || (whole && (wanted & kInteger))) continue;
    return fmt::format("argument {} of the filter `{}` is {}, not {}", i + 1, filter.name,
                       describe_kinds(kind_of(arguments[i])), describe_kinds(wanted));
  }
  return std::nullopt;
}

std::string describe_kinds(Kinds kinds) {
  static constexpr std::pair<Kinds, std::string_view> kNames[] = {{kText, "text"},
                                                                  {kNumber, "a number"},
                                                                  {kInteger, "a whole number"},
                                                                  {kBoolean, "true or false"},
                                                                  {kList, "a list"},
                                                                  {kObject, "an object"},
                                                                  {kNull, "null"}};
  std::vector<std::string_view> names;
  for (const auto& [kind, name] : kNames) {
    if (kinds & kind) names.push_back(name);
  }
  return fmt::format("{}", fmt::join(names, " or "));
}

Kinds kind_of(const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return kNull;
    case boost::json::kind::bool_:
      return kBoolean;
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
    case boost::json::kind::double_:
      return kNumber;
    case boost::json::kind::string:
      return kText;
    case boost::json::kind::array:
      return kList;
    case boost::json::kind::object:
      return kObject;
  }
  return kNull;
}

Error filter_error(std::string message) { return invalid("filter_failed", std::move(message)); }

Error text_limit_error() {
  return too_large("limit_exceeded",
                   fmt::format("the text is longer than {} bytes", limits::kString));
}

std::string_view text_of(const Json& value) { return as_view(value.get_string()); }

Json text_json(std::string_view text) {
  return Json(boost::json::string_view(text.data(), text.size()));
}

void append_text(std::string& out, const Json& value) {
  if (value.is_string()) {
    out += text_of(value);
  } else {
    append_json(out, value);
  }
}

std::size_t character_bytes(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  const std::size_t size = lead < 0xC2   ? 1
                           : lead < 0xE0 ? 2
                           : lead < 0xF0 ? 3
                           : lead < 0xF5 ? 4
                                         : 1;
  return std::min(size, text.size() - at);
}

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::size_t find_text(std::string_view text, std::string_view needle, std::size_t from) {
  if (from > text.size()) return text.npos;
  const void* found = memmem(text.data() + from, text.size() - from, needle.data(), needle.size());
  if (found == nullptr) return text.npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

std::pair<std::size_t, std::size_t> slice_bounds(std::size_t size, Arguments arguments) {
  const auto length = static_cast<std::int64_t>(size);
  auto begin = arguments[0].get_int64();
  begin = std::clamp(begin < 0 ? begin + length : begin, std::int64_t{0}, length);
  auto count = arguments.size() > 1 ? arguments[1].get_int64() : length;
  count = std::clamp(count, std::int64_t{0}, length - begin);
  return {static_cast<std::size_t>(begin), static_cast<std::size_t>(begin + count)};
}

}  // namespace pilot::params
