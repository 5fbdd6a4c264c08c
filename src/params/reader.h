// The reader of references: `${path | filter: arg}` and the old `{{step_1.output}}`. One pass over
// the text, linear: a failed try at an old placeholder costs no more than the bytes it looked at.
// Internal to params; used by parse_parts (reference.h) only, for one text, on one thread.
#pragma once

#include "params/reference.h"

namespace pilot::params {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Result<std::vector<Part>> read();

 private:
  // Parsing functions return false and leave what went wrong in failure_*; the Error, with its
  // column, is made only if somebody wants it.
  bool fail(std::size_t at, std::string message, std::string_view code = "invalid_reference");
  bool unexpected(std::string_view wanted);
  Error error() const;

  bool read_dollar();
  bool read_braces();
  bool read_reference(Reference& out);
  bool try_placeholder(std::size_t at, Reference& out, std::size_t& end);
  bool read_root(Reference& out);
  bool read_path(std::vector<PathPart>& out);
  bool read_bracket(std::vector<PathPart>& out);
  bool read_quoted(std::string& out);
  bool read_filter(Reference& out);
  bool read_literal(Json& out);
  bool read_number(Json& out);
  bool name_step(Reference& out, std::size_t at);
  bool check_step_field(const Reference& reference, std::size_t at);

  std::string_view read_name();
  void skip_spaces() {
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
  }
  bool at_end() const { return at_ >= text_.size(); }
  bool next_is(char c) const { return at_ < text_.size() && text_[at_] == c; }
  bool take(char c) {
    if (!next_is(c)) return false;
    ++at_;
    return true;
  }
  bool add_reference(Reference reference, std::size_t begin);
  void add_literal(std::string_view literal, std::size_t length);

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t start_ = 0;  // of the reference being read
  std::vector<Part> parts_;

  bool quiet_ = false;  // trying an old placeholder: nobody will read the message
  std::size_t failed_at_ = 0;
  std::string failure_;
  std::string_view failure_code_;
};

// "0", "12", not "", "01", "1a", and nothing past 18 digits
std::optional<std::int64_t> canonical_index(std::string_view text);
std::string_view trimmed(std::string_view text);

}  // namespace pilot::params
