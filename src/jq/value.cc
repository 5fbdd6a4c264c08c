// Making and reading values.
#include "jq/value.h"

#include <cmath>
#include <cstring>

#include "jq/value_nodes.h"

namespace pilot::jq {

namespace {

const JsonArray* json_array(std::uint64_t bits) { return reinterpret_cast<const JsonArray*>(bits); }
const JsonObject* json_object(std::uint64_t bits) {
  return reinterpret_cast<const JsonObject*>(bits);
}

}  // namespace

Val Val::number(double value) {
  constexpr double kExact = 9007199254740992.0;
  if (value > -kExact && value < kExact && value == std::trunc(value) &&
      !(value == 0 && std::signbit(value))) {
    return integer(static_cast<std::int64_t>(value));
  }
  std::uint64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return {Tag::real, 0, bits};
}

Val Val::view(const Json& json) {
  switch (json.kind()) {
    case boost::json::kind::null:
      return {};
    case boost::json::kind::bool_:
      return Val(json.get_bool());
    case boost::json::kind::int64:
      return integer(json.get_int64());
    case boost::json::kind::uint64:
      return natural(json.get_uint64());
    case boost::json::kind::double_:
      return number(json.get_double());
    case boost::json::kind::string:
      return borrowed(as_view(json.get_string()));
    case boost::json::kind::array:
      return {Tag::array_view, 0, reinterpret_cast<std::uint64_t>(&json.get_array())};
    case boost::json::kind::object:
      return {Tag::object_view, 0, reinterpret_cast<std::uint64_t>(&json.get_object())};
  }
  return {};
}

Val Val::text(Meter& meter, std::string_view text) {
  if (text.size() > kMostItems || !meter.fits(text.size())) return borrowed("");
  auto* node = make_node<StrNode>(meter, Tag::text, text.size());
  node->size = node->capacity = static_cast<std::uint32_t>(text.size());
  if (!text.empty()) std::memcpy(node->bytes(), text.data(), text.size());
  return {Tag::text, 0, reinterpret_cast<std::uint64_t>(node)};
}

Val Val::text_room(Meter& meter, std::size_t capacity) {
  if (capacity > kMostItems || !meter.fits(capacity)) return borrowed("");
  auto* node = make_node<StrNode>(meter, Tag::text, capacity);
  node->size = 0;
  node->capacity = static_cast<std::uint32_t>(capacity);
  return {Tag::text, 0, reinterpret_cast<std::uint64_t>(node)};
}

Val Val::array(Meter& meter, std::size_t capacity) {
  auto* node = make_node<ArrNode>(meter, Tag::array);
  node->items = nullptr;
  node->size = node->capacity = 0;
  if (capacity > 0 && meter.fits(capacity * sizeof(Val))) reserve(*node, meter, capacity);
  return {Tag::array, 0, reinterpret_cast<std::uint64_t>(node)};
}

Val Val::object(Meter& meter, std::size_t capacity) {
  auto* node = make_node<ObjNode>(meter, Tag::object);
  node->members = nullptr;
  node->size = node->capacity = 0;
  node->index = nullptr;
  node->index_size = 0;
  if (capacity > 0 && meter.fits(capacity * sizeof(Member))) reserve(*node, meter, capacity);
  return {Tag::object, 0, reinterpret_cast<std::uint64_t>(node)};
}

Val Val::path(PathNode* node) { return {Tag::path, 0, reinterpret_cast<std::uint64_t>(node)}; }

double Val::as_real() const {
  double value;
  std::memcpy(&value, &bits_, sizeof value);
  return value;
}

double Val::as_double() const {
  if (tag_ == Tag::integer) return static_cast<double>(as_integer());
  return tag_ == Tag::natural ? static_cast<double>(bits_) : as_real();
}

std::string_view Val::as_text() const {
  if (tag_ == Tag::text_view) return {reinterpret_cast<const char*>(bits_), size_};
  if (tag_ != Tag::text) return {};  // what a builtin answers once the meter is spent
  auto* node = reinterpret_cast<StrNode*>(bits_);
  return {node->bytes(), node->size};
}

std::size_t Val::size() const {
  switch (tag_) {
    case Tag::array_view:
      return json_array(bits_)->size();
    case Tag::object_view:
      return json_object(bits_)->size();
    case Tag::array:
      return reinterpret_cast<const ArrNode*>(bits_)->size;
    case Tag::object:
      return reinterpret_cast<const ObjNode*>(bits_)->size;
    default:
      return 0;
  }
}

Val Val::at(std::size_t index) const {
  if (tag_ == Tag::array) return reinterpret_cast<const ArrNode*>(bits_)->items[index];
  return view((*json_array(bits_))[index]);
}

std::string_view Val::key_at(std::size_t index) const {
  if (tag_ == Tag::object) {
    return reinterpret_cast<const ObjNode*>(bits_)->members[index].key.as_text();
  }
  const auto key = json_object(bits_)->begin()[index].key();
  return {key.data(), key.size()};
}

Val Val::key_value_at(std::size_t index) const {
  if (tag_ == Tag::object) return reinterpret_cast<const ObjNode*>(bits_)->members[index].key;
  return borrowed(key_at(index));
}

Val Val::member_at(std::size_t index) const {
  if (tag_ == Tag::object) return reinterpret_cast<const ObjNode*>(bits_)->members[index].value;
  return view(json_object(bits_)->begin()[index].value());
}

bool Val::has(std::string_view key) const {
  if (tag_ == Tag::object_view) return json_object(bits_)->contains(key);
  if (tag_ != Tag::object) return false;
  const auto& object = *reinterpret_cast<const ObjNode*>(bits_);
  return find_member(object, key) < object.size;
}

Val Val::get(std::string_view key) const {
  if (tag_ == Tag::object_view) {
    const Json* found = json_object(bits_)->if_contains(key);
    return found == nullptr ? Val() : view(*found);
  }
  if (tag_ != Tag::object) return {};
  const auto& object = *reinterpret_cast<const ObjNode*>(bits_);
  const std::uint32_t found = find_member(object, key);
  return found == object.size ? Val() : object.members[found].value;
}

}  // namespace pilot::jq
