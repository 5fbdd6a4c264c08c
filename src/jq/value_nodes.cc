// Memory of nodes: growing, the index of large objects, and freeing without recursion.
#include "jq/value_nodes.h"

#include <absl/hash/hash.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace pilot::jq {

// What malloc needs beside the bytes; many small values are half of it.
constexpr std::size_t kOverhead = 16;

void* get_bytes(Meter& meter, std::size_t bytes) {
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  meter.took(bytes + kOverhead);
  return memory;
}
void give_bytes(Meter& meter, void* memory, std::size_t bytes) {
  if (memory == nullptr) return;
  std::free(memory);
  meter.gave(bytes + kOverhead);
}
static void* regrow(Meter& meter, void* memory, std::size_t old_bytes, std::size_t bytes) {
  void* grown = std::realloc(memory, bytes);
  if (grown == nullptr) throw std::bad_alloc();
  meter.took(bytes + kOverhead);
  if (memory != nullptr) meter.gave(old_bytes + kOverhead);
  return grown;
}

static std::uint32_t grown(std::uint32_t capacity, std::size_t wanted) {
  return static_cast<std::uint32_t>(
      std::max<std::size_t>({wanted, capacity + capacity / 2, std::size_t{4}}));
}

// Seeded by where the program lies in memory, so that nobody can prepare keys that collide.
static std::size_t hash_of(std::string_view key) { return absl::Hash<std::string_view>{}(key); }

void reindex(ObjNode& object, Meter& meter) {
  if (object.size <= ObjNode::kPlain) {
    // A stale index must not be found when the object grows again.
    give_bytes(meter, object.index, object.index_size * sizeof(std::uint32_t));
    object.index = nullptr;
    object.index_size = 0;
    return;
  }
  std::uint32_t wanted = 32;
  while (wanted < object.capacity * 2) wanted *= 2;
  if (object.index_size != wanted) {
    if (object.index != nullptr) {
      give_bytes(meter, object.index, object.index_size * sizeof(std::uint32_t));
    }
    object.index = static_cast<std::uint32_t*>(get_bytes(meter, wanted * sizeof(std::uint32_t)));
    object.index_size = wanted;
  }
  std::memset(object.index, 0, wanted * sizeof(std::uint32_t));
  meter.spend(object.size / 8);
  for (std::uint32_t i = 0; i < object.size; ++i) {
    const std::string_view key = object.members[i].key.as_text();
    meter.spend_bytes(key.size());
    std::size_t slot = hash_of(key) & (wanted - 1);
    while (object.index[slot] != 0) slot = (slot + 1) & (wanted - 1);
    object.index[slot] = i + 1;
  }
}

// Position of a member, or size.
std::uint32_t find_member(const ObjNode& object, std::string_view key) {
  object.meter->spend_bytes(key.size());
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

namespace {

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
      give_bytes(meter_, node, sizeof(StrNode) + static_cast<StrNode*>(node)->capacity);
      break;
    case Tag::array: {
      auto* array = static_cast<ArrNode*>(node);
      for (std::uint32_t i = 0; i < array->size; ++i) drop(array->items[i]);
      give_bytes(meter_, array->items, array->capacity * sizeof(Val));
      give_bytes(meter_, node, sizeof(ArrNode));
      break;
    }
    case Tag::object: {
      auto* object = static_cast<ObjNode*>(node);
      for (std::uint32_t i = 0; i < object->size; ++i) {
        drop(object->members[i].key);
        drop(object->members[i].value);
      }
      give_bytes(meter_, object->members, object->capacity * sizeof(Member));
      give_bytes(meter_, object->index, object->index_size * sizeof(std::uint32_t));
      give_bytes(meter_, node, sizeof(ObjNode));
      break;
    }
    default: {
      auto* path = static_cast<PathNode*>(node);
      drop(path->key);
      if (path->parent != nullptr && --path->parent->refs == 0) bury(path->parent);
      give_bytes(meter_, node, sizeof(PathNode));
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
