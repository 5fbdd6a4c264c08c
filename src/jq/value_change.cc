// Changing values: in place where nobody else refers to them, else a copy.
#include <algorithm>
#include <cstring>

#include "jq/value_nodes.h"

namespace pilot::jq {

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
    if (index >= kMostItems) meter.use_up(Spent::memory);
    if (index >= kMostItems || !meter.fits((index - node->size + 1) * sizeof(Val))) {
      if (node->size == 0) push(meter, Val());  // the run is over; any place will do
      return &reinterpret_cast<ArrNode*>(bits_)->items[0];
    }
    meter.spend(static_cast<std::int64_t>((index - node->size) / 16));
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
  if (wanted > kMostItems) return meter.use_up(Spent::memory);
  auto* node = reinterpret_cast<StrNode*>(bits_);
  if (tag_ == Tag::text && node->refs == 1 && wanted <= node->capacity) {
    std::memcpy(node->bytes() + old.size(), more.data(), more.size());
    node->size = static_cast<std::uint32_t>(wanted);
    return;
  }
  const std::size_t capacity = std::min<std::size_t>(std::max(wanted, old.size() * 2), kMostItems);
  if (!meter.fits(capacity)) return;
  meter.spend_bytes(old.size());
  auto* made = make_node<StrNode>(meter, Tag::text, capacity);
  made->size = static_cast<std::uint32_t>(wanted);
  made->capacity = static_cast<std::uint32_t>(capacity);
  std::memcpy(made->bytes(), old.data(), old.size());
  std::memcpy(made->bytes() + old.size(), more.data(), more.size());
  *this = Val(Tag::text, 0, reinterpret_cast<std::uint64_t>(made));
}

}  // namespace pilot::jq
