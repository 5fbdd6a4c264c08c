// Values: nodes, how they are shared, changed and freed.
#include "jq/value.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <limits>
#include <new>

namespace pilot::jq {

using Tag = Val::Tag;

// The meter that counts a node; while a node waits to be freed, the next that waits.
struct Node {
  std::uint32_t refs;
  Tag tag;
  union {
    Meter* meter;
    Node* next_dead;
  };
};

struct StrNode : Node {
  std::uint32_t size;
  std::uint32_t capacity;
  char* bytes() { return reinterpret_cast<char*>(this + 1); }
};

struct ArrNode : Node {
  Val* items;
  std::uint32_t size;
  std::uint32_t capacity;
};

struct Member {
  Val key;
  Val value;
};

// Members in the order of their making; past kPlain of them a hash index finds them.
struct ObjNode : Node {
  static constexpr std::uint32_t kPlain = 8;
  Member* members;
  std::uint32_t size;
  std::uint32_t capacity;
  std::uint32_t* index;  // open addressing; position + 1, 0: free
  std::uint32_t index_size;
};

struct PathNode : Node {
  PathNode* parent;
  Val key;
  std::uint32_t length;
};

namespace {

constexpr std::uint32_t kMost = std::numeric_limits<std::uint32_t>::max() / 2;

void* get(Meter& meter, std::size_t bytes) {
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  meter.took(bytes);
  return memory;
}
void give(Meter& meter, void* memory, std::size_t bytes) {
  std::free(memory);
  meter.gave(bytes);
}
void* regrow(Meter& meter, void* memory, std::size_t old_bytes, std::size_t bytes) {
  void* grown = std::realloc(memory, bytes);
  if (grown == nullptr) throw std::bad_alloc();
  meter.took(bytes);
  meter.gave(old_bytes);
  return grown;
}

template <class T>
T* make_node(Meter& meter, Tag tag, std::size_t extra = 0) {
  T* node = static_cast<T*>(get(meter, sizeof(T) + extra));
  node->refs = 1;
  node->tag = tag;
  node->meter = &meter;
  return node;
}

std::uint32_t grown(std::uint32_t capacity, std::size_t wanted) {
  return static_cast<std::uint32_t>(
      std::max<std::size_t>({wanted, capacity + capacity / 2, std::size_t{4}}));
}

std::size_t hash_of(std::string_view key) { return std::hash<std::string_view>{}(key); }

void reindex(ObjNode& object, Meter& meter) {
  if (object.size <= ObjNode::kPlain) return;
  std::uint32_t wanted = 32;
  while (wanted < object.capacity * 2) wanted *= 2;
  if (object.index_size != wanted) {
    if (object.index != nullptr) {
      give(meter, object.index, object.index_size * sizeof(std::uint32_t));
    }
    object.index = static_cast<std::uint32_t*>(get(meter, wanted * sizeof(std::uint32_t)));
    object.index_size = wanted;
  }
  std::memset(object.index, 0, wanted * sizeof(std::uint32_t));
  meter.spend(object.size / 8);
  for (std::uint32_t i = 0; i < object.size; ++i) {
    std::size_t slot = hash_of(object.members[i].key.as_text()) & (wanted - 1);
    while (object.index[slot] != 0) slot = (slot + 1) & (wanted - 1);
    object.index[slot] = i + 1;
  }
}

// Position of a member, or size.
std::uint32_t find_member(const ObjNode& object, std::string_view key) {
  if (object.size <= ObjNode::kPlain) {
    for (std::uint32_t i = 0; i < object.size; ++i) {
      if (object.members[i].key.as_text() == key) return i;
    }
    return object.size;
  }
  const std::size_t mask = object.index_size - 1;
  std::uint32_t probes = 0;
  for (std::size_t slot = hash_of(key) & mask; object.index[slot] != 0; slot = (slot + 1) & mask) {
    const std::uint32_t found = object.index[slot] - 1;
    if (object.members[found].key.as_text() == key) return found;
    if ((++probes & 15) == 0) object.meter->spend();
  }
  return object.size;
}

void reserve(ArrNode& array, Meter& meter, std::size_t wanted) {
  if (wanted <= array.capacity) return;
  const std::uint32_t capacity = grown(array.capacity, wanted);
  array.items = static_cast<Val*>(
      regrow(meter, array.items, array.capacity * sizeof(Val), capacity * sizeof(Val)));
  array.capacity = capacity;
}

void reserve(ObjNode& object, Meter& meter, std::size_t wanted) {
  if (wanted <= object.capacity) return;
  const std::uint32_t capacity = grown(object.capacity, wanted);
  object.members = static_cast<Member*>(
      regrow(meter, object.members, object.capacity * sizeof(Member), capacity * sizeof(Member)));
  object.capacity = capacity;
}

// Adds a member that is not there yet.
void add_member(ObjNode& object, Meter& meter, Val key, Val value) {
  const std::uint32_t old_capacity = object.capacity;
  reserve(object, meter, object.size + 1);
  new (&object.members[object.size++]) Member{std::move(key), std::move(value)};
  if (object.size <= ObjNode::kPlain) return;
  if (object.index == nullptr || object.capacity != old_capacity) {
    reindex(object, meter);
    return;
  }
  const std::size_t mask = object.index_size - 1;
  std::size_t slot = hash_of(object.members[object.size - 1].key.as_text()) & mask;
  while (object.index[slot] != 0) slot = (slot + 1) & mask;
  object.index[slot] = object.size;
}

const JsonArray* json_array(std::uint64_t bits) { return reinterpret_cast<const JsonArray*>(bits); }
const JsonObject* json_object(std::uint64_t bits) {
  return reinterpret_cast<const JsonObject*>(bits);
}

// Frees a node and what only it held, without recursion: what dies waits in a list.
class Undertaker {
 public:
  explicit Undertaker(Node* node) : meter_(*node->meter) { bury(node); }
  void work() {
    while (dead_ != nullptr) {
      Node* node = dead_;
      dead_ = node->next_dead;
      free(node);
    }
  }

 private:
  void bury(Node* node) {
    node->next_dead = dead_;
    dead_ = node;
  }
  void drop(Val& value);
  void free(Node* node);

  Meter& meter_;
  Node* dead_ = nullptr;
};

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
  if (text.size() > kMost || !meter.fits(text.size())) return borrowed("");
  auto* node = make_node<StrNode>(meter, Tag::text, text.size());
  node->size = node->capacity = static_cast<std::uint32_t>(text.size());
  if (!text.empty()) std::memcpy(node->bytes(), text.data(), text.size());
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

ArrNode* Val::own_array(Meter& meter) {
  auto* old = reinterpret_cast<ArrNode*>(bits_);
  if (tag_ == Tag::array && old->refs == 1) return old;
  const std::size_t count = size();
  Val copy = array(meter, count + 1);
  auto* node = reinterpret_cast<ArrNode*>(copy.bits_);
  if (node->capacity >= count) {
    meter.spend(static_cast<std::int64_t>(count / 16));
    for (std::size_t i = 0; i < count; ++i) new (&node->items[i]) Val(at(i));
    node->size = static_cast<std::uint32_t>(count);
  }
  *this = std::move(copy);
  return node;
}

ObjNode* Val::own_object(Meter& meter) {
  auto* old = reinterpret_cast<ObjNode*>(bits_);
  if (tag_ == Tag::object && old->refs == 1) return old;
  const std::size_t count = size();
  Val copy = object(meter, count + 1);
  auto* node = reinterpret_cast<ObjNode*>(copy.bits_);
  if (node->capacity >= count) {
    meter.spend(static_cast<std::int64_t>(count / 8));
    for (std::size_t i = 0; i < count; ++i) {
      new (&node->members[i]) Member{key_value_at(i), member_at(i)};
    }
    node->size = static_cast<std::uint32_t>(count);
    reindex(*node, meter);
  }
  *this = std::move(copy);
  return node;
}

void Val::push(Meter& meter, Val item) {
  ArrNode* node = own_array(meter);
  reserve(*node, meter, std::size_t{node->size} + 1);
  new (&node->items[node->size++]) Val(std::move(item));
}

void Val::put(Meter& meter, std::size_t index, Val item) {
  ArrNode* node = own_array(meter);
  if (index < node->size) node->items[index] = std::move(item);
}

Val* Val::edit(Meter& meter, std::size_t index) {
  ArrNode* node = own_array(meter);
  if (index >= node->size) {
    if (index >= kMost) meter.use_up(Spent::memory);
    if (index >= kMost || !meter.fits((index - node->size + 1) * sizeof(Val))) {
      if (node->size == 0) push(meter, Val());  // the run is over; any place will do
      return &reinterpret_cast<ArrNode*>(bits_)->items[0];
    }
    reserve(*node, meter, index + 1);
    while (node->size <= index) new (&node->items[node->size++]) Val();
  }
  return &node->items[index];
}

void Val::put(Meter& meter, const Val& key, Val item) {
  ObjNode* node = own_object(meter);
  const std::uint32_t found = find_member(*node, key.as_text());
  if (found < node->size) {
    node->members[found].value = std::move(item);
  } else {
    add_member(*node, meter, key, std::move(item));
  }
}

Val* Val::edit(Meter& meter, const Val& key) {
  ObjNode* node = own_object(meter);
  std::uint32_t found = find_member(*node, key.as_text());
  if (found >= node->size) {
    found = node->size;
    add_member(*node, meter, key, Val());
  }
  return &node->members[found].value;
}

void Val::erase(Meter& meter, std::string_view key) {
  if (!has(key)) return;
  ObjNode* node = own_object(meter);
  const std::uint32_t found = find_member(*node, key);
  if (found >= node->size) return;
  meter.spend(node->size / 16);
  for (std::uint32_t i = found; i + 1 < node->size; ++i) {
    node->members[i].key = std::move(node->members[i + 1].key);
    node->members[i].value = std::move(node->members[i + 1].value);
  }
  node->members[--node->size].~Member();
  reindex(*node, meter);
}

void Val::erase(Meter& meter, std::size_t from, std::size_t to) {
  ArrNode* node = own_array(meter);
  if (to > node->size) to = node->size;
  if (from >= to) return;
  meter.spend(node->size / 16);
  for (std::size_t i = to; i < node->size; ++i) {
    node->items[from + i - to] = std::move(node->items[i]);
  }
  const std::size_t left = node->size - (to - from);
  for (std::size_t i = left; i < node->size; ++i) node->items[i].~Val();
  node->size = static_cast<std::uint32_t>(left);
}

void Val::append(Meter& meter, std::string_view more) {
  const std::string_view old = as_text();
  const std::size_t wanted = old.size() + more.size();
  if (wanted > kMost || !meter.fits(more.size())) return;
  auto* node = reinterpret_cast<StrNode*>(bits_);
  if (tag_ == Tag::text && node->refs == 1 && wanted <= node->capacity) {
    std::memcpy(node->bytes() + old.size(), more.data(), more.size());
    node->size = static_cast<std::uint32_t>(wanted);
    return;
  }
  const std::size_t capacity = std::min<std::size_t>(std::max(wanted, old.size() * 2), kMost);
  if (!meter.fits(capacity)) return;
  meter.spend_bytes(old.size());
  auto* made = make_node<StrNode>(meter, Tag::text, capacity);
  made->size = static_cast<std::uint32_t>(wanted);
  made->capacity = static_cast<std::uint32_t>(capacity);
  std::memcpy(made->bytes(), old.data(), old.size());
  std::memcpy(made->bytes() + old.size(), more.data(), more.size());
  *this = Val(Tag::text, 0, reinterpret_cast<std::uint64_t>(made));
}

void Val::retain() const {
  if (bits_ != 0) ++reinterpret_cast<Node*>(bits_)->refs;
}

void Val::release() noexcept {
  if (bits_ == 0) return;  // the root path
  auto* node = reinterpret_cast<Node*>(bits_);
  if (--node->refs == 0) Undertaker(node).work();
}

namespace {

// Val's destructor would recurse; this takes the reference away and queues what dies.
void Undertaker::drop(Val& value) {
  if (value.tag() < Tag::text) return;
  Node* node;
  std::memcpy(&node, reinterpret_cast<const char*>(&value) + 8, sizeof node);
  if (node != nullptr && --node->refs == 0) bury(node);
}

void Undertaker::free(Node* node) {
  switch (node->tag) {
    case Tag::text:
      give(meter_, node, sizeof(StrNode) + static_cast<StrNode*>(node)->capacity);
      break;
    case Tag::array: {
      auto* array = static_cast<ArrNode*>(node);
      for (std::uint32_t i = 0; i < array->size; ++i) drop(array->items[i]);
      give(meter_, array->items, array->capacity * sizeof(Val));
      give(meter_, node, sizeof(ArrNode));
      break;
    }
    case Tag::object: {
      auto* object = static_cast<ObjNode*>(node);
      for (std::uint32_t i = 0; i < object->size; ++i) {
        drop(object->members[i].key);
        drop(object->members[i].value);
      }
      give(meter_, object->members, object->capacity * sizeof(Member));
      give(meter_, object->index, object->index_size * sizeof(std::uint32_t));
      give(meter_, node, sizeof(ObjNode));
      break;
    }
    default: {
      auto* path = static_cast<PathNode*>(node);
      drop(path->key);
      if (path->parent != nullptr && --path->parent->refs == 0) bury(path->parent);
      give(meter_, node, sizeof(PathNode));
    }
  }
}

}  // namespace

PathNode* extend_path(Meter& meter, PathNode* parent, Val key) {
  auto* node = make_node<PathNode>(meter, Tag::path);
  node->parent = parent;
  new (&node->key) Val(std::move(key));
  node->length = parent == nullptr ? 1 : parent->length + 1;
  return node;
}

PathNode* retain_path(PathNode* node) {
  if (node != nullptr) ++node->refs;
  return node;
}

void release_path(PathNode* node) {
  if (node != nullptr && --node->refs == 0) Undertaker(node).work();
}

Val path_to_array(Meter& meter, const PathNode* node) {
  if (node == nullptr) return Val::array(meter);
  const std::size_t length = node->length;
  Val result = Val::array(meter, length);
  meter.spend(static_cast<std::int64_t>(length / 8));
  for (std::size_t i = 0; i < length; ++i) result.push(meter, Val());
  for (std::size_t i = length; i-- > 0; node = node->parent) result.put(meter, i, node->key);
  return result;
}

}  // namespace pilot::jq
