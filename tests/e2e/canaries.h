// Secrets to be searched for: each in all the forms in which it could come back. Values; any
// thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pilot::e2e {

struct Canary {
  std::string name;
  std::string value;
};

// Raw, base64 (both alphabets, three alignments), hex, percent-encoded once and twice, JSON- and
// HTML-escaped; of a value of several lines also each long line. What Pilot masks.
std::vector<std::string> forms_of(const std::string& secret);

// Looks for all forms of all canaries in one pass: those of forms_of(), and UTF-16 (both ends), the
// value backwards, and either half of it alone, which is left when a text was cut or sent in two
// pieces. Looks into gzip members that it meets, too.
class Search {
 public:
  explicit Search(const std::vector<Canary>& canaries);
  // "API key as 736b2d...", each once; empty: nothing.
  std::vector<std::string> found(std::string_view text) const;

 private:
  struct Form {
    std::string name;
    std::string text;
  };
  static std::size_t slot(const char* at);
  void look(std::string_view text, std::vector<std::string>& out) const;

  static constexpr std::size_t kPrefix = 4;  // bytes that a form is first known by
  std::vector<std::vector<Form>> forms_;     // by slot
};

// A failure of the test for each form that `text` holds.
void expect_none(const Search& search, std::string_view text, const std::string& where);

}  // namespace pilot::e2e
