// The nodes behind counted values, and their memory. Internal to value*.cc.
#pragma once

#include <cstdint>
#include <limits>
#include <new>

#include "jq/value.h"

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

inline constexpr std::uint32_t kMostItems = std::numeric_limits<std::uint32_t>::max() / 2;

// Memory that the meter counts.
void* get_bytes(Meter& meter, std::size_t bytes);
void give_bytes(Meter& meter, void* memory, std::size_t bytes);

template <class T>
T* make_node(Meter& meter, Tag tag, std::size_t extra = 0) {
  T* node = static_cast<T*>(get_bytes(meter, sizeof(T) + extra));
  node->refs = 1;
  node->tag = tag;
  node->meter = &meter;
  return node;
}

void reserve(ArrNode& array, Meter& meter, std::size_t wanted);
void reserve(ObjNode& object, Meter& meter, std::size_t wanted);
// The position of a member, or size.
std::uint32_t find_member(const ObjNode& object, std::string_view key);
// Adds a member that is not there yet.
void add_member(ObjNode& object, Meter& meter, Val key, Val value);
// Makes the index anew, after members have moved.
void reindex(ObjNode& object, Meter& meter);

}  // namespace pilot::jq
