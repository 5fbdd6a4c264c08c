// The values that a program works on: 16 bytes each, either borrowed from JSON that outlives the
// run (input, variables, constants: nothing is converted or copied) or counted references to nodes
// of the run's own. A node that only one value refers to is changed in place, any other is copied
// first, so that values behave as if they were never shared.
//
// Of one run, one thread. A Meter counts the bytes of all nodes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/json.h"
#include "jq/meter.h"

namespace pilot::jq {

struct Node;
struct StrNode;
struct ArrNode;
struct ObjNode;
struct PathNode;

// In jq's order of kinds.
enum class Kind : std::uint8_t { null, boolean_false, boolean_true, number, string, array, object };

class Val {
 public:
  enum class Tag : std::uint8_t {
    null,
    boolean_false,
    boolean_true,
    integer,
    natural /* above the int64 range */,
    real,
    text_view,
    array_view,
    object_view,
    mark,  // the machine's own: two numbers; no value of the language
    text,
    array,
    object,
    path,  // counted
  };

  Val() : tag_(Tag::null), size_(0), bits_(0) {}
  explicit Val(bool value) : Val(value ? Tag::boolean_true : Tag::boolean_false, 0, 0) {}
  Val(const Val& other) : tag_(other.tag_), size_(other.size_), bits_(other.bits_) {
    if (counted()) retain();
  }
  Val(Val&& other) noexcept : tag_(other.tag_), size_(other.size_), bits_(other.bits_) {
    other.tag_ = Tag::null;
  }
  Val& operator=(const Val& other) {
    Val copy(other);
    swap(copy);
    return *this;
  }
  Val& operator=(Val&& other) noexcept {
    if (this == &other) return *this;
    if (counted()) release();
    tag_ = other.tag_;
    size_ = other.size_;
    bits_ = other.bits_;
    other.tag_ = Tag::null;
    return *this;
  }
  ~Val() {
    if (counted()) release();
  }
  void swap(Val& other) noexcept {
    std::swap(tag_, other.tag_);
    std::swap(size_, other.size_);
    std::swap(bits_, other.bits_);
  }

  static Val integer(std::int64_t value) {
    return {Tag::integer, 0, static_cast<std::uint64_t>(value)};
  }
  static Val natural(std::uint64_t value) {
    return value <= INT64_MAX ? integer(static_cast<std::int64_t>(value))
                              : Val(Tag::natural, 0, value);
  }
  // A double; one that is a whole number below 2^53 becomes an integer (but -0).
  static Val number(double value);
  static Val borrowed(std::string_view text) {
    return {Tag::text_view, static_cast<std::uint32_t>(text.size()),
            reinterpret_cast<std::uint64_t>(text.data())};
  }
  static Val view(const Json& json);
  static Val text(Meter& meter, std::string_view text);      // a copy of its own
  static Val text_room(Meter& meter, std::size_t capacity);  // empty, to be appended to
  static Val array(Meter& meter, std::size_t capacity = 0);
  static Val object(Meter& meter, std::size_t capacity = 0);
  static Val mark(std::uint32_t a, std::uint32_t b) { return {Tag::mark, a, b}; }
  static Val path(PathNode* node);  // takes over one reference; null: the root

  Tag tag() const { return tag_; }
  Kind kind() const { return kKinds[static_cast<int>(tag_)]; }
  bool is_null() const { return tag_ == Tag::null; }
  bool is_string() const { return tag_ == Tag::text_view || tag_ == Tag::text; }
  bool is_array() const { return tag_ == Tag::array_view || tag_ == Tag::array; }
  bool is_object() const { return tag_ == Tag::object_view || tag_ == Tag::object; }
  bool is_number() const { return tag_ >= Tag::integer && tag_ <= Tag::real; }
  bool truthy() const { return tag_ > Tag::boolean_false; }  // all but null and false

  // Only for the kind that it is.
  std::int64_t as_integer() const { return static_cast<std::int64_t>(bits_); }
  std::uint64_t as_natural() const { return bits_; }
  double as_real() const;    // of Tag::real
  double as_double() const;  // of any number
  std::string_view as_text() const;
  std::uint32_t mark_a() const { return size_; }
  std::uint32_t mark_b() const { return static_cast<std::uint32_t>(bits_); }
  PathNode* as_path() const { return reinterpret_cast<PathNode*>(bits_); }

  // Elements of an array, members of an object (0 for others).
  std::size_t size() const;
  Val at(std::size_t index) const;                   // of an array, index < size()
  std::string_view key_at(std::size_t index) const;  // of an object; lives as long as the object
  Val key_value_at(std::size_t index) const;         // the key as a value
  Val member_at(std::size_t index) const;
  bool has(std::string_view key) const;
  Val get(std::string_view key) const;  // null when there is none

  // Changes. An array or object (of any tag) becomes this value's own first.
  void push(Meter& meter, Val item);                    // array
  void put(Meter& meter, std::size_t index, Val item);  // array; index < size()
  void put(Meter& meter, const Val& key, Val item);     // object; key is a string
  // The place of an element or member for a change; null is put there if there is none (so far
  // past the end of an array too, with nulls between). Good until the next change of this value.
  Val* edit(Meter& meter, std::size_t index);
  Val* edit(Meter& meter, const Val& key);
  void erase(Meter& meter, std::string_view key);              // object
  void erase(Meter& meter, std::size_t from, std::size_t to);  // array
  void append(Meter& meter, std::string_view text);            // string

  // Whether both are the very same value: the same place, or the same scalar (not: equal).
  bool same(const Val& other) const {
    return tag_ == other.tag_ && bits_ == other.bits_ &&
           (tag_ != Tag::text_view || size_ == other.size_);
  }

 private:
  static constexpr Kind kKinds[] = {
      Kind::null,   Kind::boolean_false, Kind::boolean_true, Kind::number, Kind::number,
      Kind::number, Kind::string,        Kind::array,        Kind::object, Kind::null,
      Kind::string, Kind::array,         Kind::object,       Kind::null};

  Val(Tag tag, std::uint32_t size, std::uint64_t bits) : tag_(tag), size_(size), bits_(bits) {}

  bool counted() const { return tag_ >= Tag::text; }
  void retain() const;
  void release() noexcept;
  ArrNode* own_array(Meter& meter);
  ObjNode* own_object(Meter& meter);

  Tag tag_;
  std::uint32_t size_;
  std::uint64_t bits_;
};
static_assert(sizeof(Val) == 16);

// One element of a path: the keys from the root, shared backwards. Made and read by the machine.
PathNode* extend_path(Meter& meter, PathNode* parent, Val key);  // takes over a reference to parent
PathNode* retain_path(PathNode* node);
void release_path(PathNode* node);
Val path_to_array(Meter& meter, const PathNode* node);

// JSON text, as the language's own `tojson`. Numbers in their shortest form; nan is null.
void append_text(Meter& meter, std::string& out, const Val& value);
std::string to_text(Meter& meter, const Val& value);
// At most 14 characters of it, for messages.
std::string brief(const Val& value);
std::string_view kind_name(const Val& value);

// For the world outside. Depth is bounded by JsonLimits (else Spent::depth).
// More than `bytes` of text are Spent::output_bytes.
Json to_json_value(Meter& meter, const Val& value, std::size_t bytes);
// The beginning of its JSON text, for messages.
std::string to_text_prefix(const Val& value, std::size_t bytes);
// A value of its own out of JSON that will not outlive it (fromjson).
Val copy_of(Meter& meter, const Json& json);

// Total order of jq: null < false < true < numbers < strings < arrays < objects. -1, 0, 1.
int compare(Meter& meter, const Val& a, const Val& b);
bool equal(Meter& meter, const Val& a, const Val& b);

// Values may be nested this deep; what walks them on the native stack stops there (Spent::depth).
inline constexpr int kValueDepth = 1'000;

}  // namespace pilot::jq
