// What each keyword of the vocabulary may say, and how it is put into a node.
#include <array>
#include <unordered_set>
#include <utility>

#include "base/nearest.h"
#include "schema/schema_compiler.h"

namespace pilot::schema {

namespace {

constexpr std::size_t kPatterns = 100;             // different ones in one document
constexpr std::size_t kPatternPrograms = 100'000;  // instructions of all of them

constexpr std::array<std::string_view, 10> kAnnotations = {
    "title",    "description", "default", "examples", "deprecated",
    "readOnly", "writeOnly",   "$schema", "$id",      "$comment"};

struct TypeName {
  std::string_view name;
  unsigned bit;
};
constexpr std::array<TypeName, 7> kTypes = {{{"null", type_null},
                                             {"boolean", type_boolean},
                                             {"integer", type_integer},
                                             {"number", type_number},
                                             {"string", type_string},
                                             {"array", type_array},
                                             {"object", type_object}}};

Status read_type_name(unsigned& types, const Json& value, const std::string& place) {
  if (!value.is_string()) return expected_schema_part("the name of a type", value, place);
  const std::string_view name = as_view(value.get_string());
  std::vector<std::string> names;
  for (const TypeName& type : kTypes) {
    if (type.name == name) {
      types |= type.bit;
      return ok();
    }
    names.emplace_back(type.name);
  }
  return invalid_schema("\"" + std::string(name) + "\" is no type" + did_you_mean(name, names) +
                            "; there are null, boolean, integer, number, string, array, object",
                        place);
}

}  // namespace

template <auto Member>
Status Compiler::read_number(Node& node, const Json& value, const Place& place) {
  if (!value.is_number()) return expected_schema_part("a number", value, place);
  node.number.make().*Member = &value;
  return ok();
}

template <auto Keywords, auto Member>
Status Compiler::read_count(Node& node, const Json& value, const Place& place) {
  if (!value.is_number() || !is_integral(value) || compare(value, Json(0)) < 0) {
    return invalid_schema("expected an integer of at least 0, got " + to_json(value), place);
  }
  constexpr std::uint64_t kMost = 1ull << 63;  // nothing has more than that
  if (compare(value, Json(kMost)) >= 0) {
    (node.*Keywords).make().*Member = kMost;
  } else if (value.is_double()) {
    (node.*Keywords).make().*Member = static_cast<std::uint64_t>(value.get_double());
  } else {
    (node.*Keywords).make().*Member = value.to_number<std::uint64_t>();
  }
  return ok();
}

template <auto Keywords, auto Member>
Status Compiler::read_schema(Node& node, const Json& value, const Place& place) {
  (node.*Keywords).make().*Member = node_for(value, place);
  return ok();
}

template <auto Keywords, auto Member>
Status Compiler::read_schemas(Node& node, const Json& value, const Place& place) {
  if (!value.is_array() || value.get_array().empty()) {
    return expected_schema_part("a list of at least one schema", value, place);
  }
  std::size_t index = 0;
  for (const Json& item : value.get_array()) {
    ((node.*Keywords).make().*Member).push_back(node_for(item, pointer_join(place, index++)));
  }
  return ok();
}

Status Compiler::read_type(Node& node, const Json& value, const Place& place) {
  if (!value.is_array()) return read_type_name(node.types, value, place);
  if (value.get_array().empty()) {
    return invalid_schema("expected at least one type: with none, nothing would ever fit", place);
  }
  std::size_t index = 0;
  for (const Json& item : value.get_array()) {
    if (Status done = read_type_name(node.types, item, pointer_join(place, index++)); !done) {
      return done;
    }
  }
  return ok();
}

Status Compiler::read_enum(Node& node, const Json& value, const Place& place) {
  if (!value.is_array() || value.get_array().empty()) {
    return expected_schema_part("a list of at least one value", value, place);
  }
  node.choices = &value.get_array();
  for (const Json& choice : value.get_array()) {
    if (choice.is_structured()) {
      node.chosen.make().nested.push_back(&choice);
    } else {
      node.chosen.make().scalars.insert(canonical(choice));
    }
  }
  return ok();
}

Status Compiler::read_const(Node& node, const Json& value, const Place&) {
  node.constant = &value;
  return ok();
}

Status Compiler::read_multiple_of(Node& node, const Json& value, const Place& place) {
  if (!value.is_number() || compare(value, Json(0)) <= 0) {
    return invalid_schema("expected a number greater than 0, got " + to_json(value), place);
  }
  node.number.make().multiple_of = &value;
  return ok();
}

Status Compiler::read_pattern(Node& node, const Json& value, const Place& place) {
  if (!value.is_string()) return expected_schema_part("a regular expression", value, place);
  Result<std::shared_ptr<const Pattern>> pattern = pattern_of(as_view(value.get_string()), place);
  if (!pattern) return pattern.error();
  node.string.make().pattern = std::move(*pattern);
  return ok();
}

Result<std::shared_ptr<const Pattern>> Compiler::pattern_of(std::string_view text,
                                                            const Place& place) {
  if (const auto known = patterns_.find(text); known != patterns_.end()) return known->second;
  if (patterns_.size() == kPatterns) {
    return invalid_schema("it holds more than " + std::to_string(kPatterns) + " patterns", place);
  }
  Result<std::shared_ptr<const Pattern>> pattern = Pattern::compile(text);
  if (!pattern) {
    pattern.error().pointer = place;
    return pattern;
  }
  pattern_programs_ += (*pattern)->size();
  if (pattern_programs_ > kPatternPrograms) {
    return invalid_schema("the patterns of this schema are too large together", place);
  }
  patterns_.emplace(text, *pattern);
  return pattern;
}

Status Compiler::read_format(Node& node, const Json& value, const Place& place) {
  if (!value.is_string()) return expected_schema_part("the name of a format", value, place);
  const std::string_view name = as_view(value.get_string());
  const std::optional<Format> format = parse_format(name);
  if (!format) {
    std::string known;
    for (const std::string& one : format_names()) known += (known.empty() ? "" : ", ") + one;
    return invalid_schema("\"" + std::string(name) + "\" is not a format that is checked" +
                              did_you_mean(name, format_names()) + "; there are " + known,
                          place);
  }
  node.string.make().format = *format;
  return ok();
}

Status Compiler::read_unique_items(Node& node, const Json& value, const Place& place) {
  if (!value.is_bool()) return expected_schema_part("true or false", value, place);
  node.array.make().unique_items = value.get_bool();
  return ok();
}

Status Compiler::read_properties(Node& node, const Json& value, const Place& place) {
  if (!value.is_object()) return expected_schema_part("an object of schemas", value, place);
  for (const auto& member : value.get_object()) {
    const std::string_view name = member.key();
    node.object.make().property_names.push_back(name);
    node.object.make().properties[name] = node_for(member.value(), pointer_join(place, name));
  }
  return ok();
}

Status Compiler::read_pattern_properties(Node& node, const Json& value, const Place& place) {
  if (!value.is_object()) return expected_schema_part("an object of schemas", value, place);
  for (const auto& member : value.get_object()) {
    const std::string_view text = member.key();
    Result<std::shared_ptr<const Pattern>> pattern = pattern_of(text, pointer_join(place, text));
    if (!pattern) return pattern.error();
    node.object.make().pattern_properties.push_back(
        {std::move(*pattern), node_for(member.value(), pointer_join(place, text))});
  }
  return ok();
}

Status Compiler::read_required(Node& node, const Json& value, const Place& place) {
  if (!value.is_array()) return expected_schema_part("a list of property names", value, place);
  std::unordered_set<std::string_view> seen;
  std::size_t index = 0;
  for (const Json& item : value.get_array()) {
    const Place here = pointer_join(place, index++);
    if (!item.is_string()) return expected_schema_part("a property name", item, here);
    const std::string_view name = as_view(item.get_string());
    if (!seen.insert(name).second) {
      return invalid_schema("\"" + std::string(name) + "\" stands in this list twice", here);
    }
    node.object.make().required.push_back(name);
  }
  return ok();
}

Status Compiler::read_defs(Node&, const Json& value, const Place& place) {
  if (!value.is_object()) return expected_schema_part("an object of schemas", value, place);
  for (const auto& member : value.get_object()) {
    node_for(member.value(), pointer_join(place, std::string_view(member.key())));
  }
  return ok();
}

const std::vector<Compiler::Keyword>& Compiler::keywords() {
  static const std::vector<Keyword> kKeywords = {
      {"type", &Compiler::read_type},
      {"enum", &Compiler::read_enum},
      {"const", &Compiler::read_const},
      {"minimum", &Compiler::read_number<&NumberKeywords::minimum>},
      {"maximum", &Compiler::read_number<&NumberKeywords::maximum>},
      {"exclusiveMinimum", &Compiler::read_number<&NumberKeywords::exclusive_minimum>},
      {"exclusiveMaximum", &Compiler::read_number<&NumberKeywords::exclusive_maximum>},
      {"multipleOf", &Compiler::read_multiple_of},
      {"minLength", &Compiler::read_count<&Node::string, &StringKeywords::min_length>},
      {"maxLength", &Compiler::read_count<&Node::string, &StringKeywords::max_length>},
      {"pattern", &Compiler::read_pattern},
      {"format", &Compiler::read_format},
      {"properties", &Compiler::read_properties},
      {"required", &Compiler::read_required},
      {"additionalProperties",
       &Compiler::read_schema<&Node::object, &ObjectKeywords::additional_properties>},
      {"patternProperties", &Compiler::read_pattern_properties},
      {"propertyNames", &Compiler::read_schema<&Node::object, &ObjectKeywords::names>},
      {"minProperties", &Compiler::read_count<&Node::object, &ObjectKeywords::min_properties>},
      {"maxProperties", &Compiler::read_count<&Node::object, &ObjectKeywords::max_properties>},
      {"items", &Compiler::read_schema<&Node::array, &ArrayKeywords::items>},
      {"prefixItems", &Compiler::read_schemas<&Node::array, &ArrayKeywords::prefix_items>},
      {"minItems", &Compiler::read_count<&Node::array, &ArrayKeywords::min_items>},
      {"maxItems", &Compiler::read_count<&Node::array, &ArrayKeywords::max_items>},
      {"uniqueItems", &Compiler::read_unique_items},
      {"contains", &Compiler::read_schema<&Node::array, &ArrayKeywords::contains>},
      {"anyOf", &Compiler::read_schemas<&Node::branches, &BranchKeywords::any_of>},
      {"oneOf", &Compiler::read_schemas<&Node::branches, &BranchKeywords::one_of>},
      {"allOf", &Compiler::read_schemas<&Node::branches, &BranchKeywords::all_of>},
      {"not", &Compiler::read_schema<&Node::branches, &BranchKeywords::excluded>},
      {"$ref", &Compiler::read_reference},
      {"$defs", &Compiler::read_defs},
  };
  return kKeywords;
}

Compiler::Reader Compiler::reader_of(std::string_view name) {
  for (const Keyword& keyword : keywords()) {
    if (keyword.name == name) return keyword.read;
  }
  return nullptr;
}

bool Compiler::is_annotation(std::string_view name) {
  return name.starts_with("x-") ||
         std::find(kAnnotations.begin(), kAnnotations.end(), name) != kAnnotations.end();
}

Error Compiler::unknown_keyword(std::string_view name, const Place& place) {
  const std::string start = "\"" + std::string(name) + "\" is not a keyword that is checked here";
  if (name == "nullable") {
    return invalid_schema(start + "; write \"type\": [\"...\", \"null\"]", place);
  }
  if (name == "definitions") return invalid_schema(start + "; write \"$defs\"", place);
  std::vector<std::string> names(kAnnotations.begin(), kAnnotations.end());
  for (const Keyword& keyword : keywords()) names.emplace_back(keyword.name);
  return invalid_schema(start + did_you_mean(name, names) + "; notes of your own may start with x-",
                        place);
}

}  // namespace pilot::schema
