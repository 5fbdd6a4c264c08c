// See schema_words.h. Everything shown is cut: a message must stay readable and small.
#include "schema/schema_words.h"

#include <algorithm>
#include <utility>

#include "schema/schema_value.h"

namespace pilot::schema {

namespace {

constexpr std::size_t kShownBytes = 40;    // of a text that came
constexpr std::size_t kShownChoices = 10;  // of an enum
constexpr std::size_t kShownBranches = 6;  // of an anyOf
constexpr int kDepth = 3;                  // of $ref and anyOf in one sentence

std::string literal(const Json& value) {
  const std::string text = to_json(value);
  const std::string_view shown = utf8_prefix(text, kShownBytes);
  return std::string(shown) + (shown.size() < text.size() ? "..." : "");
}

std::string choices(const JsonArray& all) {
  if (all.size() == 1) return literal(all.front());
  std::string text = "one of ";
  for (std::size_t i = 0; i < all.size() && i < kShownChoices; ++i) {
    if (i > 0) text += ", ";
    text += literal(all[i]);
  }
  if (all.size() > kShownChoices) text += ", ... (" + std::to_string(all.size()) + " in all)";
  return text;
}

std::string number_phrase(const Schema::Node& node, std::string text) {
  if (node.number->minimum != nullptr && node.number->maximum != nullptr &&
      node.number->exclusive_minimum == nullptr && node.number->exclusive_maximum == nullptr) {
    text += " from " + to_json(*node.number->minimum) + " to " + to_json(*node.number->maximum);
  } else {
    std::vector<std::string> bounds;
    if (node.number->minimum != nullptr)
      bounds.push_back("of at least " + to_json(*node.number->minimum));
    if (node.number->exclusive_minimum != nullptr) {
      bounds.push_back("greater than " + to_json(*node.number->exclusive_minimum));
    }
    if (node.number->maximum != nullptr)
      bounds.push_back("of at most " + to_json(*node.number->maximum));
    if (node.number->exclusive_maximum != nullptr) {
      bounds.push_back("less than " + to_json(*node.number->exclusive_maximum));
    }
    if (!bounds.empty()) text += " " + joined(bounds, "and");
  }
  if (node.number->multiple_of != nullptr)
    text += " that is a multiple of " + to_json(*node.number->multiple_of);
  return text;
}

using Bound = std::optional<std::uint64_t>;

// "a non-empty string", "an array of 1 to 3 items"
std::string sized(std::string_view article, std::string_view thing, const Bound& least,
                  const Bound& most, std::string_view noun) {
  const std::string plain = std::string(article) + " " + std::string(thing);
  if (!least && !most) return plain;
  if (!most) {
    if (*least == 1) return "a non-empty " + std::string(thing);
    return plain + " of at least " + counted(*least, noun);
  }
  if (!least || *least == 0) return plain + " of at most " + counted(*most, noun);
  if (*least == *most) return plain + " of exactly " + counted(*most, noun);
  return plain + " of " + std::to_string(*least) + " to " + counted(*most, noun);
}

std::string string_phrase(const Schema::Node& node) {
  std::string text;
  if (node.string->format == Format::none) {
    text = sized("a", "string", node.string->min_length, node.string->max_length, "character");
  } else {
    text = describe(node.string->format);
    if (node.string->max_length)
      text += " of at most " + counted(*node.string->max_length, "character");
  }
  if (node.string->pattern) text += " that matches " + node.string->pattern->text();
  return text;
}

std::vector<std::string> type_phrases(const Schema::Node& node, unsigned types) {
  std::vector<std::string> all;
  if ((types & type_string) != 0) all.push_back(string_phrase(node));
  if ((types & type_number) != 0) {
    all.push_back(number_phrase(node, "a number"));
  } else if ((types & type_integer) != 0) {
    all.push_back(number_phrase(node, "an integer"));
  }
  if ((types & type_boolean) != 0) all.emplace_back("a boolean (true or false)");
  if ((types & type_array) != 0) {
    all.push_back(sized("an", "array", node.array->min_items, node.array->max_items, "item"));
  }
  if ((types & type_object) != 0) {
    all.push_back(
        sized("an", "object", node.object->min_properties, node.object->max_properties, "member"));
  }
  if ((types & type_null) != 0) all.emplace_back("null");
  return all;
}

// The types that the keywords speak of, for a schema that names none.
unsigned implied_types(const Schema::Node& node) {
  unsigned types = 0;
  if (node.number->minimum || node.number->maximum || node.number->exclusive_minimum ||
      node.number->exclusive_maximum || node.number->multiple_of) {
    types |= type_number;
  }
  if (node.string->min_length || node.string->max_length || node.string->pattern ||
      node.string->format != Format::none) {
    types |= type_string;
  }
  if (!node.object->properties.empty() || !node.object->required.empty() ||
      node.object->additional_properties) {
    types |= type_object;
  }
  if (!node.array->prefix_items.empty() || node.array->items || node.array->min_items ||
      node.array->max_items) {
    types |= type_array;
  }
  return types;
}

std::string describe_at(const Schema::Node& node, int depth);

std::string describe_branches(const std::vector<const Schema::Node*>& branches, int depth) {
  std::vector<std::string> all;
  for (const Schema::Node* branch : branches) {
    std::string words = describe_at(*branch, depth);
    if (words.empty() || std::find(all.begin(), all.end(), words) != all.end()) continue;
    if (all.size() == kShownBranches) {
      all.emplace_back("something else");
      break;
    }
    all.push_back(std::move(words));
  }
  return joined(all, "or");
}

// "" when there is nothing to say.
std::string describe_at(const Schema::Node& node, int depth) {
  if (depth == 0) return {};
  if (node.forbidden) return "nothing";
  if (node.constant != nullptr) return literal(*node.constant);
  if (node.choices != nullptr) return choices(*node.choices);
  if (node.types != 0) return joined(type_phrases(node, node.types), "or");
  if (!node.branches->any_of.empty()) return describe_branches(node.branches->any_of, depth - 1);
  if (!node.branches->one_of.empty()) return describe_branches(node.branches->one_of, depth - 1);
  if (node.reference != nullptr) return describe_at(*node.reference, depth - 1);
  if (const unsigned types = implied_types(node)) return joined(type_phrases(node, types), "or");
  for (const Schema::Node* part : node.branches->all_of) {
    if (std::string words = describe_at(*part, depth - 1); !words.empty()) return words;
  }
  return {};
}

}  // namespace

std::string describe(const Schema::Node& node) {
  std::string words = describe_at(node, kDepth);
  return words.empty() ? "another value" : words;
}

std::string describe_for(const Schema::Node& node, const Json& value) {
  unsigned types = type_bits(value);
  if (node.types != 0) types &= node.types;
  return joined(type_phrases(node, types), "or");
}

std::string got(const Json& value, bool secret) {
  const std::string type{json_type_name(value)};
  if (value.is_null()) return type;
  if (value.is_array()) return type + " of " + counted(value.get_array().size(), "item");
  if (value.is_object()) return type + " of " + counted(value.get_object().size(), "member");
  if (secret) return type;
  if (!value.is_string() || value.get_string().size() <= kShownBytes) {
    return type + " " + to_json(value);
  }
  const std::string_view text = as_view(value.get_string());
  std::string shown = type + " ";
  append_json_string(shown, utf8_prefix(text, kShownBytes));
  return shown + "... (" + counted(text.size(), "byte") + ")";
}

std::string joined(const std::vector<std::string>& parts, std::string_view last) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) text += i + 1 == parts.size() ? " " + std::string(last) + " " : ", ";
    text += parts[i];
  }
  return text;
}

std::string counted(std::uint64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace pilot::schema
